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

/// Why `option`, a build of PyTorch, which pins the wheel of its CUDA runtime, does not go with the
/// release of that wheel which the spec pins; nullopt where it does, or nothing pins one. Of
/// another CUDA major it is another wheel.
std::optional<Ruling> refusal_by_runtime(const Catalog& catalog,
                                         const Demands& demands,
                                         const Option& option);

/// Of library wheels that the spec names, that they are for another CUDA than what was chosen: both
/// majors would be there.
std::vector<Ruling> doubts_of_other_cuda(const Question& question, const Assignment& answer);

}  // namespace mlpack
