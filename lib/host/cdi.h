#pragma once

#include "lib/host/host_facts.h"

namespace mlpack {

/// The CDI specifications for NVIDIA's devices, from where engines look for them.
std::vector<CdiSpec> cdi_specs(const Host& host);

}  // namespace mlpack
