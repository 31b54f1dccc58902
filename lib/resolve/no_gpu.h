#pragma once

#include "lib/resolve/demands.h"
#include "lib/resolve/option_vetoes.h"
#include "lib/resolve/problem.h"

namespace mlpack {

/// Whether the runtime is taken in a build without CUDA: no machine of the fleet has a GPU, and its
/// builds for such machines are others than those for GPUs (fact runtime.cpu_builds).
bool is_cpu_build(const Demands& demands);

/// Writes what stands against the runtime on the machines of the fleet that have no GPU: it does
/// not start there, nobody publishes a build for them, or it is another image than that for the
/// GPUs of the fleet. What a base of the spec's own has is not known.
void judge_machines_without_gpu(Problem& problem, const Vetoes& vetoes);

}  // namespace mlpack
