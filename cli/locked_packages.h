#pragma once

#include "layers/debs.h"
#include "lib/lock/lock.h"

namespace mlpack {

/// The plan that `locked` stands for, with URLs of the mirror that `base` (its release, mirrors and
/// snapshot) has on this machine; where nothing names one, of that of the lock.
DebianPlan plan_of(const LockedSystem& locked, DebianBase base, const DebianContext& context);

/// What a lock says of `plan`, which was made for `base`; `asked` are the names in the spec.
LockedSystem locked_system(const DebianPlan& plan,
                           const DebianBase& base,
                           std::vector<std::string> asked);

}  // namespace mlpack
