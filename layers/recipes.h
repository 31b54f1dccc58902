#pragma once

#include "layers/file_set.h"
#include "layers/root_view.h"
#include "lib/oci/recipe.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// A file of this size and more is a layer of its own among weights.
inline constexpr std::uint64_t shard_bytes = std::uint64_t{64} << 20;
/// What container runtimes mount at most.
inline constexpr std::size_t max_layers = 127;

struct RecipeOptions {
  RootView root = RootView::empty();
  std::uint64_t max_size = std::uint64_t{5}
                           << 30;  // of a layer's tar, where files can be told apart
  std::int64_t mtime = 0;
};

/// Recipes in the order in which they lie, and lines for the user.
struct Recipes {
  std::vector<LayerRecipe> layers;
  std::vector<std::string> warnings;
};

/// The layer of `files`, more than one where it would grow past max_size. Every layer brings the
/// parents of its entries that the root does not have (0755, 0:0). No inputs: no layer. Two inputs
/// with one destination are Fault::usage listing both; folders of one path are one folder, as the
/// first input has it.
Recipes files_recipes(const std::string& name,
                      const std::vector<TreeInput>& inputs,
                      const RecipeOptions& options);

/// The layers of one `weights` entry: each file of `shard_bytes` and more by itself, in the order
/// of their paths, then the small ones together.
Recipes weights_recipes(const std::string& name,
                        const TreeInput& input,
                        const RecipeOptions& options);

/// The account that the image runs as, and what it may write.
struct ConfigInput {
  enum class Accounts {
    keep,  // the base's /etc/passwd and /etc/group stay
    write  // both are written: `passwd` and `group` with the user's lines added
  };
  std::string user = "nonroot";
  Owner owner{65532, 65532};
  std::string home = "/home/nonroot";  // empty: none is made
  std::vector<std::string> writable;   // absolute; mode 2775, the user's
  Accounts accounts = Accounts::keep;
  std::string passwd = "root:x:0:0:root:/root:/usr/sbin/nologin\n";  // what the base has
  std::string group = "root:x:0:\n";
};

/// The config layer; without entries where nothing is to be written.
LayerRecipe config_recipe(const ConfigInput& input, const RecipeOptions& options);

/// Fault::usage listing both sources where two of the `files` and `weights` layers write one path,
/// or one writes beneath what is a file or link in another.
void check_overlaps(const std::vector<LayerRecipe>& layers);

/// `layers` such that every folder has one mode and owner: where one brings it with the usual ones
/// (0755, 0:0) and one below with others, the upper leaves it out. And such that with `base_layers`
/// below there are at most 127: neighbours of one weights entry are joined, the smallest pair
/// first, as long as max_size allows it; Fault::usage where that is not enough.
std::vector<LayerRecipe> fit_layer_count(std::vector<LayerRecipe> layers,
                                         std::size_t base_layers,
                                         std::uint64_t max_size);

/// Fault::usage naming the layer and its largest file where a layer is larger than the `limit`
/// bytes that `registry` takes.
void check_layer_sizes(const std::vector<LayerRecipe>& layers,
                       std::uint64_t limit,
                       const std::string& registry);

}  // namespace mlpack
