#include "lib/model/torch.h"

#include "lib/model/cursor.h"
#include "lib/model/damage.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace mlpack {
namespace {

constexpr std::uint64_t end_record = 22;
constexpr std::uint64_t longest_comment = 65'535;
constexpr std::uint64_t locator64 = 20;
constexpr std::uint64_t end_record64 = 56;
constexpr std::uint64_t largest_directory = std::uint64_t{100} << 20;
constexpr std::string_view end_magic = "PK\x05\x06";
constexpr std::string_view locator64_magic = "PK\x06\x07";
constexpr std::string_view end64_magic = "PK\x06\x06";
constexpr std::string_view entry_magic = "PK\x01\x02";
constexpr std::uint64_t in_64 = 0xFFFFFFFF;  // the number is in the zip64 extra

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t end = 0;  // the record that follows it
};

std::string part(const ReadAt& file, std::uint64_t offset, std::uint64_t length) {
  return Cursor(file, offset, file.size()).text(length);
}

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i > 0; --i)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i - 1]);
  return value;
}

[[noreturn]] void refuse_cut(const ReadAt& file) {
  throw Damage("is cut",
               fmt::format("a zip archive ends with its directory, and the {} bytes of this do not",
                           file.size()));
}

Directory directory64(const ReadAt& file, std::uint64_t end) {
  if (end < locator64 + end_record64) refuse_cut(file);
  const std::string locator = part(file, end - locator64, locator64);
  const std::uint64_t place = number(locator, 8, 8);
  const bool is_before = place <= end - locator64 - end_record64;
  if (!locator.starts_with(locator64_magic) || !is_before) refuse_cut(file);
  const std::string record = part(file, place, end_record64);
  if (!record.starts_with(end64_magic)) refuse_cut(file);
  return {number(record, 48, 8), number(record, 40, 8), place};
}

// The last record whose comment ends with the file.
Directory find_directory(const ReadAt& file) {
  const std::uint64_t size = file.size();
  if (size < end_record) refuse_cut(file);
  const std::uint64_t length = std::min(size, end_record + longest_comment);
  const std::string tail = part(file, size - length, length);
  std::size_t at = tail.rfind(end_magic);
  while (at != std::string::npos) {
    const bool fits = at + end_record <= tail.size();
    if (fits && at + end_record + number(tail, at + 20, 2) == tail.size()) break;
    at = at == 0 ? std::string::npos : tail.rfind(end_magic, at - 1);
  }
  if (at == std::string::npos) refuse_cut(file);
  const std::uint64_t end = size - length + at;
  const Directory found{number(tail, at + 16, 4), number(tail, at + 12, 4), end};
  return found.offset == in_64 || found.size == in_64 ? directory64(file, end) : found;
}

// The uncompressed size of an entry is the first number of its zip64 extra where it has one.
std::uint64_t size_in_extra(Cursor& in, std::uint64_t length) {
  std::uint64_t size = 0;
  bool is_known = false;
  while (length >= 4) {
    const std::uint64_t kind = in.number(2);
    const std::uint64_t bytes = in.number(2);
    length -= 4;
    if (bytes > length) throw Damage("has a bad directory", "an entry is longer than it says");
    const bool wanted = kind == 1 && bytes >= 8 && !is_known;
    if (wanted) size = in.number(8);
    is_known = is_known || wanted;
    in.skip(wanted ? bytes - 8 : bytes);
    length -= bytes;
  }
  in.skip(length);
  return size;
}

// `name` without the one folder that everything is in.
std::string_view below_top(std::string_view name) {
  const std::size_t slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1);
}

// Which format an entry makes the archive, where it does.
FileFormat format_by(std::string_view name) {
  const std::string_view below = below_top(name);
  if (name == "MAR-INF/MANIFEST.json") return FileFormat::torchserve;
  if (below == "constants.pkl" || below.starts_with("code/")) return FileFormat::torchscript;
  if (below == "archive_format") return FileFormat::torch_export;
  if (below == "data.pkl") return FileFormat::torch;
  return FileFormat::unknown;
}

void add_entry(TorchArchive& archive, std::string_view name, std::uint64_t size) {
  const FileFormat format = format_by(name);
  const bool only_weights = format == FileFormat::torch && archive.format != FileFormat::unknown;
  if (format != FileFormat::unknown && !only_weights) archive.format = format;
  if (!below_top(name).starts_with("data/") || name.ends_with('/')) return;
  const auto bytes = checked_sum(archive.bytes, size);
  if (!bytes) throw Damage("has a bad directory", "its entries are too large");
  archive.bytes = *bytes;
  archive.storages += 1;
}

void read_entry(Cursor& in, TorchArchive& archive) {
  constexpr std::uint64_t fixed = 46;
  const std::string record = in.text(fixed);
  if (!record.starts_with(entry_magic)) {
    throw Damage("has a bad directory", fmt::format("no entry ends at byte {}", in.position()));
  }
  const std::string name = in.text(number(record, 28, 2));
  const std::uint64_t extra = size_in_extra(in, number(record, 30, 2));
  in.skip(number(record, 32, 2));
  const std::uint64_t size = number(record, 24, 4);
  add_entry(archive, name, size == in_64 ? extra : size);
  if (!name.ends_with(".pkl")) return;
  const bool is_compressed = number(record, 10, 2) != 0;
  archive.pickles.push_back(
      {name, number(record, 42, 4), size == in_64 ? extra : size, is_compressed});
}

}  // namespace

TorchArchive read_torch_archive(const ReadAt& file) {
  const Directory directory = find_directory(file);
  const std::uint64_t end = directory.end;
  if (directory.offset > end || directory.size > end - directory.offset) refuse_cut(file);
  if (directory.size > largest_directory) {
    throw Damage("has a bad directory", fmt::format("it has {} bytes", directory.size));
  }
  TorchArchive archive;
  Cursor in(file, directory.offset, directory.offset + directory.size);
  while (in.left() > 0)
    read_entry(in, archive);
  return archive;
}

std::uint64_t pickle_place(const ReadAt& file, const TorchArchive::Pickle& pickle) {
  constexpr std::uint64_t fixed = 30;
  Cursor in(file, std::min(pickle.header, file.size()), file.size());
  const std::string header = in.text(fixed);
  if (!header.starts_with("PK\x03\x04")) {
    throw Damage("has a bad directory", fmt::format("no entry begins at byte {}", pickle.header));
  }
  in.skip(number(header, 26, 2) + number(header, 28, 2));
  return in.position();
}

}  // namespace mlpack
