#pragma once

#include "lib/resolve/fixes.h"

#include <vector>

namespace mlpack {

/// What wheels of `answer` have against the cuDNN that comes with them: PyTorch's pin one release,
/// and TensorFlow and JAX refuse an older minor version than the one they were built with. What no
/// wheel brings is not looked at (missing_libraries).
std::vector<Ruling> cudnn_doubts(const Question& question, const Assignment& answer);

}  // namespace mlpack
