#include "layers/elf_versions.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t longest_version = 512;
constexpr std::uint64_t base_flag = 1;  // the version that is the library's own name
constexpr std::uint64_t weak_flag = 2;

}  // namespace

std::string ElfVersionReader::link(std::uint64_t offset, std::uint64_t size) {
  if (patience_ == 0) return {};
  --patience_;
  return std::string(bytes_.view(offset, size));
}

std::string ElfVersionReader::text(std::uint64_t at) {
  return strings_ < bytes_.size() ? bytes_.text(strings_ + at, longest_version) : std::string();
}

std::vector<std::string> ElfVersionReader::defined(const ElfVersionTable& table) {
  std::vector<std::string> names;
  std::uint64_t at = table.offset;
  for (std::uint64_t i = 0; i < table.count; ++i) {
    const std::string head = link(at, 20);
    if (head.empty()) break;
    const std::string first = link(at + number(head, 12, 4), 8);
    const bool is_base = (number(head, 2, 2) & base_flag) != 0;
    if (!first.empty() && !is_base) {
      if (std::string name = text(number(first, 0, 4)); !name.empty()) names.push_back(name);
    }
    const std::uint64_t next = number(head, 16, 4);
    if (next == 0) break;
    at += next;
  }
  return names;
}

std::vector<ElfNeededVersion> ElfVersionReader::needed(const ElfVersionTable& table) {
  std::vector<ElfNeededVersion> found;
  std::uint64_t at = table.offset;
  for (std::uint64_t i = 0; i < table.count; ++i) {
    const std::string head = link(at, 16);
    if (head.empty()) break;
    const std::string library = text(number(head, 4, 4));
    std::uint64_t inner = at + number(head, 8, 4);
    for (std::uint64_t left = number(head, 2, 2); left > 0; --left) {
      const std::string want = link(inner, 16);
      if (want.empty()) break;
      std::string version = text(number(want, 8, 4));
      const bool is_weak = (number(want, 4, 2) & weak_flag) != 0;
      if (!version.empty() && !is_weak) found.push_back({library, std::move(version)});
      const std::uint64_t next = number(want, 12, 4);
      if (next == 0) break;
      inner += next;
    }
    const std::uint64_t next = number(head, 12, 4);
    if (next == 0) break;
    at += next;
  }
  return found;
}

}  // namespace mlpack
