#include "lib/resolve/fixes_together.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

// What is said in the spec itself, and not by a change before.
bool is_asked(const std::vector<Demand>& asked, const std::string& text) {
  return std::any_of(
      asked.begin(), asked.end(), [&](const Demand& demand) { return demand.text == text; });
}

// Of the first conflict, the change that leaves the fewest conflicts, then the smallest; nullptr
// where none leaves fewer than `count`, which becomes how many are left.
const Fix* best_fix(const Catalog& catalog,
                    const std::vector<Demand>& asked,
                    const Conflict& conflict,
                    const std::shared_ptr<Rulings>& rulings,
                    std::size_t& count) {
  const Fix* best = nullptr;
  for (const Fix& fix : conflict.fixes) {
    const std::size_t left =
        is_asked(asked, fix.of) ? count_conflicts(catalog, fix.demands, rulings) : count;
    if (left >= count) continue;
    best = &fix;
    count = left;
  }
  return best;
}

bool is_enough(const Fix& fix) {
  return fix.ends == Fix::Ends::all;
}

}  // namespace

std::vector<Fix> find_fixes_together(const Catalog& catalog,
                                     const Demands& demands,
                                     const Resolution& found,
                                     const std::shared_ptr<Rulings>& rulings) {
  if (!are_compared(found.conflicts.size(), demands.fleet.size())) return {};
  const auto has_one = [](const Conflict& conflict) {
    return std::any_of(conflict.fixes.begin(), conflict.fixes.end(), is_enough);
  };
  if (std::any_of(found.conflicts.begin(), found.conflicts.end(), has_one)) return {};
  const std::vector<Demand> asked = list_demands(demands);
  std::vector<Fix> fixes;
  std::size_t count = found.conflicts.size();
  Resolution left = found;
  while (!left.stack) {
    const Fix* const best = best_fix(catalog, asked, left.conflicts.front(), rulings, count);
    if (best == nullptr) return {};
    fixes.push_back(*best);
    if (count == 0) return fixes;
    left = solve_first(catalog, fixes.back().demands, rulings);
  }
  return fixes;
}

}  // namespace mlpack
