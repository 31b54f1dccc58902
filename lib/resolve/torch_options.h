#pragma once

#include "lib/resolve/option_vetoes.h"

#include <cstddef>

namespace mlpack {

/// What might be taken of PyTorch for `packages[index]` of the demands: every build, or every
/// release where no machine has a GPU.
Component torch_component(std::size_t index, const Vetoes& vetoes);

}  // namespace mlpack
