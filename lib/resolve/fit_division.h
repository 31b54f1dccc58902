#pragma once

#include "lib/resolve/fit.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// Between how many GPUs a model can be divided at most.
inline constexpr std::uint64_t most_gpus = 1024;

/// Stages of the pipeline that a command says; 1 to `most_gpus`.
std::uint64_t stages_of(const FitQuestion& question);

/// GPUs that a stage of a copy may have; where nobody says how many machines work as one, there are
/// enough.
std::uint64_t gpus_of_a_stage(const FitQuestion& question);

/// Why the model cannot be divided as the question has it; empty: it can. `possible` are the
/// numbers that can.
std::string division_gap(const ModelShape& shape,
                         const FitQuestion& question,
                         const std::vector<std::uint64_t>& possible);

/// Why the runtime refuses the context that it is told; empty: it does not.
std::string context_gap(const ModelShape& shape, const FitQuestion& question);

/// ` (2 stages of 2, one of 2 copies)`: how `gpus` share a copy, where it is not by tensors alone.
std::string shares_text(const FitQuestion& question, std::uint64_t gpus);

}  // namespace mlpack
