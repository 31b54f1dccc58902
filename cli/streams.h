#pragma once

#include "lib/sink.h"

#include <string>

namespace mlpack {

/// Writes to a file descriptor that it does not own. A write that fails is an Error naming `name`
/// and the reason: a result that nobody got is not a success.
class FdSink : public Sink {
 public:
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  void write(Bytes bytes) override;

 private:
  int fd_;
  std::string name_;
};

/// As FdSink, but what cannot be written is dropped: nobody to talk to is no reason to stop
/// working.
class MessageSink : public Sink {
 public:
  explicit MessageSink(int fd) : fd_(fd) {}
  void write(Bytes bytes) override;

 private:
  int fd_;
};

}  // namespace mlpack
