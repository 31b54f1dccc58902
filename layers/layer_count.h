#pragma once

#include "layers/pack.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlpack {

/// What lies in images beside the layers that are packed.
struct OtherLayers {
  std::size_t base = 0;
  std::size_t reused = 0;          // of weights of other images
  std::size_t beside_weights = 0;  // in an image of the weights alone, where one is made
};

/// `jobs` such that every folder has one mode and owner: where one brings it with the usual ones
/// (0755, 0:0) and one below with others, the upper leaves it out. And such that with `others`
/// there are at most the 127 that container runtimes mount: neighbours of one weights entry,
/// of `python` or of `files` are joined, the smallest pair first, as long as max_size allows it;
/// where that is not enough, neighbours of several weights entries too. The weights alone too, with
/// what is beside them in their own image. Fault::usage where even that does not help.
std::vector<PackJob> fit_layer_count(std::vector<PackJob> jobs,
                                     const OtherLayers& others,
                                     std::uint64_t max_size);

}  // namespace mlpack
