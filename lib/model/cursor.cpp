#include "lib/model/cursor.h"

#include "lib/model/damage.h"

#include <algorithm>
#include <limits>

namespace mlpack {

std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::optional<std::uint64_t> checked_sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

void add_capped(std::uint64_t& sum, std::uint64_t more) {
  sum = checked_sum(sum, more).value_or(std::numeric_limits<std::uint64_t>::max());
}

void Cursor::require(std::uint64_t length) const {
  if (length <= left()) return;
  if (end_ == file_.size()) {
    throw Damage("is cut", fmt::format("it ends at byte {}, in the middle of its header", end_));
  }
  throw Damage("has a bad header", fmt::format("it goes on past byte {}", end_));
}

void Cursor::load() {
  require(1);
  first_ = position_;
  const std::size_t count = std::min<std::uint64_t>(buffer_.size(), left());
  last_ = first_ + count;
  file_.read_at(first_, std::as_writable_bytes(std::span(buffer_.data(), count)));
}

std::uint64_t Cursor::number(std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(byte())} << (8 * i);
  }
  return value;
}

std::string Cursor::text(std::uint64_t length) {
  require(length);
  std::string text;
  text.reserve(static_cast<std::size_t>(length));
  for (std::uint64_t i = 0; i < length; ++i) {
    text += byte();
  }
  return text;
}

void Cursor::skip(std::uint64_t length) {
  require(length);
  position_ += length;
}

}  // namespace mlpack
