#pragma once

#include "lib/error.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <semaphore>

namespace mlpack {

/// Asks work to end early. Thread-safe and async-signal-safe; a request cannot be taken back.
class Stop {
 public:
  void request(Fault why) noexcept { why_.store(static_cast<int>(why), std::memory_order_relaxed); }
  bool requested() const noexcept { return why_.load(std::memory_order_relaxed) != 0; }
  /// Throws Error(the requested fault) once a stop was requested.
  void check() const;

 private:
  std::atomic<int> why_{0};
};

/// Calls work(0) … work(count - 1) on at most `jobs` threads (at least one), in order of index, and
/// returns when all have ended. An exception keeps further indices from starting; that of the
/// lowest index is rethrown, whatever the number of threads. The only place threads start.
void parallel_for(std::size_t count,
                  std::size_t jobs,
                  const std::function<void(std::size_t)>& work);

/// Holds one of the places of a semaphore; waits until one is free.
class Slot {
 public:
  explicit Slot(std::counting_semaphore<>& free) : free_(free) { free_.acquire(); }
  ~Slot() { free_.release(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  std::counting_semaphore<>& free_;
};

}  // namespace mlpack
