#include "layers/tar_deb.h"

#include "lib/error.h"
#include "lib/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <unordered_map>

namespace mlpack {
namespace {

constexpr std::size_t ar_header_size = 60;
constexpr std::string_view ar_magic = "!<arch>\n";
constexpr std::size_t longest_path = 4095;
constexpr std::size_t most_members = 1'000'000;
constexpr std::uint64_t bomb_ratio = 1000;
constexpr std::uint64_t bomb_allowance = std::uint64_t{64} << 20;

struct FreeDebArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using ArchivePtr = std::unique_ptr<archive, FreeDebArchive>;

const char* text_of(archive* handle) {
  const char* text = archive_error_string(handle);
  return text == nullptr ? "unknown error" : text;
}

// A warning of libarchive is about something that it had to guess; nothing is guessed here.
void check(archive* handle, int result) {
  if (result != ARCHIVE_OK) fail(Fault::integrity, "it is damaged: {}", text_of(handle));
}

struct ArMember {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// The outer archive, walked by its headers.
class ArFile {
 public:
  explicit ArFile(Fd fd) : fd_(std::move(fd)), size_(identity_of(fd_).size) {
    if (bytes(0, ar_magic.size()) != ar_magic) fail(Fault::integrity, "it is not a .deb file");
  }
  const Fd& fd() const { return fd_; }
  std::uint64_t size() const { return size_; }

  std::optional<ArMember> next() {
    if (position_ + ar_header_size > size_) return std::nullopt;
    const std::string header = bytes(position_, ar_header_size);
    const auto size = parse_number(trim(std::string_view(header).substr(48, 10)), size_);
    if (!header.ends_with("`\n") || !size || position_ + ar_header_size + *size > size_) {
      fail(Fault::integrity, "it has a bad ar header at byte {}", position_);
    }
    std::string_view name = trim(std::string_view(header).substr(0, 16));
    if (name.ends_with('/')) name.remove_suffix(1);
    const ArMember member{std::string(name), position_ + ar_header_size, *size};
    position_ = member.offset + member.size + member.size % 2;
    return member;
  }

  std::string bytes(std::uint64_t offset, std::size_t count) const {
    std::string text(count, '\0');
    std::size_t done = 0;
    while (done < count) {
      const ssize_t got =
          ::pread(fd_.get(), text.data() + done, count - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(Fault::input, "cannot read it: {}", errno_text(errno));
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
  }

 private:
  Fd fd_;
  std::uint64_t size_;
  std::uint64_t position_ = ar_magic.size();
};

std::string part_name(DebArchive::Part part) {
  return part == DebArchive::Part::control ? "control.tar" : "data.tar";
}

bool is_format_2(const ArFile& file, const ArMember& version) {
  return version.name == "debian-binary" && version.size <= 64 &&
         file.bytes(version.offset, version.size).starts_with("2.");
}

ArMember find_part(ArFile& file, DebArchive::Part part) {
  const auto version = file.next();
  if (!version || !is_format_2(file, *version)) {
    fail(Fault::integrity, "it is not a .deb file of format 2");
  }
  const std::string name = part_name(part);
  auto member = file.next();
  while (member && !member->name.starts_with(name))
    member = file.next();
  if (!member) fail(Fault::integrity, "it has no {}", name);
  return *member;
}

// `./a/b/` → `a/b`; the root is empty.
std::string checked_path(std::string_view raw) {
  std::string_view path = raw;
  while (path.starts_with("./"))
    path.remove_prefix(2);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path == "." || path.empty()) return {};
  if (path.starts_with('/')) fail(Fault::integrity, "`{}` is an absolute path", printable(raw));
  if (path.size() > longest_path) fail(Fault::integrity, "a path has {} bytes", path.size());
  if (!is_utf8(path)) fail(Fault::integrity, "the path `{}` is not UTF-8", printable(raw));
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") {
      fail(Fault::integrity, "the path `{}` is not a plain one", printable(raw));
    }
  }
  return std::string(path);
}

const char* kind_name(mode_t type) {
  if (type == AE_IFCHR || type == AE_IFBLK) return "a device";
  if (type == AE_IFIFO) return "a FIFO";
  if (type == AE_IFSOCK) return "a socket";
  return "neither a file nor a folder nor a link";
}

EntryKind kind_of(archive_entry* entry, const std::string& path) {
  if (archive_entry_hardlink(entry) != nullptr) return EntryKind::hardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryKind::file;
    case AE_IFDIR:
      return EntryKind::directory;
    case AE_IFLNK:
      return EntryKind::symlink;
    default:
      fail(Fault::integrity,
           "`{}` is {}",
           printable(path),
           kind_name(archive_entry_filetype(entry)));
  }
}

// In a pax header libarchive cannot convert what is outside of ASCII to the C locale; it has the
// UTF-8 text then.
std::string_view either(const char* raw, const char* utf8) {
  if (raw != nullptr) return raw;
  return utf8 == nullptr ? std::string_view() : utf8;
}

std::uint64_t not_negative(std::int64_t number, const std::string& path) {
  if (number < 0) fail(Fault::integrity, "`{}` has a number below 0", printable(path));
  return static_cast<std::uint64_t>(number);
}

DebFile file_of(archive_entry* entry) {
  DebFile file;
  file.path =
      checked_path(either(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry)));
  file.kind = kind_of(entry, file.path);
  file.mode = static_cast<unsigned>(archive_entry_perm(entry)) & 07777U;
  file.uid = not_negative(archive_entry_uid(entry), file.path);
  file.gid = not_negative(archive_entry_gid(entry), file.path);
  if (file.kind == EntryKind::symlink) {
    file.link = either(archive_entry_symlink(entry), archive_entry_symlink_utf8(entry));
  } else if (file.kind == EntryKind::hardlink) {
    file.link =
        checked_path(either(archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry)));
  } else if (file.kind == EntryKind::file) {
    file.size = not_negative(archive_entry_size(entry), file.path);
  }
  return file;
}

