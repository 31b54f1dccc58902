#pragma once

#include "lib/sink.h"

namespace mlpack {

/// Writes to a file descriptor that it does not own; what cannot be written is dropped: nobody to
/// talk to is no reason to stop working.
class MessageSink : public Sink {
 public:
  explicit MessageSink(int fd) : fd_(fd) {}
  void write(Bytes bytes) override;

 private:
  int fd_;
};

}  // namespace mlpack
