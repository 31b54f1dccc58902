#include "cli/streams.h"

#include "lib/error.h"

#include <unistd.h>

#include <cerrno>

namespace mlpack {

namespace {

// 0, or the errno of the write that failed.
int write_all(int fd, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void FdSink::write(Bytes bytes) {
  const int error = write_all(fd_, bytes);
  if (error != 0) fail(Fault::disk, "cannot write to {}: {}", name_, errno_text(error));
}

void MessageSink::write(Bytes bytes) {
  static_cast<void>(write_all(fd_, bytes));
}

}  // namespace mlpack
