#pragma once

#include "lib/resolve/fixes.h"

#include <cstddef>
#include <optional>

namespace mlpack {

/// What there is to tell of `answer` where a package loads libraries of CUDA and cuDNN that nothing
/// brings: neither extras, nor other wheels, nor the base, as far as it is known. nullopt: nothing.
std::optional<Ruling> told_of_missing_libraries(const Question& question, const Assignment& answer);

}  // namespace mlpack
