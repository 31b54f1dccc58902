#pragma once

#include "lib/parallel.h"
#include "lib/sink.h"

#include <cstdint>
#include <string>

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

/// What a user named to be read: a regular file, a FIFO (what `<(COMMAND)` is), or with `-` the
/// standard input. Fault::input for folders, devices and more than `limit` bytes.
std::string read_given(const std::string& name, std::uint64_t limit, const Stop& stop);
/// Whether `name` is no file that could be read again.
bool is_given_once(const std::string& name);

}  // namespace mlpack
