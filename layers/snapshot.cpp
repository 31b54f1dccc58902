#include "layers/snapshot.h"

#include "lib/store/store.h"

#include <time.h>

#include <chrono>
#include <thread>

namespace mlpack {
namespace {

// The clock that file systems stamp with.
std::int64_t file_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t snapshot_of(const LayerRecipe& recipe) {
  constexpr int ticks = 15;
  constexpr std::chrono::milliseconds tick(4);
  std::int64_t now = file_clock_ns();
  for (int i = 0; i < ticks && !is_settled(recipe, now); ++i) {
    std::this_thread::sleep_for(tick);
    now = file_clock_ns();
  }
  return now;
}

}  // namespace mlpack
