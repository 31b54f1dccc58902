#pragma once

#include "layers/deb_root.h"

#include <vector>

namespace mlpack {

/// The packages of the plan with what is in them. Those that are not in the cache are fetched
/// first; each is read once ever, its listing is kept in the store by its digest.
std::vector<DebUnit> read_packages(const DebianPlan& plan, const DebianContext& context);

}  // namespace mlpack
