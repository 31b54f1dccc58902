#pragma once

#include "lib/resolve/solve.h"

#include <vector>

namespace mlpack {

inline constexpr std::size_t most_fixes = 3;

/// What was asked, as a problem.
struct Question {
  const Catalog& catalog;
  const Demands& demands;
  const std::vector<Demand>& list;  // list_demands(demands)
  const Problem& problem;           // make_problem of these
};

/// Whether other GPUs are looked for beside changes that are smaller.
enum class OtherGpus { always, where_nothing_else_helps };

/// Ways out of the conflict `conflict` while `others` hold too, which have no other conflict: at
/// most three, those that change least first, each tried.
std::vector<Fix> find_fixes(const Question& question,
                            const DemandSet& conflict,
                            const DemandSet& others,
                            OtherGpus gpus);

}  // namespace mlpack
