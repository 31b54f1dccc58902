#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <vector>

namespace mlpack {

/// What the rows of `runtime` say of this image, and what a Debian base lacks of what it needs.
/// `ports` are those of the image.
std::vector<Warning> runtime_warnings(const ServingRuntime& row,
                                      const Spec& spec,
                                      const BaseFacts& base,
                                      const ImageConfig& config,
                                      const std::vector<Port>& ports);

}  // namespace mlpack
