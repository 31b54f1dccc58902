#pragma once

#include "lib/oci/recipe.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// Puts shards in the place of every .safetensors and .gguf file of `entries`, the weights of one
/// entry of the spec, whose layer would be larger than `max_layer`: the whole set of which it is a
/// shard is split anew, and safetensors get a new index in the place of the old one. The shards are
/// made of ranges of the files; nothing is written. Adapters stay as they are: nothing loads shards
/// of one. Returns lines for the user.
///
/// The files are sound (check_weights). What cannot be split is Fault::usage.
std::vector<std::string> reshard(std::vector<RecipeEntry>& entries, std::uint64_t max_layer);

/// Whether reshard would split that file of weights, as far as it is here to be looked at.
bool would_split(const RecipeEntry& entry, std::uint64_t max_layer);

}  // namespace mlpack
