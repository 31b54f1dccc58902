#pragma once

#include "layers/pack.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlpack {

/// `jobs` such that every folder has one mode and owner: where one brings it with the usual ones
/// (0755, 0:0) and one below with others, the upper leaves it out. And such that with `base_layers`
/// below there are at most the 127 that container runtimes mount: neighbours of one weights entry
/// or of `files` are joined, the smallest pair first, as long as max_size allows it; where that is
/// not enough, neighbours of several weights entries too. Fault::usage where even that does not
/// help.
std::vector<PackJob> fit_layer_count(std::vector<PackJob> jobs,
                                     std::size_t base_layers,
                                     std::uint64_t max_size);

}  // namespace mlpack
