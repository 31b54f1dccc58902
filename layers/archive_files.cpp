#include "layers/archive_files.h"

#include "layers/compress.h"
#include "layers/tar_reader.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

// `docker save` links a layer that occurs twice to its first copy: `../HEX/layer.tar`.
std::string link_target(const TarEntry& entry) {
  if (entry.kind == TarEntry::Kind::hardlink) return entry.link;
  return (fs::path(entry.path).parent_path() / entry.link).lexically_normal().string();
}

bool is_link(const TarEntry& entry) {
  return entry.kind == TarEntry::Kind::hardlink || entry.kind == TarEntry::Kind::symlink;
}

// What is passed over is not missed by the reader.
void require_whole(const TarEntry& entry, std::uint64_t archive_size) {
  constexpr std::uint64_t block = 512;
  const std::uint64_t left = archive_size - std::min(archive_size, entry.offset);
  if (entry.size <= left && (entry.size + block - 1) / block * block <= left) return;
  fail(Fault::input, "the tar archive ends within `{}`", printable(entry.path));
}

void refuse_compressed(const fs::path& archive) {
  std::array<std::byte, 4> start{};
  const std::size_t count = open_file(archive)->read(start);
  const std::string_view text(reinterpret_cast<const char*>(start.data()), count);
  if (sniff_compression(text) == Compression::none) return;
  throw Error(Fault::input,
              fmt::format("`{}` is compressed as a whole", archive.string()),
              "decompress it first, with `gunzip` or `zstd -d`");
}

}  // namespace

ArchiveFiles ArchiveFiles::in_folder(const fs::path& folder) {
  ArchiveFiles files;
  files.path_ = folder;
  files.name_ = folder.string();
  files.is_folder_ = true;
  return files;
}

ArchiveFiles ArchiveFiles::in_tar(const fs::path& archive) {
  ArchiveFiles files;
  files.path_ = archive;
  files.name_ = archive.string();
  files.identity_ = identity_of(open_regular(archive));
  refuse_compressed(archive);
  in_context("cannot read the archive `" + files.name_ + "`", [&] {
    TarReader reader(open_tar_file(archive), Fault::input);
    std::map<std::string, std::string> links;
    while (const auto entry = reader.next()) {
      require_whole(*entry, files.identity_.size);
      if (entry->kind == TarEntry::Kind::file) {
        files.ranges_[entry->path] = {entry->offset, entry->size};
      } else if (is_link(*entry)) {
        links[entry->path] = link_target(*entry);
      }
    }
    for (const auto& [path, target] : links) {
      const auto found = files.ranges_.find(target);
      if (found != files.ranges_.end()) files.ranges_[path] = found->second;
    }
  });
  return files;
}

std::optional<ArchiveFiles::Range> ArchiveFiles::range(const std::string& path) const {
  if (is_folder_) {
    std::error_code failed;
    if (fs::status(path_ / path, failed).type() == fs::file_type::not_found) return std::nullopt;
    return Range{0, identity_of(open_regular(path_ / path)).size};
  }
  const auto found = ranges_.find(path);
  return found == ranges_.end() ? std::nullopt : std::optional<Range>(found->second);
}

bool ArchiveFiles::has(const std::string& path) const {
  return range(path).has_value();
}

std::uint64_t ArchiveFiles::size(const std::string& path) const {
  return range(path).value_or(Range{}).size;
}

std::unique_ptr<Source> ArchiveFiles::open(const std::string& path) const {
  const auto where = range(path);
  if (!where) fail(Fault::input, "`{}` has no file `{}`", name_, path);
  if (is_folder_) return open_file(path_ / path);
  return std::make_unique<FileSource>(path_, identity_, where->offset, where->size);
}

std::string ArchiveFiles::text(const std::string& path, std::uint64_t limit) const {
  StringSink sink(limit);
  const auto source = open(path);
  in_context("`" + path + "` of `" + name_ + "`", [&] { copy(*source, sink); });
  return sink.text;
}

}  // namespace mlpack
