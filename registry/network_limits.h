#pragma once

#include "registry/credentials.h"
#include "registry/curl_transport.h"
#include "registry/environment.h"
#include "registry/retry.h"

#include <optional>

namespace mlpack {

/// How patient the user wants us to be: MLPACK_NETWORK, `stall=20,attempts=3,…`. What is not set
/// stays as it is.
struct NetworkLimits {
  std::optional<double> connect;       // seconds for a connection
  std::optional<double> stall;         // seconds in which next to nothing moves
  std::optional<double> answer;        // seconds for an answer once all is sent
  std::optional<double> wait;          // seconds before the second attempt, doubled with each
  std::optional<double> longest_wait;  // seconds that grows to
  std::optional<double> retry_after;   // most seconds that a server may ask us to wait
  std::optional<double> attempts;      // in a row that bring nothing
  std::optional<double> helper;        // seconds for a credential helper

  void apply_to(CurlOptions& options) const;
  void apply_to(RetryPolicy& policy) const;
  void apply_to(CredentialPlaces& places) const;
};

/// Fault::usage, saying what may stand there, where MLPACK_NETWORK cannot be understood.
NetworkLimits network_limits(const Environment& environment);

}  // namespace mlpack
