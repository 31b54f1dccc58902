#pragma once

#include "lib/check/elf_facts.h"
#include "lib/model/read_at.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mlpack {

/// Looks at parts of a file through a few buffers: flat memory, and no part is outside the file.
class ElfBytes {
 public:
  static constexpr std::uint64_t longest = std::uint64_t{32} << 10;

  explicit ElfBytes(const ReadAt& file) : file_(file) {}

  std::uint64_t size() const { return file_.size(); }
  /// `length` bytes from `offset`, valid until the next call; empty where the file does not have
  /// them all, or they are more than `longest`.
  std::string_view view(std::uint64_t offset, std::uint64_t length);
  /// Many bytes from `offset` on, for reading in a row; empty at the end of the file. Valid until
  /// the next call of run.
  std::string_view run(std::uint64_t offset);
  /// The text before the next zero byte; empty where there is none within `limit` bytes.
  std::string text(std::uint64_t offset, std::uint64_t limit);

 private:
  struct Part {
    std::string bytes;
    std::uint64_t start = 0;
    std::uint64_t used = 0;  // when, for the one that was not for longest to be replaced

    bool holds(std::uint64_t offset, std::uint64_t length) const;
    std::string_view at(std::uint64_t offset) const;
  };
  void load(Part& part, std::uint64_t start, std::uint64_t length) const;

  const ReadAt& file_;
  // Headers, names and links lie in several places, between which a reader goes to and fro.
  std::array<Part, 6> parts_;
  Part run_;
  std::uint64_t clock_ = 0;
};

/// The number of `width` bytes at `at`, which are inside of `bytes`.
std::uint64_t elf_number(std::string_view bytes,
                         std::size_t at,
                         std::size_t width,
                         ElfFacts::Order order = ElfFacts::Order::little);

}  // namespace mlpack
