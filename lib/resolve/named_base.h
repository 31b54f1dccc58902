#pragma once

#include "lib/oci/reference.h"
#include "lib/resolve/demands.h"

namespace mlpack {

/// Adds to `base` what the catalog knows of images that are called `reference`: those of
/// nvidia/cuda, Python, distributions, serving runtimes and NVIDIA's PyTorch.
void read_base_name(BaseDemand& base, const Catalog& catalog, const Reference& reference);

}  // namespace mlpack
