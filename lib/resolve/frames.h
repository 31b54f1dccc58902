#pragma once

#include "lib/resolve/option_vetoes.h"

#include <vector>

namespace mlpack {

/// Everything that the components of an image may share: each Python of `pythons` where one is
/// needed, each CUDA major of an option, with and without a compat package.
std::vector<Frame> make_frames(const std::vector<Component>& components,
                               const std::vector<Version>& pythons,
                               const Vetoes& vetoes);

}  // namespace mlpack