void check_symlink(const DebFile& file) {
  if (file.link.empty() || file.link.size() > longest_path || !is_utf8(file.link)) {
    fail(Fault::integrity,
         "the link `{}` leads to `{}`",
         printable(file.path),
         printable(std::string_view(file.link).substr(0, 80)));
  }
}

ArchivePtr new_archive() {
  ArchivePtr handle(archive_read_new());
  if (!handle) fail(Fault::internal, "libarchive has no memory");
  archive_read_support_filter_gzip(handle.get());
  archive_read_support_filter_xz(handle.get());
  archive_read_support_filter_zstd(handle.get());
  archive_read_support_filter_bzip2(handle.get());
  return handle;
}

}  // namespace

struct DebArchive::State {
  State(const fs::path& deb, Part part) : file(open_regular(deb)), member(find_part(file, part)) {
    position = member.offset;
    limit = member.size * bomb_ratio + bomb_allowance;
    archive_read_support_format_tar(handle.get());
    archive_read_support_format_empty(handle.get());
    check(handle.get(), archive_read_open(handle.get(), this, nullptr, &State::give, nullptr));
  }

  static la_ssize_t give(archive* handle, void* self, const void** buffer) {
    auto* state = static_cast<State*>(self);
    const std::uint64_t left = state->member.offset + state->member.size - state->position;
    const std::size_t count = std::min<std::uint64_t>(left, state->buffer.size());
    if (count == 0) return 0;
    const ssize_t got = ::pread(
        state->file.fd().get(), state->buffer.data(), count, static_cast<off_t>(state->position));
    if (got <= 0) {
      archive_set_error(handle, got < 0 ? errno : EIO, "the file cannot be read to its end");
      return -1;
    }
    state->position += static_cast<std::uint64_t>(got);
    *buffer = state->buffer.data();
    return got;
  }

