#include "layers/elf.h"

#include "layers/elf_bytes.h"
#include "layers/elf_fatbin.h"
#include "layers/elf_layout.h"
#include "layers/elf_versions.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t longest_name = 4096;
constexpr std::uint64_t longest_note = std::uint64_t{16} << 10;
constexpr std::size_t most_needed = 4096;
constexpr std::uint64_t largest_loader = std::uint64_t{1} << 20;
constexpr unsigned machine_386 = 3;
constexpr unsigned machine_x86_64 = 62;
constexpr unsigned machine_aarch64 = 183;

// Program headers.
constexpr std::uint64_t segment_load = 1;
constexpr std::uint64_t segment_interpreter = 3;
constexpr std::uint64_t segment_note = 4;
constexpr std::uint64_t segment_property = 0x6474e553;

// Tags of the dynamic section.
constexpr std::uint64_t tag_needed = 1;
constexpr std::uint64_t tag_strings = 5;
constexpr std::uint64_t tag_soname = 14;
constexpr std::uint64_t tag_rpath = 15;
constexpr std::uint64_t tag_runpath = 29;
constexpr std::uint64_t tag_defined = 0x6ffffffc;
constexpr std::uint64_t tag_defined_count = 0x6ffffffd;
constexpr std::uint64_t tag_wanted = 0x6ffffffe;
constexpr std::uint64_t tag_wanted_count = 0x6fffffff;

// The dynamic section, as far as it matters.
struct Dynamic {
  std::vector<std::uint64_t> needed;
  std::uint64_t strings = 0;
  std::optional<std::uint64_t> soname;
  std::optional<std::uint64_t> rpath;
  std::optional<std::uint64_t> runpath;
  ElfVersionTable defined;
  ElfVersionTable wanted;

  void add(std::uint64_t tag, std::uint64_t value) {
    if (tag == tag_needed && needed.size() < most_needed) needed.push_back(value);
    if (tag == tag_strings) strings = value;
    if (tag == tag_soname) soname = value;
    if (tag == tag_rpath) rpath = value;
    if (tag == tag_runpath) runpath = value;
    if (tag == tag_defined) defined.offset = value;
    if (tag == tag_defined_count) defined.count = value;
    if (tag == tag_wanted) wanted.offset = value;
    if (tag == tag_wanted_count) wanted.count = value;
  }
};

// glibc writes the folders that it was built for in a row, each with a slash and a zero byte at its
// end (SYSTEM_DIRS).
std::vector<std::string> system_folders_in(std::string_view bytes) {
  for (std::size_t at = bytes.find("\0/"sv); at != bytes.npos; at = bytes.find("\0/"sv, at)) {
    std::vector<std::string> folders;
    ++at;
    while (at < bytes.size() && bytes[at] == '/') {
      const std::string_view text = bytes.substr(at, std::min(bytes.find('\0', at), at + 256) - at);
      if (!text.ends_with('/')) break;
      folders.emplace_back(text.substr(0, text.size() - 1));
      at += text.size() + 1;
    }
    if (folders.size() > 1) return folders;
    at = std::min(folders.empty() ? at : at - 1, bytes.size());
  }
  return {};
}

class ElfReader {
 public:
  ElfReader(ElfBytes& bytes, const ElfLayout& layout) : bytes_(bytes), layout_(layout) {}

  ElfFacts run() {
    facts_.kind = layout_.kind;
    facts_.machine = layout_.machine;
    facts_.bits = layout_.bits;
    facts_.order = layout_.order;
    read_dynamic();
    for (const ElfLayout::Segment& segment : layout_.segments) {
      if (segment.type == segment_interpreter) {
        facts_.interpreter = bytes_.text(segment.offset, std::min(segment.size, longest_name));
      }
      if (segment.type == segment_note || segment.type == segment_property) {
        read_notes(segment.offset, segment.size);
      }
    }
    for (const ElfLayout::Section& section : layout_.sections) {
      if (section.name == ".note.cuda.fwd_compatibility") read_notes(section.offset, section.size);
    }
    read_gpu_code();
    facts_.is_cut = layout_.is_cut;
    if (facts_.soname.starts_with("ld-linux") || facts_.soname.starts_with("ld64.so"))
      facts_.system_folders = system_folders_in(whole());
    return std::move(facts_);
  }

 private:
  std::uint64_t number(std::string_view part, std::size_t at, std::size_t width) const {
    return elf_number(part, at, width, layout_.order);
  }

  // Empty where it is larger than any dynamic loader.
  std::string whole() {
    std::string text;
    while (text.size() < std::min(bytes_.size(), largest_loader + 1)) {
      const std::string_view part = bytes_.run(text.size());
      if (part.empty()) break;
      text += part;
    }
    return text.size() > largest_loader ? std::string() : text;
  }

  Dynamic dynamic() {
    Dynamic found;
    const std::size_t width = layout_.bits / 8;
    const auto [offset, size] = layout_.dynamic;
    for (std::uint64_t at = 0; at + 2 * width <= size; at += 2 * width) {
      const std::string_view entry = bytes_.view(offset + at, 2 * width);
      if (entry.empty() || number(entry, 0, width) == 0) break;
      found.add(number(entry, 0, width), number(entry, width, width));
    }
    return found;
  }

