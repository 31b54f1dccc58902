#pragma once

#include "lib/resolve/fixes.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace mlpack {

/// What wheels of `answer` have against the cuDNN that comes with them: PyTorch's pin one release,
/// and TensorFlow and JAX refuse an older minor version than the one they were built with. What no
/// wheel brings is not looked at (missing_libraries).
std::vector<Ruling> cudnn_doubts(const Question& question, const Assignment& answer);

/// What keeps `option` of `component` out of `answer`, in which no package refuses its cuDNN: one
/// would refuse it then. nullopt: nothing of that.
std::optional<Ruling> cudnn_refusal(const Question& question,
                                    const Assignment& answer,
                                    std::size_t component,
                                    std::size_t option);

/// The best answer in which no package refuses its cuDNN, where one does in `answer`, which is
/// the best of all; `answer` where there is none.
Assignment with_cudnn_taken(const Question& question, const Assignment& answer);

}  // namespace mlpack
