#include "registry/verify.h"

#include "lib/error.h"

#include <algorithm>
#include <array>

namespace mlpack {

VerifyingSource::VerifyingSource(std::unique_ptr<Source> source,
                                 const Descriptor& expected,
                                 std::string what)
    : source_(std::move(source)),
      digest_(expected.digest),
      size_(expected.size),
      what_(std::move(what)) {}

std::size_t VerifyingSource::read(std::span<std::byte> buffer) {
  const std::uint64_t left = size_ - hasher_.bytes();
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
  const std::size_t count = wanted == 0 ? 0 : source_->read(buffer.first(wanted));
  hasher_.write(Bytes(buffer.data(), count));
  if (count == 0 && left > 0) {
    fail(
        Fault::integrity, "{} end after {} bytes; {} were expected", what_, hasher_.bytes(), size_);
  }
  if (hasher_.bytes() == size_ && !checked_) {
    check_end();
  }
  return count;
}

void VerifyingSource::check_end() {
  checked_ = true;
  std::array<std::byte, 1> more;
  if (source_->read(more) != 0) {
    fail(Fault::integrity, "{} are more than the {} bytes expected", what_, size_);
  }
  const Digest found = hasher_.finish();
  if (found != digest_) {
    fail(Fault::integrity, "{} have digest `{}`, not `{}`", what_, found.text(), digest_.text());
  }
}

std::size_t CountingSource::read(std::span<std::byte> buffer) {
  const std::size_t count = source_.read(buffer);
  if (count > 0) moved_(count);
  return count;
}

}  // namespace mlpack
