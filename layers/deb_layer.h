#pragma once

#include "layers/deb_paths.h"
#include "layers/deb_root.h"
#include "lib/oci/recipe.h"

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

RecipeEntry made_folder(const std::string& path, unsigned mode = 0755);
RecipeEntry made_link(const std::string& path, const std::string& target);
RecipeEntry made_text(const std::string& path, std::string text);

/// Folders of the root that are links into /usr since the merge; the first three in any root.
inline constexpr std::array<std::string_view, 7> merged_folders{
    "bin", "lib", "sbin", "lib32", "lib64", "libo32", "libx32"};
inline constexpr std::size_t always_merged = 3;

/// Whether a package holds `folder` or something in it.
bool lies_in(const std::vector<DebUnit>& units, std::string_view folder);

/// One layer in the making: every entry once, folders before what lies in them, as `paths` has
/// them.
class LayerDraft {
 public:
  /// `paths` must outlive it.
  LayerDraft(std::string name, const RootPaths& paths);

  /// Passed over where its path was added before. Fault::incompatible where it lies in what is no
  /// folder.
  void add(RecipeEntry entry);
  LayerRecipe take() { return std::move(recipe_); }

 private:
  void add_folder(const std::string& path);

  const RootPaths& paths_;
  LayerRecipe recipe_;
  std::set<std::string> written_;
};

/// Gives the files of a package their places in `paths`, where the links of the root made so far
/// lead. Fault::incompatible where another package, or the base, holds one of them and none
/// `Replaces` the other. What the base has below /etc stays: it is configuration.
void claim_files(RootPaths& paths, const std::vector<DebUnit>& units, std::size_t unit);

/// Adds the files of a package that are its own in `paths`, and the folders it holds.
void add_files(LayerDraft& draft,
               const RootPaths& paths,
               const std::vector<DebUnit>& units,
               std::size_t unit);

/// Links by absolute path. A path that is there already stays as it is, as update-alternatives has
/// it.
void add_links(LayerDraft& draft,
               const RootPaths& paths,
               const std::map<std::string, std::string>& links);

inline constexpr const char* certificate_bundle = "etc/ssl/certs/ca-certificates.crt";
/// The CA certificates of all units, by path; each ends in a newline.
std::vector<std::string> certificates_of(const std::vector<DebUnit>& units);

}  // namespace mlpack
