#pragma once

#include "layers/pack.h"
#include "lib/oci/reference.h"

#include <vector>

namespace mlpack {

/// Fault::usage naming the layer and its largest file where one is larger than what a registry of
/// `names` is known to take. A layer that is to be compressed passes: what becomes of it only the
/// work tells.
void check_registry_limits(const std::vector<PackJob>& jobs, const std::vector<Reference>& names);

}  // namespace mlpack
