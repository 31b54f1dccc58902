#include "lib/oci/verify.h"

#include "lib/error.h"

#include <algorithm>
#include <array>

namespace mlpack {

VerifyingSource::VerifyingSource(std::unique_ptr<Source> source,
                                 const Descriptor& expected,
                                 std::string what,
                                 std::string hint)
    : source_(std::move(source)),
      digest_(expected.digest),
      size_(expected.size),
      what_(std::move(what)),
      hint_(std::move(hint)) {}

std::size_t VerifyingSource::read(std::span<std::byte> buffer) {
  const std::uint64_t left = size_ - hasher_.bytes();
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
  const std::size_t count = wanted == 0 ? 0 : source_->read(buffer.first(wanted));
  hasher_.write(Bytes(buffer.data(), count));
  if (count == 0 && left > 0) {
    refuse(fmt::format("end after {} bytes; {} were expected", hasher_.bytes(), size_));
  }
  if (hasher_.bytes() == size_ && !checked_) {
    check_end();
  }
  return count;
}

void VerifyingSource::refuse(const std::string& what) const {
  throw Error(Fault::integrity, what_ + " " + what, hint_);
}

void VerifyingSource::check_end() {
  checked_ = true;
  std::array<std::byte, 1> more;
  if (source_->read(more) != 0) {
    refuse(fmt::format("are more than the {} bytes expected", size_));
  }
  const Digest found = hasher_.finish();
  if (found != digest_) {
    refuse(fmt::format("have digest `{}`, not `{}`", found.text(), digest_.text()));
  }
}

}  // namespace mlpack
