#pragma once

#include "layers/elf_bytes.h"
#include "lib/check/elf_facts.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// Where the parts of an ELF file lie. Offsets and sizes are what the file says, inside of it or
/// not.
struct ElfLayout {
  struct Range {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  struct Segment {
    std::uint64_t type = 0;
    std::uint64_t offset = 0;
    std::uint64_t address = 0;
    std::uint64_t size = 0;  // in the file
  };
  struct Section {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  ElfFacts::Kind kind = ElfFacts::Kind::library;
  ElfFacts::Order order = ElfFacts::Order::little;
  unsigned machine = 0;
  unsigned bits = 64;
  std::vector<Segment> segments;
  std::vector<Section> sections;  // those that matter; none where there are no headers
  Range dynamic;                  // size 0: there is none
  bool is_cut = false;            // the file ends before its last segment

  /// Where the byte lies that is loaded at `address`.
  std::optional<std::uint64_t> place(std::uint64_t address) const;
};

/// nullopt for what is no program or shared library.
std::optional<ElfLayout> read_elf_layout(ElfBytes& bytes);

}  // namespace mlpack
