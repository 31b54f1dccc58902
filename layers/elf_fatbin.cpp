#include "layers/elf_fatbin.h"

#include <algorithm>
#include <cstring>

namespace mlpack {
namespace {

using Code = ElfGpuCode;

constexpr std::string_view fatbin_magic = "\x50\xED\x55\xBA";
constexpr std::uint64_t container_header = 16;
constexpr std::uint64_t entry_header = 64;
constexpr std::uint64_t longest_entry_header = 4096;
constexpr std::uint64_t exact_flag = 0x100000;
constexpr std::uint64_t family_flag = 0x200000;
constexpr std::uint64_t largest_stub = 2048;  // nvcc's have 1.5 KiB, with a kernel 3 KiB and more
constexpr unsigned lowest_sm = 10;
constexpr unsigned highest_sm = 999;

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + 7) & ~std::uint64_t{7};
}

bool kind_of(std::uint64_t number, Code::Kind& kind) {
  if (number == 1) kind = Code::Kind::ptx;
  if (number == 2) kind = Code::Kind::binary;
  if (number == 8) kind = Code::Kind::lto;
  return number == 1 || number == 2 || number == 8;
}

Code::Reach reach_of(std::uint64_t flags) {
  if ((flags & exact_flag) != 0) return Code::Reach::exact;
  return (flags & family_flag) != 0 ? Code::Reach::family : Code::Reach::plain;
}

}  // namespace

std::uint64_t FatbinScan::next_magic(std::uint64_t offset, std::uint64_t end) {
  for (offset = aligned(offset); offset + container_header <= end;) {
    const std::string_view bytes = bytes_.run(offset);
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t at = 0; at < whole; at += 8) {
      const bool found = std::memcmp(bytes.data() + at, fatbin_magic.data(), 4) == 0;
      if (found) return std::min(offset + at, end);
    }
    if (whole == 0) return end;
    offset += whole;
  }
  return end;
}

std::uint64_t FatbinScan::read_entry(std::uint64_t offset,
                                     std::uint64_t end,
                                     Code::Linkage linkage,
                                     Counts& counts) {
  if (end - offset < entry_header) return 0;
  const std::string_view head = bytes_.view(offset, entry_header);
  if (head.empty()) return 0;
  const std::uint64_t header = elf_number(head, 4, 4);
  const std::uint64_t payload = elf_number(head, 8, 8);
  Code::Kind kind{};
  if (!kind_of(elf_number(head, 0, 2), kind)) return 0;
  if (header < entry_header || header > longest_entry_header || header > end - offset) return 0;
  if (payload > end - offset - header) return 0;
  const auto sm = static_cast<unsigned>(elf_number(head, 0x1c, 4));
  if (sm < lowest_sm || sm > highest_sm) return 0;
  const bool is_ptx = kind == Code::Kind::ptx;
  const std::uint64_t whole = std::max(payload, elf_number(head, 0x38, 8));
  const bool is_stub = kind == Code::Kind::binary && whole <= largest_stub;
  ++counts[{linkage,
            kind,
            sm,
            reach_of(elf_number(head, 0x28, 8)),
            is_ptx ? static_cast<unsigned>(elf_number(head, 0x1a, 2)) : 0,
            is_ptx ? static_cast<unsigned>(elf_number(head, 0x18, 2)) : 0,
            is_stub ? Code::Content::stub : Code::Content::code}];
  return offset + header + payload;
}

std::uint64_t FatbinScan::read_container(std::uint64_t offset,
                                         std::uint64_t end,
                                         Code::Linkage linkage) {
  const std::string_view head = bytes_.view(offset, container_header);
  if (head.empty() || elf_number(head, 4, 2) != 1 || elf_number(head, 6, 2) != 16) return 0;
  const std::uint64_t length = elf_number(head, 8, 8);
  std::uint64_t at = offset + container_header;
  if (at > end || length > end - at) return 0;
  const std::uint64_t last = at + length;
  Counts counts;
  std::uint64_t entries = 0;
  while (at < last) {
    at = read_entry(at, last, linkage, counts);
    ++entries;
    if (at != 0) continue;
    patience_ -= std::min(patience_, entries);
    return 0;
  }
  for (const auto& [key, count] : counts)
    counts_[key] += count;
  return last;
}

void FatbinScan::add(std::uint64_t offset, std::uint64_t length, Code::Linkage linkage) {
  const std::uint64_t size = bytes_.size();
  if (offset >= size) return;
  const std::uint64_t end = offset + std::min(length, size - offset);
  while (patience_ > 0) {
    offset = next_magic(offset, end);
    if (offset >= end) return;
    const std::uint64_t past = read_container(offset, end, linkage);
    offset = past == 0 ? offset + 8 : past;
  }
}

std::vector<Code> FatbinScan::result() const {
  std::vector<Code> codes;
  for (const auto& [key, count] : counts_) {
    const auto& [linkage, kind, sm, reach, major, minor, content] = key;
    codes.push_back({kind, linkage, content, sm, reach, major, minor, count});
  }
  return codes;
}

}  // namespace mlpack
