#pragma once

#include "layers/elf_bytes.h"
#include "lib/check/elf_facts.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace mlpack {

/// Collects the GPU code in parts of an ELF file: fatbin containers wherever they lie, at multiples
/// of 8 bytes. There is no document of the format; what is read of it:
///
///     container = magic(u32 0xBA55ED50) version(u16 1) header(u16 16) bytes(u64) entry*
///     entry     = kind(u16: 1 PTX, 2 binary, 8 LTO) u16 header(u32, from 64) payload(u64)
///                 compressed(u32) u32 minor(u16) major(u16) sm(u32) 8 bytes flags(u64: 0x100000
///                 exact, 0x200000 family) 8 bytes uncompressed(u64) … payload
///
/// What is not well-formed to its end is no container. Nothing is decompressed. Bytes that are made
/// to look like very many broken containers are given up on, so that time is bounded too.
class FatbinScan {
 public:
  explicit FatbinScan(ElfBytes& bytes) : bytes_(bytes) {}

  /// Looks at `length` bytes from `offset`, as much of that as the file has.
  void add(std::uint64_t offset, std::uint64_t length, ElfGpuCode::Linkage linkage);
  std::vector<ElfGpuCode> result() const;

 private:
  using Key = std::tuple<ElfGpuCode::Linkage,
                         ElfGpuCode::Kind,
                         unsigned,
                         ElfGpuCode::Reach,
                         unsigned,
                         unsigned,
                         ElfGpuCode::Content>;
  using Counts = std::map<Key, std::uint64_t>;

  /// The first place from `offset` on with the magic, or `end`.
  std::uint64_t next_magic(std::uint64_t offset, std::uint64_t end);
  /// The end of the container at `offset`; 0: there is none.
  std::uint64_t read_container(std::uint64_t offset,
                               std::uint64_t end,
                               ElfGpuCode::Linkage linkage);
  /// The end of the entry at `offset`; 0: it is not well-formed.
  std::uint64_t read_entry(std::uint64_t offset,
                           std::uint64_t end,
                           ElfGpuCode::Linkage linkage,
                           Counts& counts);

  ElfBytes& bytes_;
  Counts counts_;
  std::uint64_t patience_ = std::uint64_t{1} << 22;  // entries of broken containers
};

}  // namespace mlpack
