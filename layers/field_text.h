#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mlpack {

/// Writes text for the store's memo: fields in a row, each `LENGTH:BYTES`; lists with their length
/// in front.
class FieldWriter {
 public:
  void add(std::string_view field);
  void add(std::uint64_t number);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Reads what a FieldWriter wrote, in the same order. Nothing throws: text that is damaged gives
/// empty fields, and is not `done` at the end.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  std::string text();
  std::uint64_t number(std::uint64_t max = std::uint64_t{1} << 62);
  /// The length of a list; more than there is text for is none.
  std::uint64_t count() { return number(text_.size()); }

  bool good() const { return good_; }
  /// Everything was read, and nothing was damaged.
  bool done() const { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

}  // namespace mlpack
