#pragma once

#include "lib/resolve/demands.h"

namespace mlpack {

/// Puts machines, packages and platforms in an order of their own, whichever the spec has them in:
/// so that what is chosen, told and offered does not depend on it. Equal ones stay as they are.
void put_in_order(Demands& demands);

}  // namespace mlpack
