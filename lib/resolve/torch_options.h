#pragma once

#include "lib/resolve/option_vetoes.h"

#include <cstddef>

namespace mlpack {

/// What might be taken of PyTorch for `packages[index]` of the demands: every build, or every
/// release where no machine has a GPU.
Component torch_component(std::size_t index, const Vetoes& vetoes);

/// The build of a release that is known by the wheel of one index alone, so that others may have
/// been made: scripts/catalog-update writes such rows, and does not see what code is inside.
const TorchBuild* only_build_seen(const Catalog& catalog, const TorchRelease& release);

}  // namespace mlpack
