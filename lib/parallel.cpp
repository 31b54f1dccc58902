#include "lib/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace mlpack {
namespace {

// Joins on every way out, so that no thread outlives the references it holds.
class Threads {
 public:
  ~Threads() {
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }
  /// False where the system has no thread to give.
  bool start(const std::function<void()>& body) {
    try {
      threads_.emplace_back(body);
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace

void Stop::check() const {
  const int why = why_.load(std::memory_order_relaxed);
  if (why != 0) {
    const auto fault = static_cast<Fault>(why);
    throw Error(fault, fault == Fault::terminated ? "terminated" : "interrupted");
  }
}

void parallel_for(std::size_t count,
                  std::size_t jobs,
                  const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex guard;
  std::exception_ptr first;  // guarded by `guard`, as its index is
  std::size_t index_of_first = count;
  const auto body = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      try {
        work(index);
      } catch (...) {
        const std::scoped_lock lock(guard);
        if (index < index_of_first) {
          first = std::current_exception();
          index_of_first = index;
        }
        next = count;
      }
    }
  };
  {
    Threads threads;
    const std::size_t helpers =
        std::min(std::max<std::size_t>(jobs, 1), std::max<std::size_t>(count, 1)) - 1;
    for (std::size_t i = 0; i < helpers && threads.start(body); ++i) {
    }
    body();
  }
  if (first) {
    std::rethrow_exception(first);
  }
}

}  // namespace mlpack
