#pragma once

#include "lib/parallel.h"
#include "registry/transport.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace mlpack {

/// How often and how long to try. Times in seconds. The functions are there for tests; empty ones
/// mean the real thing.
struct RetryPolicy {
  int attempts = 10;        // in a row without progress
  int first_attempts = 4;   // for a host that has never answered: most likely a wrong name
  double first_wait = 0.5;  // doubled every time, up to …
  double longest_wait = 30;
  double longest_retry_after = 300;
  std::function<void(double)> sleep;
  std::function<double()> clock;       // monotonic
  std::function<std::int64_t()> wall;  // since the epoch, for Retry-After as a date
  std::function<double()> random;      // in [0, 1)
};

/// `policy` with every function set; the real sleep ends early, with an Error, on a stop.
RetryPolicy complete(RetryPolicy policy, const Stop& stop);

/// True for the statuses that may pass by themselves: 408, 429, 500, 502, 503, 504.
bool is_passing(int status);

/// The seconds that a Retry-After header asks for (RFC 9110, 10.2.3), a number or a date.
std::optional<double> parse_retry_after(std::string_view value, std::int64_t now);

/// Counts the attempts at one piece of work, at most `limit` in a row that bring nothing.
class Attempts {
 public:
  Attempts(const RetryPolicy& policy, int limit) : policy_(policy), limit_(limit) {}
  /// One attempt failed; true where another may be made.
  bool again();
  /// Something moved: the count and the waits begin anew.
  void progressed();
  /// How long to wait before the next attempt: doubled each time, half of it chance so that
  /// workers part.
  double wait() const;
  void set_limit(int limit) { limit_ = limit; }

 private:
  const RetryPolicy& policy_;
  int limit_;
  int failed_ = 0;
};

/// The wait before the attempt after `response`: what its Retry-After asks for, within the policy's
/// limit, else that of `attempts`.
double retry_wait(const RetryPolicy& policy, const Attempts& attempts, const Response& response);

}  // namespace mlpack
