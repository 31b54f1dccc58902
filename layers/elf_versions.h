#pragma once

#include "layers/elf_bytes.h"
#include "lib/check/elf_facts.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// A chain of versions of symbols: where it begins, and how many links it has.
struct ElfVersionTable {
  std::uint64_t offset = 0;
  std::uint64_t count = 0;
};

/// Reads the chains of Elf_Verdef and Elf_Verneed, whose links lead forwards alone. What is cut or
/// leads elsewhere ends a chain.
class ElfVersionReader {
 public:
  ElfVersionReader(ElfBytes& bytes, std::uint64_t strings, ElfFacts::Order order)
      : bytes_(bytes), strings_(strings), order_(order) {}

  std::vector<std::string> defined(const ElfVersionTable& table);
  std::vector<ElfNeededVersion> needed(const ElfVersionTable& table);

 private:
  /// `size` bytes at `offset`; empty once too many links were read.
  std::string link(std::uint64_t offset, std::uint64_t size);
  std::string text(std::uint64_t at);
  std::uint64_t number(std::string_view part, std::size_t at, std::size_t width) const {
    return elf_number(part, at, width, order_);
  }

  ElfBytes& bytes_;
  std::uint64_t strings_;
  ElfFacts::Order order_;
  std::uint64_t patience_ = std::uint64_t{1} << 16;  // links
};

}  // namespace mlpack
