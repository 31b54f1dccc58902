#pragma once

#include "lib/resolve/demands.h"

#include <vector>

namespace mlpack::test {

/// Whether `facts` of `demands`, a conflict, contradict each other in a spec that says nothing else
/// than them, too: for machines with GPUs if it is.
bool contradict_alone(const std::vector<Demand>& facts, const Demands& demands);

}  // namespace mlpack::test
