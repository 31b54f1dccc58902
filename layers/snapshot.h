#pragma once

#include "lib/oci/recipe.h"

#include <cstdint>

namespace mlpack {

/// The time, on the clock that file systems stamp with, to say that the files of `recipe` were
/// looked at, before they are. Where one of them changed a moment ago it waits some ticks, so that
/// they are settled and what is found need not be found again by the next build.
std::int64_t snapshot_of(const LayerRecipe& recipe);

}  // namespace mlpack
