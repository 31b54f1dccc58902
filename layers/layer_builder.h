#pragma once

#include "layers/recipes.h"
#include "lib/oci/recipe.h"

#include <cstdint>
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
template <class Visit>
void for_each_parent(std::string_view path, const Visit& visit) {
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    visit(path.substr(0, slash));
  }
}

/// The folder that `path` lies in; empty at the top.
std::string_view parent_of(std::string_view path);

/// Sorts entries by the bytes of their paths. They are large, and mostly sorted already: then none
/// is moved.
void sort_by_path(std::vector<RecipeEntry>& entries);

/// Collects the entries of one layer, and the folders above them that the root does not surely
/// have: as `folders` has them, else plain ones. On a root that is not known those others are left
/// out: a folder that is there keeps its owner and mode, and who unpacks makes one that is not.
class LayerBuilder {
 public:
  LayerBuilder(Role role, std::string name, const RecipeOptions& options, const Folders& folders);

  bool empty() const { return recipe_.entries.empty(); }
  /// Whether the tar stays within max_size with `entry` in it.
  bool has_room_for(const RecipeEntry& entry) const;
  void add(RecipeEntry entry);
  /// The recipe, its entries sorted by path; the builder is empty afterwards.
  LayerRecipe take();

 private:
  std::vector<RecipeEntry> missing_folders(const RecipeEntry& entry) const;
  std::uint64_t bound(const RecipeEntry& entry) const;

  const RecipeOptions& options_;
  const Folders& folders_;
  LayerRecipe recipe_;
  std::set<std::string, std::less<>> here_;  // folders of this layer
  std::string complete_;    // the folder of the last entry: those above it are here
  std::uint64_t size_ = 0;  // the tar is at most this long
};

}  // namespace mlpack
