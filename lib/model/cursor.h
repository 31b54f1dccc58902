#pragma once

#include "lib/model/read_at.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mlpack {

/// The product or the sum; nullopt where it does not fit in 64 bits.
std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b);
std::optional<std::uint64_t> checked_sum(std::uint64_t a, std::uint64_t b);
/// Adds, up to what 64 bits hold.
void add_capped(std::uint64_t& sum, std::uint64_t more);

/// Reads the bytes from `begin` to `end` of a file in order, through a buffer of 16 KiB; what it
/// skips is not read. Damage where they end too early. `file` must outlive it, and have the bytes.
class Cursor {
 public:
  Cursor(const ReadAt& file, std::uint64_t begin, std::uint64_t end)
      : file_(file), position_(begin), end_(end) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t end() const { return end_; }
  std::uint64_t left() const { return end_ - position_; }

  char byte() {
    if (position_ < first_ || position_ >= last_) load();
    return buffer_[static_cast<std::size_t>(position_++ - first_)];
  }
  /// A little-endian number of `bytes` bytes, at most 8.
  std::uint64_t number(std::size_t bytes);
  /// The next `length` bytes, of which the caller has said that memory can hold them.
  std::string text(std::uint64_t length);
  void skip(std::uint64_t length);
  /// Damage where fewer than `length` bytes are left.
  void require(std::uint64_t length) const;

 private:
  void load();

  const ReadAt& file_;
  std::uint64_t position_;
  std::uint64_t end_;
  std::uint64_t first_ = 0;  // the buffer holds the bytes from here
  std::uint64_t last_ = 0;   // up to here
  std::array<char, std::size_t{1} << 14> buffer_{};
};

}  // namespace mlpack
