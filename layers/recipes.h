#pragma once

#include "layers/file_set.h"
#include "layers/root_view.h"
#include "lib/error.h"
#include "lib/oci/recipe.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// A file of this size and more is a layer of its own among weights.
inline constexpr std::uint64_t shard_bytes = std::uint64_t{64} << 20;

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
/// parents of its entries that the root does not have (0755, 0:0); where the root is not known they
/// stay as the base has them, and so do targets whose mode and owner nobody asked for. No inputs:
/// no layer. Two inputs with one destination are Fault::usage listing both; folders of one path are
/// one folder, as the first input has it.
Recipes files_recipes(const std::string& name,
                      const std::vector<TreeInput>& inputs,
                      const RecipeOptions& options);

/// The layers of one `weights` entry: each file of `shard_bytes` and more by itself, in the order
/// of their paths, then the small ones together.
Recipes weights_recipes(const std::string& name,
                        const TreeInput& input,
                        const RecipeOptions& options);
/// The same of `entries`, which are what `walk(input)` gives, or stand for it: those of a source
/// that is no folder of the user's. `input.source` is its name in messages then.
Recipes weights_recipes(const std::string& name,
                        const TreeInput& input,
                        std::vector<RecipeEntry> entries,
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
  // Absolute; mode 2775, the user's. Those that everybody may write (/tmp, /var/tmp) are
  // as they always are: 1777, root's.
  std::vector<std::string> writable;
  Accounts accounts = Accounts::keep;
  std::string passwd = "root:x:0:0:root:/root:/usr/sbin/nologin\n";  // what the base has
  std::string group = "root:x:0:\n";
};

/// The config layer; without entries where nothing is to be written. An /etc/passwd or /etc/group
/// in `below`, the layers of the user's files, is right as it is and not written again.
LayerRecipe config_recipe(const ConfigInput& input,
                          const RecipeOptions& options,
                          const std::vector<LayerRecipe>& below = {});

/// What a layer is made of: its source as messages show it, and the entry of the spec.
struct Origin {
  std::string source;
  Where where;  // line 0: none
};

/// Fault::usage with both sources and places where two of the layers write one path, or one writes
/// beneath what is a file or link in another. `origins` has one for each layer.
void check_overlaps(const std::vector<LayerRecipe>& layers, const std::vector<Origin>& origins);

/// Fault::usage naming the layer and its largest file where it is larger, before it is compressed,
/// than the `limit` bytes that `registry` takes.
std::optional<Error> layer_size_problem(const LayerRecipe& layer,
                                        std::uint64_t limit,
                                        const std::string& registry);

}  // namespace mlpack
