#pragma once

#include "cli/session.h"
#include "registry/push.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What became of a push to one of several places.
struct PushResult {
  Reference name;
  std::optional<PushReport> report;
  std::optional<Error> error;  // set: there is no report
  std::int64_t begun = 0;      // seconds since the epoch
};

/// Pushes to all of `names` at the same time, whatever `request.target` is. What several of them
/// lack is read once. One that fails does not end the others; a stop does.
std::vector<PushResult> push_to_all(const PushRequest& request,
                                    const std::vector<Reference>& names,
                                    Session& session);

/// The results as one failure, with the class of the first; nullopt where there was none.
std::optional<Error> failure_of(const std::vector<PushResult>& results);

}  // namespace mlpack
