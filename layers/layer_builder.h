#pragma once

#include "layers/recipes.h"
#include "lib/oci/recipe.h"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Folders that inputs brought, by path.
using Folders = std::map<std::string, RecipeEntry, std::less<>>;

/// A folder as it is where nobody said otherwise.
RecipeEntry plain_folder(std::string path);

/// Calls `visit` with each folder above `path`, the outermost first.
void for_each_parent(std::string_view path, const std::function<void(std::string_view)>& visit);

/// Collects the entries of one layer, and the folders above them that the root does not surely
/// have: as `folders` has them, else plain ones. On a root that is not known those others are left
/// out: a folder that is there keeps its owner and mode, and who unpacks makes one that is not.
class LayerBuilder {
 public:
  LayerBuilder(Role role, std::string name, const RecipeOptions& options, const Folders& folders);

  bool empty() const { return recipe_.entries.empty(); }
  /// Whether the tar stays within max_size with `entry` in it.
  bool has_room_for(const RecipeEntry& entry) const;
  void add(const RecipeEntry& entry);
  /// The recipe, its entries sorted by path; the builder is empty afterwards.
  LayerRecipe take();

 private:
  std::vector<RecipeEntry> missing_folders(const RecipeEntry& entry) const;
  std::uint64_t bound(const RecipeEntry& entry) const;

  const RecipeOptions& options_;
  const Folders& folders_;
  LayerRecipe recipe_;
  std::set<std::string, std::less<>> here_;  // folders of this layer
  std::uint64_t size_ = 0;                   // the tar is at most this long
};

}  // namespace mlpack
