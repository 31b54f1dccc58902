#pragma once

#include "layers/pack.h"
#include "lib/oci/reference.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// What the registries of `names` are known to take in a layer, `max_size` where that is less.
std::uint64_t largest_layer(std::uint64_t max_size, const std::vector<Reference>& names);

/// Fault::usage naming the layer and its largest file where one is larger than what a registry of
/// `names` is known to take. A layer that is to be compressed passes with a warning, for what
/// becomes of it only the work tells: the warnings are returned.
std::vector<std::string> check_registry_limits(const std::vector<PackJob>& jobs,
                                               const std::vector<Reference>& names);

}  // namespace mlpack
