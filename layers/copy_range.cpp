#include "layers/copy_range.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mlpack {
namespace {

// One step: large enough to share extents cheaply, small enough to show progress and to be stopped.
constexpr std::uint64_t step = std::uint64_t{256} << 20;

// How many bytes the kernel copied; fewer than `size` where it would not go on: it does not copy
// this pair of files, or one of them failed, and only a read or a write of its own says which.
std::uint64_t copy_in_kernel(const Fd& from,
                             const FileRange& range,
                             std::uint64_t size,
                             const AtomicFile& file,
                             const std::function<void(std::size_t)>& each) {
  auto position = static_cast<off_t>(range.offset);
  std::uint64_t done = 0;
  while (done < size) {
    const auto wanted = static_cast<std::size_t>(std::min(step, size - done));
    const ssize_t count =
        ::copy_file_range(from.get(), &position, file.fd().get(), nullptr, wanted, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return done;
    done += static_cast<std::uint64_t>(count);
    each(static_cast<std::size_t>(count));
  }
  return done;
}

}  // namespace

void copy_range(const FileRange& range,
                std::uint64_t size,
                AtomicFile& file,
                const std::function<void(std::size_t)>& each) {
  const Fd from = open_regular(range.path);
  require_unchanged(from, range.identity, range.path);
  const std::uint64_t done = copy_in_kernel(from, range, size, file, each);
  if (done < size) {
    FileSource rest(range.path, range.identity, range.offset + done, size - done);
    copy(rest, file, each);
  }
  require_unchanged(from, range.identity, range.path);
}

}  // namespace mlpack
