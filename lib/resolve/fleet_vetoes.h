#pragma once

#include "lib/resolve/option_vetoes.h"
#include "lib/resolve/problem.h"

namespace mlpack {

/// Adds what the machines with GPUs themselves do not do, whatever is chosen: their drivers, their
/// processors, the weights and the runtime that they are asked to run.
void judge_fleet(Problem& problem, const Vetoes& vetoes);

}  // namespace mlpack
