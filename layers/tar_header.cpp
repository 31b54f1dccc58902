#include "layers/tar_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

// A field of the ustar header (POSIX.1-2017, pax, "ustar Interchange Format").
struct Field {
  std::size_t offset;
  std::size_t length;
};
constexpr Field name_field{0, 100};
constexpr Field mode_field{100, 8};
constexpr Field uid_field{108, 8};
constexpr Field gid_field{116, 8};
constexpr Field size_field{124, 12};
constexpr Field mtime_field{136, 12};
constexpr Field checksum_field{148, 8};
constexpr std::size_t type_offset = 156;
constexpr Field link_field{157, 100};
constexpr Field magic_field{257, 8};
constexpr Field devmajor_field{329, 8};
constexpr Field devminor_field{337, 8};
constexpr Field prefix_field{345, 155};

// Octal digits and a NUL.
bool fits(const Field& field, std::uint64_t value) {
  return value >> (3 * (field.length - 1)) == 0;
}

bool fits_mtime(std::int64_t mtime) {
  return mtime >= 0 && fits(mtime_field, static_cast<std::uint64_t>(mtime));
}

using Block = std::array<char, tar_block>;

void put_text(Block& block, const Field& field, std::string_view text) {
  std::memcpy(block.data() + field.offset, text.data(), std::min(text.size(), field.length));
}

void put_octal(Block& block, const Field& field, std::uint64_t value) {
  put_text(block, field, fmt::format("{:0{}o}", fits(field, value) ? value : 0, field.length - 1));
}

std::string stored_path(const RecipeEntry& entry) {
  return entry.kind == EntryKind::directory ? entry.path + '/' : entry.path;
}

struct SplitPath {
  std::string_view prefix;
  std::string_view name;
};

// The longest name that fits, so that equal paths always split at the same slash.
std::optional<SplitPath> split_path(std::string_view path) {
  if (path.size() <= name_field.length) return SplitPath{"", path};
  const std::size_t slash = path.find('/', path.size() - name_field.length - 1);
  const bool splits = slash != std::string_view::npos && slash <= prefix_field.length &&
                      slash > 0 && slash + 1 < path.size();
  if (!splits) return std::nullopt;
  return SplitPath{path.substr(0, slash), path.substr(slash + 1)};
}

char type_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::file:
      return '0';
    case EntryKind::hardlink:
      return '1';
    case EntryKind::symlink:
      return '2';
    case EntryKind::directory:
      break;
  }
  return '5';
}

void put_checksum(Block& block) {
  put_text(block, checksum_field, "        ");
  const unsigned sum = std::accumulate(block.begin(), block.end(), 0U, [](unsigned total, char c) {
    return total + static_cast<unsigned char>(c);
  });
  put_text(block, checksum_field, fmt::format("{:06o}", sum));
  block[checksum_field.offset + 6] = '\0';
}

std::string ustar_block(const RecipeEntry& entry, std::int64_t mtime, char type) {
  Block block{};
  const std::string path = stored_path(entry);
  const SplitPath split = split_path(path).value_or(SplitPath{"", path});
  put_text(block, name_field, split.name);
  put_text(block, prefix_field, split.prefix);
  put_octal(block, mode_field, entry.mode & 07777U);
  put_octal(block, uid_field, entry.uid);
  put_octal(block, gid_field, entry.gid);
  put_octal(block, size_field, tar_data_size(entry));
  put_octal(block, mtime_field, fits_mtime(mtime) ? static_cast<std::uint64_t>(mtime) : 0);
  block[type_offset] = type;
  put_text(block, link_field, entry.link);
  put_text(block, magic_field, std::string_view("ustar\00000", 8));
  put_octal(block, devmajor_field, 0);
  put_octal(block, devminor_field, 0);
  put_checksum(block);
  return {block.data(), block.size()};
}

std::size_t digits(std::size_t value) {
  return fmt::formatted_size("{}", value);
}

// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + digits(rest);
  length = rest + digits(length);
  return fmt::format("{} {}={}\n", length, key, value);
}

std::string needed_records(const RecipeEntry& entry, std::int64_t mtime) {
  std::string records;
  const std::string path = stored_path(entry);
  const std::uint64_t size = tar_data_size(entry);
  if (!split_path(path)) records += pax_record("path", path);
  if (entry.link.size() > link_field.length) records += pax_record("linkpath", entry.link);
  if (!fits(size_field, size)) records += pax_record("size", fmt::format("{}", size));
  if (!fits(uid_field, entry.uid)) records += pax_record("uid", fmt::format("{}", entry.uid));
  if (!fits(gid_field, entry.gid)) records += pax_record("gid", fmt::format("{}", entry.gid));
  if (!fits_mtime(mtime)) records += pax_record("mtime", fmt::format("{}", mtime));
  return records;
}

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

constexpr std::size_t smallest_comment = std::string_view("12 comment=\n").size();

// A comment record of `length` bytes in all.
std::string comment_record(std::size_t length) {
  const std::size_t blanks = length - digits(length) - std::string_view(" comment=\n").size();
  return fmt::format("{} comment={:{}}\n", length, "", blanks);
}

// `records`, with a comment where the data after them would not start at a multiple of 4096.
std::string aligned_records(std::string records, std::uint64_t offset) {
  const std::uint64_t bare = records.empty() ? 0 : tar_block + round_up(records.size(), tar_block);
  if ((offset + bare + tar_block) % tar_alignment == 0) return records;
  std::uint64_t room = round_up(records.size() + smallest_comment, tar_block);
  while ((offset + tar_block + room + tar_block) % tar_alignment != 0) {
    room += tar_block;
  }
  return records + comment_record(room - records.size());
}

std::string pax_records(const RecipeEntry& entry, std::int64_t mtime, std::uint64_t offset) {
  std::string records = needed_records(entry, mtime);
  const bool align = tar_data_size(entry) >= tar_align_from;
  return align ? aligned_records(std::move(records), offset) : records;
}

}  // namespace

std::uint64_t tar_data_size(const RecipeEntry& entry) {
  return entry.kind == EntryKind::file ? entry.size : 0;
}

std::uint64_t tar_header_size(const RecipeEntry& entry, std::int64_t mtime, std::uint64_t offset) {
  const std::size_t records = pax_records(entry, mtime, offset).size();
  return records == 0 ? tar_block : 2 * tar_block + round_up(records, tar_block);
}

std::string tar_header(const RecipeEntry& entry, std::int64_t mtime, std::uint64_t offset) {
  const std::string records = pax_records(entry, mtime, offset);
  std::string header;
  if (!records.empty()) {
    RecipeEntry extended;
    extended.path = "././@PaxHeader";  // as Python's tarfile; readers do not use it
    extended.size = records.size();
    header = ustar_block(extended, 0, 'x') + records;
    header.append(tar_padding(records.size()), '\0');
  }
  return header + ustar_block(entry, mtime, type_of(entry.kind));
}

}  // namespace mlpack