  void check_new(const DebFile& entry) {
    const bool is_file = entry.kind == EntryKind::file || entry.kind == EntryKind::hardlink;
    if (entry.kind == EntryKind::symlink) check_symlink(entry);
    if (entry.kind == EntryKind::hardlink) {
      const auto target = seen.find(entry.link);
      if (target == seen.end() || !target->second) {
        fail(Fault::integrity,
             "`{}` is a hard link to `{}`, which is no file before it",
             printable(entry.path),
             printable(entry.link));
      }
    }
    const auto [known, is_new] = seen.emplace(entry.path, is_file);
    if (!is_new && (known->second || entry.kind != EntryKind::directory)) {
      fail(Fault::integrity, "it holds `{}` twice", printable(entry.path));
    }
    total += entry.size;
    if (seen.size() > most_members || entry.size > limit || total > limit) {
      fail(Fault::integrity,
           "it unpacks to {} or more from {}",
           human_size(std::max(total, entry.size)),
           human_size(member.size));
    }
  }

  ArFile file;
  ArMember member;
  std::uint64_t position = 0;
  std::uint64_t limit = 0;
  std::uint64_t total = 0;
  std::array<std::byte, 1 << 16> buffer{};
  std::unordered_map<std::string, bool> seen;  // path → whether it is a file
  ArchivePtr handle = new_archive();
};

DebArchive::DebArchive(const fs::path& deb, Part part)
    : state_(std::make_unique<State>(deb, part)) {}
DebArchive::~DebArchive() = default;

std::optional<DebFile> DebArchive::next() {
  archive* handle = state_->handle.get();
  archive_entry* entry = nullptr;
  while (true) {
    const int result = archive_read_next_header(handle, &entry);
    if (result == ARCHIVE_EOF) return std::nullopt;
    check(handle, result);
    DebFile file = file_of(entry);
    if (file.path.empty()) {
      if (file.kind == EntryKind::directory) continue;
      fail(Fault::integrity, "a member has no name");
    }
    state_->check_new(file);
    return file;
  }
}

std::size_t DebArchive::read(std::span<std::byte> buffer) {
  const la_ssize_t count = archive_read_data(state_->handle.get(), buffer.data(), buffer.size());
  if (count < 0) fail(Fault::integrity, "it is damaged: {}", text_of(state_->handle.get()));
  return static_cast<std::size_t>(count);
}

namespace {

// Feeds libarchive from a Source; what the Source throws is kept, for it must not cross C.
struct Feed {
  Source& source;
  std::array<std::byte, 1 << 16> buffer{};
  std::exception_ptr error;

  static la_ssize_t give(archive* handle, void* self, const void** buffer) {
    auto* feed = static_cast<Feed*>(self);
    try {
      *buffer = feed->buffer.data();
      return static_cast<la_ssize_t>(feed->source.read(feed->buffer));
    } catch (...) {
      feed->error = std::current_exception();
      archive_set_error(handle, EIO, "the source failed");
      return -1;
    }
  }
};

void check_feed(archive* handle, const Feed& feed, la_ssize_t result, const std::string& name) {
  if (feed.error) std::rethrow_exception(feed.error);
  if (result < ARCHIVE_OK) fail(Fault::integrity, "`{}` is damaged: {}", name, text_of(handle));
}

}  // namespace

void decompress(Source& compressed, Sink& plain, std::uint64_t limit, const std::string& name) {
  const ArchivePtr handle = new_archive();
  archive_read_support_format_raw(handle.get());
  archive_read_support_format_empty(handle.get());
  Feed feed{compressed, {}, {}};
  check_feed(handle.get(),
             feed,
             archive_read_open(handle.get(), &feed, nullptr, &Feed::give, nullptr),
             name);
  archive_entry* entry = nullptr;
  const int header = archive_read_next_header(handle.get(), &entry);
  if (header == ARCHIVE_EOF) return;
  check_feed(handle.get(), feed, header, name);
  std::array<std::byte, 1 << 16> buffer{};
  std::uint64_t total = 0;
  while (true) {
    const la_ssize_t count = archive_read_data(handle.get(), buffer.data(), buffer.size());
    check_feed(handle.get(), feed, count, name);
    if (count == 0) return;
    total += static_cast<std::uint64_t>(count);
    if (total > limit) {
      fail(Fault::integrity, "`{}` unpacks to more than {}", name, human_size(limit));
    }
    plain.write(Bytes(buffer).first(static_cast<std::size_t>(count)));
  }
}

}  // namespace mlpack
