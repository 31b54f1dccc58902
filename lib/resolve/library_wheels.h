#pragma once

#include "lib/resolve/fixes.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The wheels with libraries of CUDA among `lines`, which are requirements (PEP 508).
std::vector<LibraryWheel> library_wheels(const std::vector<std::string>& lines,
                                         LibraryWheel::By by);

/// The problem of `question`, whose best answer is `best`, with what goes with the library wheels
/// alone that the spec names: frameworks for their CUDA major, and PyTorch with the CUDA runtime
/// that is pinned. nullopt where no such wheel decides anything, or nothing goes with them as
/// `best` goes with the rest.
std::optional<Problem> with_their_cuda(const Question& question, const Assignment& best);

/// That a library wheel which the spec names is for another CUDA than what was chosen: both majors
/// would be there.
std::optional<Ruling> doubt_of_other_cuda(const Question& question, const Assignment& answer);

}  // namespace mlpack
