#pragma once

#include "lib/oci/recipe.h"
#include "lib/store/store.h"

#include <string>
#include <vector>

namespace mlpack {

/// Looks at the weights among `layers` before they are packed; reads the headers of .safetensors
/// and .gguf files and the *.index.json of shards, nothing else. Fault::input naming the file: a
/// header that is not one, a .safetensors that ends before its last tensor, an index that names a
/// shard that is not there. Returns a line for each shard beside an index that it does not name.
///
/// With a `store`, files that are as they were when they were last found good are not read.
std::vector<std::string> check_weights(const std::vector<LayerRecipe>& layers,
                                       Store* store = nullptr);

}  // namespace mlpack
