#pragma once

#include "lib/lock/lock.h"

#include <string>
#include <vector>

namespace mlpack {

/// What else `now` pins than `before`, a line each: `linux/amd64: libc6 2.36-9 → 2.36-10`. What is
/// known of layers pins nothing and is left out. A part that is all new is one line.
std::vector<std::string> changes(const Lock& before, const Lock& now);

}  // namespace mlpack