  void read_dynamic() {
    if (layout_.dynamic.size == 0) return;
    Dynamic found = dynamic();
    const auto strings = layout_.place(found.strings);
    if (!strings) return;
    const auto text = [&](std::uint64_t at) {
      return at < bytes_.size() ? bytes_.text(*strings + at, longest_name) : std::string();
    };
    for (const std::uint64_t at : found.needed) {
      if (std::string name = text(at); !name.empty()) facts_.needed.push_back(std::move(name));
    }
    if (found.soname) facts_.soname = text(*found.soname);
    if (found.rpath) facts_.rpath = text(*found.rpath);
    if (found.runpath) facts_.runpath = text(*found.runpath);
    ElfVersionReader versions(bytes_, *strings, layout_.order);
    if (const auto at = layout_.place(found.defined.offset)) {
      facts_.versions_defined = versions.defined({*at, found.defined.count});
    }
    if (const auto at = layout_.place(found.wanted.offset)) {
      facts_.versions_needed = versions.needed({*at, found.wanted.count});
    }
  }

  void read_notes(std::uint64_t offset, std::uint64_t size) {
    const std::uint64_t file = bytes_.size();
    if (offset >= file) return;
    const std::string part(bytes_.view(offset, std::min({size, file - offset, longest_note})));
    for (std::size_t at = 0; at + 12 <= part.size();) {
      const std::uint64_t name_size = number(part, at, 4);
      const std::uint64_t size_of_text = number(part, at + 4, 4);
      const std::uint64_t type = number(part, at + 8, 4);
      const std::uint64_t left = part.size() - at - 12;
      const std::uint64_t name_end = (name_size + 3) / 4 * 4;
      if (name_end > left || size_of_text > left - name_end) return;
      const std::string_view name = std::string_view(part).substr(at + 12, name_size);
      read_note(name, type, std::string_view(part).substr(at + 12 + name_end, size_of_text));
      at += 12 + name_end + (size_of_text + 3) / 4 * 4;
    }
  }

  // Names end in a zero byte; NVIDIA's are padded to 8 bytes, of which the text may have some.
  void read_note(std::string_view name, std::uint64_t type, std::string_view text) {
    name = name.substr(0, name.find('\0'));
    if (name == "GNU" && type == 5) read_properties(text);
    if (name != "NVIDIA Corporation") return;
    const std::size_t begin = text.find('{');
    const std::size_t end = text.rfind('}');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return;
    facts_.compat_note = text.substr(begin, end + 1 - begin);
  }

  // GNU_PROPERTY_X86_ISA_1_NEEDED (x86-64 psABI, Linux Extensions): a bit for each level.
  void read_properties(std::string_view text) {
    constexpr std::uint64_t x86_isa_needed = 0xc0008002;
    if (facts_.machine != machine_x86_64 && facts_.machine != machine_386) return;
    const std::size_t unit = layout_.bits / 8;
    for (std::size_t at = 0; at + 8 <= text.size();) {
      const std::uint64_t size = number(text, at + 4, 4);
      if (size > text.size() - at - 8) return;
      if (number(text, at, 4) == x86_isa_needed && size >= 4) {
        const auto bits = static_cast<unsigned>(number(text, at + 8, 4) & 0xF);
        facts_.x86_level = std::max(facts_.x86_level, static_cast<unsigned>(std::bit_width(bits)));
      }
      at += 8 + (size + unit - 1) / unit * unit;
    }
  }

  // CUDA runs on hosts of these processors alone.
  void read_gpu_code() {
    if (layout_.machine != machine_x86_64 && layout_.machine != machine_aarch64) return;
    FatbinScan scan(bytes_);
    std::vector<ElfLayout::Range> relocatable;
    for (const ElfLayout::Section& section : layout_.sections) {
      if (section.name == "__nv_relfatbin") relocatable.push_back({section.offset, section.size});
    }
    std::sort(relocatable.begin(), relocatable.end(), [](const auto& one, const auto& other) {
      return one.offset < other.offset;
    });
    for (const ElfLayout::Range& part : loaded()) {
      std::uint64_t at = part.offset;
      const std::uint64_t end = part.offset + part.size;
      for (const ElfLayout::Range& apart : relocatable) {
        if (apart.offset < at || apart.offset >= end) continue;
        const std::uint64_t size = std::min(apart.size, end - apart.offset);
        scan.add(at, apart.offset - at, ElfGpuCode::Linkage::launchable);
        scan.add(apart.offset, size, ElfGpuCode::Linkage::relocatable);
        at = apart.offset + size;
      }
      scan.add(at, end - at, ElfGpuCode::Linkage::launchable);
    }
    facts_.gpu_code = scan.result();
  }

  // What is loaded from the file, no byte twice: a file can say that a part is loaded many times.
  std::vector<ElfLayout::Range> loaded() const {
    std::vector<ElfLayout::Range> parts;
    for (const ElfLayout::Segment& segment : layout_.segments) {
      if (segment.type != segment_load || segment.offset >= bytes_.size()) continue;
      parts.push_back({segment.offset, std::min(segment.size, bytes_.size() - segment.offset)});
    }
    std::sort(parts.begin(), parts.end(), [](const auto& one, const auto& other) {
      return one.offset < other.offset;
    });
    std::uint64_t done = 0;
    for (ElfLayout::Range& part : parts) {
      const std::uint64_t end = part.offset + part.size;
      part.offset = std::max(part.offset, done);
      part.size = end > part.offset ? end - part.offset : 0;
      done = std::max(done, end);
    }
    return parts;
  }

  ElfBytes& bytes_;
  const ElfLayout& layout_;
  ElfFacts facts_;
};

}  // namespace

bool is_elf(std::string_view start) {
  return start.starts_with(
      "\x7f"
      "ELF");
}

std::optional<ElfFacts> read_elf(const ReadAt& file) {
  ElfBytes bytes(file);
  const auto layout = read_elf_layout(bytes);
  if (!layout) return std::nullopt;
  return ElfReader(bytes, *layout).run();
}

}  // namespace mlpack
