#include "layers/elf_layout.h"

#include "layers/elf.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::uint64_t segment_loaded = 1;
constexpr std::uint64_t segment_dynamic = 2;
constexpr std::uint64_t section_dynamic = 6;
constexpr std::uint64_t section_no_bits = 8;
constexpr std::uint64_t longest_section_name = 256;
constexpr std::size_t most_sections = 64;  // of those that are wanted

// Where the fields of the headers lie in files of 32 and of 64 bits (elf(5)).
struct ElfFields {
  std::size_t header;
  std::size_t width;  // of an address
  std::size_t segments_offset;
  std::size_t sections_offset;
  std::size_t counts;  // the two bytes of e_phentsize
  std::size_t segment_size;
  std::size_t segment_offset;
  std::size_t segment_address;
  std::size_t segment_length;
  std::size_t section_size;
  std::size_t section_offset;
  std::size_t section_length;
};

constexpr ElfFields fields32{52, 4, 28, 32, 42, 32, 4, 8, 16, 40, 16, 20};
constexpr ElfFields fields64{64, 8, 32, 40, 54, 56, 8, 16, 32, 64, 24, 32};

class LayoutReader {
 public:
  explicit LayoutReader(ElfBytes& bytes) : bytes_(bytes) {}

  std::optional<ElfLayout> run() {
    const std::string ident(bytes_.view(0, 16));
    if (!is_elf(ident) || (ident[4] != 1 && ident[4] != 2) || (ident[5] != 1 && ident[5] != 2)) {
      return std::nullopt;
    }
    layout_.bits = ident[4] == 1 ? 32 : 64;
    layout_.order = ident[5] == 1 ? ElfFacts::Order::little : ElfFacts::Order::big;
    fields_ = layout_.bits == 32 ? fields32 : fields64;
    const std::string header(bytes_.view(0, fields_.header));
    if (header.empty()) return std::nullopt;
    const std::uint64_t type = number(header, 16, 2);
    if (type != 2 && type != 3) return std::nullopt;
    layout_.kind = type == 2 ? ElfFacts::Kind::program : ElfFacts::Kind::library;
    layout_.machine = static_cast<unsigned>(number(header, 18, 2));
    read_segments(header);
    read_sections(header);
    return std::move(layout_);
  }

 private:
  std::uint64_t number(std::string_view part, std::size_t at, std::size_t width) const {
    return elf_number(part, at, width, layout_.order);
  }

  void read_segments(std::string_view header) {
    const std::uint64_t offset = number(header, fields_.segments_offset, fields_.width);
    const std::uint64_t each = number(header, fields_.counts, 2);
    const std::uint64_t count = number(header, fields_.counts + 2, 2);
    if (each < fields_.segment_size) return;
    layout_.is_cut = count > 0;
    if (offset >= bytes_.size()) return;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string_view part = bytes_.view(offset + i * each, fields_.segment_size);
      if (part.empty()) return;
      const ElfLayout::Segment segment{number(part, 0, 4),
                                       number(part, fields_.segment_offset, fields_.width),
                                       number(part, fields_.segment_address, fields_.width),
                                       number(part, fields_.segment_length, fields_.width)};
      if (segment.type == segment_dynamic) layout_.dynamic = {segment.offset, segment.size};
      layout_.segments.push_back(segment);
    }
    layout_.is_cut = std::any_of(
        layout_.segments.begin(), layout_.segments.end(), [&](const ElfLayout::Segment& segment) {
          const std::uint64_t left = bytes_.size() - std::min(bytes_.size(), segment.offset);
          return segment.type == segment_loaded && segment.size > left;
        });
  }

  void read_sections(std::string_view header) {
    const std::uint64_t offset = number(header, fields_.sections_offset, fields_.width);
    const std::uint64_t each = number(header, fields_.counts + 4, 2);
    const std::uint64_t count = number(header, fields_.counts + 6, 2);
    const std::uint64_t names = number(header, fields_.counts + 8, 2);
    if (each < fields_.section_size || offset >= bytes_.size() || names >= count) return;
    const auto section = [&](std::uint64_t index) {
      return std::string(bytes_.view(offset + index * each, fields_.section_size));
    };
    const std::string table = section(names);
    if (table.empty()) return;
    const std::uint64_t texts = number(table, fields_.section_offset, fields_.width);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string part = section(i);
      if (part.empty()) return;
      add_section(part, texts);
    }
  }

  void add_section(std::string_view part, std::uint64_t texts) {
    const std::uint64_t type = number(part, 4, 4);
    const std::uint64_t offset = number(part, fields_.section_offset, fields_.width);
    // What `objcopy --only-keep-debug` leaves has no dynamic section, whatever its headers say.
    if (type == section_no_bits && layout_.dynamic.offset == offset && is_dynamic(part, texts)) {
      layout_.dynamic = {};
    }
    if (type == section_no_bits || type == section_dynamic || texts >= bytes_.size()) return;
    std::string name = bytes_.text(texts + number(part, 0, 4), longest_section_name);
    const bool is_wanted = name == "__nv_relfatbin" || name == ".note.cuda.fwd_compatibility";
    if (!is_wanted || layout_.sections.size() >= most_sections) return;
    layout_.sections.push_back(
        {std::move(name), offset, number(part, fields_.section_length, fields_.width)});
  }

  bool is_dynamic(std::string_view part, std::uint64_t texts) {
    if (texts >= bytes_.size()) return false;
    return bytes_.text(texts + number(part, 0, 4), longest_section_name) == ".dynamic";
  }

  ElfBytes& bytes_;
  ElfLayout layout_;
  ElfFields fields_{};
};

}  // namespace

std::optional<std::uint64_t> ElfLayout::place(std::uint64_t address) const {
  if (address == 0) return std::nullopt;
  for (const Segment& segment : segments) {
    if (segment.type != segment_loaded || address < segment.address) continue;
    if (address - segment.address < segment.size) {
      return segment.offset + (address - segment.address);
    }
  }
  return std::nullopt;
}

std::optional<ElfLayout> read_elf_layout(ElfBytes& bytes) {
  return LayoutReader(bytes).run();
}

}  // namespace mlpack
