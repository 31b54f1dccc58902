#pragma once

#include "lib/parallel.h"

namespace mlpack {

/// While it lives, SIGINT and SIGTERM ask `stop` to end the work (exit codes 130 and 143); the
/// second one ends the process at once. SIGPIPE is ignored: a reader that went away shows as a
/// failing write. At most one may exist at a time.
class SignalGuard {
 public:
  explicit SignalGuard(Stop& stop);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
};

}  // namespace mlpack
