#pragma once

#include "lib/resolve/fixes.h"

#include <cstddef>
#include <optional>

namespace mlpack {

/// What there is to tell of the package `index` of a spec with an answer, where it is JAX without
/// an extra and machines have GPUs, which it leaves alone: also the extra that goes with the rest.
std::optional<Ruling> told_of_plain_jax(const Question& question, std::size_t index);

}  // namespace mlpack
