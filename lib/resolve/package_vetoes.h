#pragma once

#include "lib/resolve/option_vetoes.h"

#include <string>

namespace mlpack {

/// What stands against the packages of a spec themselves, whatever the machines are: what is said
/// of one contradicts itself.
void judge_packages(Problem& problem, const Vetoes& vetoes);

/// `what` is taken without CUDA, which is told where there are GPUs.
void judge_without_cuda(Option& option, const std::string& what, const Vetoes& vetoes);

}  // namespace mlpack
