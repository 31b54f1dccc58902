#include "lib/model/read_at.h"

#include "lib/error.h"
#include "lib/text.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mlpack {

FileReadAt::FileReadAt(fs::path path,
                       std::uint64_t offset,
                       std::uint64_t length,
                       const std::optional<FileIdentity>& expected)
    : path_(std::move(path)), fd_(open_regular(path_)), offset_(offset), length_(length) {
  if (expected) require_unchanged(fd_, *expected, path_);
  const std::uint64_t size = identity_of(fd_).size;
  if (offset > size || length > size - offset) {
    fail(Fault::input,
         "`{}` is shorter than it was: it has {} bytes",
         printable(path_.string()),
         size);
  }
}

void FileReadAt::read_at(std::uint64_t offset, std::span<std::byte> buffer) const {
  while (!buffer.empty()) {
    const auto position = static_cast<off_t>(offset_ + offset);
    const ssize_t count = ::pread(fd_.get(), buffer.data(), buffer.size(), position);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int number = errno;
      fail(Fault::input, "cannot read `{}`: {}", printable(path_.string()), errno_text(number));
    }
    if (count == 0) fail(Fault::input, "`{}` became shorter", printable(path_.string()));
    buffer = buffer.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void TextReadAt::read_at(std::uint64_t offset, std::span<std::byte> buffer) const {
  const Bytes all = as_bytes(text_);
  const Bytes part = all.subspan(static_cast<std::size_t>(offset), buffer.size());
  std::copy(part.begin(), part.end(), buffer.begin());
}

PartsReadAt::PartsReadAt(std::vector<Part> parts) : parts_(std::move(parts)) {
  std::uint64_t end = 0;
  for (const Part& part : parts_)
    ends_.push_back(end += part.size);
}

const ReadAt& PartsReadAt::part(std::size_t index) const {
  if (!open_ || opened_ != index) open_ = parts_[index].open();
  opened_ = index;
  return *open_;
}

void PartsReadAt::read_at(std::uint64_t offset, std::span<std::byte> buffer) const {
  const auto found = std::upper_bound(ends_.begin(), ends_.end(), offset);
  for (auto i = static_cast<std::size_t>(found - ends_.begin()); !buffer.empty(); ++i) {
    const std::uint64_t start = ends_[i] - parts_[i].size;
    const std::size_t count = std::min<std::uint64_t>(buffer.size(), ends_[i] - offset);
    if (count > 0) part(i).read_at(offset - start, buffer.first(count));
    buffer = buffer.subspan(count);
    offset += count;
  }
}

}  // namespace mlpack
