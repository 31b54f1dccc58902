#pragma once

#include "lib/resolve/demands.h"
#include "lib/resolve/option_vetoes.h"
#include "lib/resolve/problem.h"

#include <string_view>
#include <vector>

namespace mlpack {

/// Every Python that a table names and that is out, newest first: wheels may be earlier.
std::vector<Version> known_pythons(const Catalog& catalog);

/// All demands of `list`.
DemandSet all_of(const std::vector<Demand>& list);

/// Everything in `catalog` that might be taken for `demands`, with what stands against it by the
/// rules of rules_driver.h, rules_code.h and rules_image.h; `list` is list_demands(demands). What
/// is pinned and is in no table may be taken, with a doubt that says so. Where something is
/// `given`, the problem is for answers with it alone.
Problem make_problem(const Catalog& catalog,
                     const Demands& demands,
                     const std::vector<Demand>& list,
                     const Given* given = nullptr);

/// Whether something stands against the machines of `demands` themselves while `held` hold: then
/// the problem has no answer.
bool are_refused(const Catalog& catalog,
                 const Demands& demands,
                 const std::vector<Demand>& list,
                 const DemandSet& held);

/// The names of components.
namespace component {
inline constexpr std::string_view torch = "torch";
inline constexpr std::string_view cuda = "cuda";  // a toolkit, where nothing else brings one
}  // namespace component

}  // namespace mlpack
