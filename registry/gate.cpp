#include "registry/gate.h"

#include <algorithm>
#include <chrono>

namespace mlpack {
namespace {

constexpr std::chrono::milliseconds look_for_a_stop{100};

}  // namespace

Gate::Pass Gate::enter(const Stop& stop) {
  std::unique_lock lock(guard_);
  while (!left_.wait_for(lock, look_for_a_stop, [&] { return inside_ < allowed_; })) {
    stop.check();
  }
  ++inside_;
  return Pass(*this);
}

void Gate::leave() {
  const std::scoped_lock lock(guard_);
  --inside_;
  left_.notify_all();
}

void Gate::note(Went went) {
  const std::scoped_lock lock(guard_);
  if (went == Went::badly) {
    allowed_ = std::max<std::size_t>(1, allowed_ / 2);
    well_ = 0;
  } else if (++well_ >= allowed_ && allowed_ < most_) {
    ++allowed_;
    well_ = 0;
    left_.notify_all();
  }
}

std::size_t Gate::allowed() const {
  const std::scoped_lock lock(guard_);
  return allowed_;
}

}  // namespace mlpack
