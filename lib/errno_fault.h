#pragma once

#include "lib/error.h"

namespace mlpack {

/// Fault::disk where errno `number` says that the system has no more files to give, else
/// `otherwise`.
Fault fault_of(int number, Fault otherwise);

}  // namespace mlpack
