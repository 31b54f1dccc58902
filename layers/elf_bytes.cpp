#include "layers/elf_bytes.h"

#include <algorithm>
#include <span>

namespace mlpack {

namespace {

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t part_size = std::uint64_t{16} << 10;
constexpr std::uint64_t run_size = std::uint64_t{256} << 10;

}  // namespace

bool ElfBytes::Part::holds(std::uint64_t offset, std::uint64_t length) const {
  return offset >= start && offset - start <= bytes.size() &&
         length <= bytes.size() - (offset - start);
}

std::string_view ElfBytes::Part::at(std::uint64_t offset) const {
  return std::string_view(bytes).substr(static_cast<std::size_t>(offset - start));
}

void ElfBytes::load(Part& part, std::uint64_t start, std::uint64_t length) const {
  part.bytes.resize(static_cast<std::size_t>(std::min(length, file_.size() - start)));
  file_.read_at(start, std::as_writable_bytes(std::span(part.bytes)));
  part.start = start;
}

std::string_view ElfBytes::view(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t size = file_.size();
  if (length == 0 || length > longest || offset > size || length > size - offset) return {};
  auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& candidate) {
    return candidate.holds(offset, length);
  });
  if (part == parts_.end()) {
    part = std::min_element(parts_.begin(), parts_.end(), [](const Part& one, const Part& other) {
      return one.used < other.used;
    });
    const std::uint64_t start = offset / page_size * page_size;
    load(*part, start, std::max(part_size, offset - start + length));
  }
  part->used = ++clock_;
  return part->at(offset).substr(0, static_cast<std::size_t>(length));
}

std::string_view ElfBytes::run(std::uint64_t offset) {
  if (offset >= file_.size()) return {};
  if (!run_.holds(offset, 8)) load(run_, offset, run_size);
  return run_.at(offset);
}

std::string ElfBytes::text(std::uint64_t offset, std::uint64_t limit) {
  if (offset >= file_.size()) return {};
  const std::uint64_t length = std::min({limit, file_.size() - offset, longest});
  const std::string_view bytes = view(offset, length);
  const std::size_t end = bytes.find('\0');
  return end == std::string_view::npos ? std::string() : std::string(bytes.substr(0, end));
}

std::uint64_t elf_number(std::string_view bytes,
                         std::size_t at,
                         std::size_t width,
                         ElfFacts::Order order) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t place = order == ElfFacts::Order::big ? i : width - 1 - i;
    value = value << 8U | static_cast<unsigned char>(bytes[at + place]);
  }
  return value;
}

}  // namespace mlpack
