#pragma once

#include "lib/progress.h"
#include "registry/retry.h"
#include "registry/transport.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mlpack {

/// Reads a body to its end across lost connections: whenever one breaks, after a wait, `reopen` is
/// asked for a body that goes on at the given offset. Fault::network, beginning with "cannot
/// `what`", once the attempts are used up; they count anew when a noticeable part of the body
/// came. A connection that
/// breaks behind the last of `size` bytes has broken nothing.
class ResumingSource : public Source {
 public:
  using Reopen = std::function<std::unique_ptr<Body>(std::uint64_t offset)>;

  /// `policy` is complete; it and `progress`, which is told of every wait, outlive it.
  ResumingSource(std::unique_ptr<Body> body,
                 Reopen reopen,
                 const RetryPolicy& policy,
                 Progress& progress,
                 std::string what,
                 std::optional<std::uint64_t> size = std::nullopt);
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  std::unique_ptr<Body> body_;
  Reopen reopen_;
  const RetryPolicy& policy_;
  Progress& progress_;
  Attempts attempts_;
  std::string what_;
  std::optional<std::uint64_t> size_;
  std::uint64_t position_ = 0;
  std::uint64_t counted_ = 0;  // the position at which the attempts last began anew
};

/// The body of an answer to a request for what follows `offset`, at that offset: as it comes where
/// it is a 206 that begins there, else with the front read away. nullptr where a 206 begins
/// elsewhere.
std::unique_ptr<Body> body_from(Response response, std::uint64_t offset);

}  // namespace mlpack
