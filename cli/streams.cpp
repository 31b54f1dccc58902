#include "cli/streams.h"

#include "lib/file.h"

namespace mlpack {

void MessageSink::write(Bytes bytes) {
  static_cast<void>(write_all(fd_, bytes));
}

}  // namespace mlpack
