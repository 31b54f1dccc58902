#pragma once

#include "lib/parallel.h"

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace mlpack {

/// How many uploads to one registry run at a time: half as many after each that went badly, one
/// more after as many that went well as may run. Never more than at the start, never none.
class Gate {
 public:
  explicit Gate(std::size_t most = 1) : most_(most > 0 ? most : 1), allowed_(most_) {}

  /// Held while an upload runs.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate) {}
    ~Pass() { gate_.leave(); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    Gate& gate_;
  };

  /// Waits for a place.
  Pass enter(const Stop& stop);
  enum class Went { well, badly };
  void note(Went went);
  std::size_t allowed() const;

 private:
  void leave();

  mutable std::mutex guard_;
  std::condition_variable left_;
  std::size_t most_;
  std::size_t allowed_;
  std::size_t inside_ = 0;
  std::size_t well_ = 0;  // since `allowed_` changed
};

}  // namespace mlpack
