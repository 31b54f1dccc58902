#include "registry/resume.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

// `bytes 100-199/200`
std::optional<std::uint64_t> range_start(const Headers& headers) {
  const std::string value = headers.find("Content-Range").value_or("");
  constexpr std::string_view unit = "bytes ";
  if (!value.starts_with(unit)) {
    return std::nullopt;
  }
  const std::string_view range = std::string_view(value).substr(unit.size());
  return parse_number(trim(range.substr(0, range.find('-'))), std::uint64_t{1} << 62);
}

void discard(Body& body, std::uint64_t count) {
  std::vector<std::byte> buffer(std::size_t{1} << 16);
  while (count > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
    const std::size_t got = body.read(std::span(buffer).first(wanted));
    if (got == 0) {
      return;
    }
    count -= got;
  }
}

// Less of it does not make up for a lost connection: a server that drips would never be given up.
std::uint64_t noticeable_part(std::optional<std::uint64_t> size) {
  constexpr std::uint64_t most = std::uint64_t{64} << 10;
  return std::clamp<std::uint64_t>(size.value_or(0) / 100, 1, most);
}

}  // namespace

std::unique_ptr<Body> body_from(Response response, std::uint64_t offset) {
  if (response.status != 206) {
    discard(*response.body, offset);
    return std::move(response.body);
  }
  return range_start(response.headers) == offset ? std::move(response.body) : nullptr;
}

ResumingSource::ResumingSource(std::unique_ptr<Body> body,
                               Reopen reopen,
                               const RetryPolicy& policy,
                               Progress& progress,
                               std::string what,
                               std::optional<std::uint64_t> size)
    : body_(std::move(body)),
      reopen_(std::move(reopen)),
      policy_(policy),
      progress_(progress),
      attempts_(policy, policy.attempts),
      what_(std::move(what)),
      size_(size) {}

std::size_t ResumingSource::read(std::span<std::byte> buffer) {
  for (;;) {
    const std::size_t count = body_->read(buffer);
    if (count > 0) {
      position_ += count;
      if (position_ - counted_ >= noticeable_part(size_)) {
        attempts_.progressed();
        counted_ = position_;
      }
      return count;
    }
    const std::optional<NetworkFailure> failure = body_->failure();
    if (!failure || position_ == size_) {
      return 0;
    }
    if (!failure->may_pass() || !attempts_.again()) {
      fail(Fault::network, "cannot {}: {} after {} bytes", what_, failure->message, position_);
    }
    body_.reset();
    const double wait = attempts_.wait();
    progress_.note(fmt::format("{} after {}; trying to {} again in {}",
                               failure->message,
                               human_size(position_),
                               what_,
                               human_seconds(wait)));
    policy_.sleep(wait);
    body_ = reopen_(position_);
  }
}

}  // namespace mlpack
