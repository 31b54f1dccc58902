#pragma once

#include "lib/resolve/option_vetoes.h"

namespace mlpack {

/// What stands against the packages of a spec themselves, whatever the machines are: what is said
/// of one contradicts itself.
void judge_packages(Problem& problem, const Vetoes& vetoes);

}  // namespace mlpack
