#include "layers/tar_reader.h"

#include "lib/error.h"
#include "lib/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

namespace mlpack {
namespace {

struct FreeArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};

// libarchive recodes names by the thread's locale; in `C` it drops what is not ASCII.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(utf8())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  // One for all threads and for good.
  static locale_t utf8() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
  }

  locale_t before_;
};

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : text;
}

TarEntry::Kind kind_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return TarEntry::Kind::hardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
      return TarEntry::Kind::directory;
    case AE_IFLNK:
      return TarEntry::Kind::symlink;
    case AE_IFBLK:
      return TarEntry::Kind::block_device;
    case AE_IFCHR:
      return TarEntry::Kind::character_device;
    case AE_IFIFO:
      return TarEntry::Kind::fifo;
    default:
      return TarEntry::Kind::file;
  }
}

std::string plain_path(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path.starts_with("./") ? path.substr(2) : path;
}

class WholeBlocks : public Source {
 public:
  explicit WholeBlocks(std::unique_ptr<Source> inner) : inner_(std::move(inner)) {}

  std::size_t read(std::span<std::byte> buffer) override {
    std::size_t count = inner_->read(buffer);
    if (count == 0) {
      count = std::min(buffer.size(), (block - size_ % block) % block);
      std::fill_n(buffer.begin(), count, std::byte{0});
    }
    size_ += count;
    return count;
  }

 private:
  static constexpr std::uint64_t block = 512;
  std::unique_ptr<Source> inner_;
  std::uint64_t size_ = 0;
};

class TarFile : public SkippingSource {
 public:
  explicit TarFile(const fs::path& path)
      : path_(path),
        fd_(open_regular(path)),
        size_(identity_of(fd_).size),
        end_((size_ + block - 1) / block * block) {}

  std::size_t read(std::span<std::byte> buffer) override {
    if (at_ >= size_) return fill(buffer);
    const ssize_t count = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(at_));
    if (count < 0 && errno == EINTR) return read(buffer);
    if (count < 0) {
      const int number = errno;
      fail(Fault::input, "cannot read `{}`: {}", printable(path_.string()), errno_text(number));
    }
    at_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

  std::uint64_t skip(std::uint64_t count) override {
    count = std::min(count, size_ - std::min(at_, size_));
    at_ += count;
    return count;
  }

 private:
  // Zeros up to the end of the last block, see with_whole_blocks.
  std::size_t fill(std::span<std::byte> buffer) {
    const std::size_t count = std::min<std::uint64_t>(buffer.size(), end_ - at_);
    std::fill_n(buffer.begin(), count, std::byte{0});
    at_ += count;
    return count;
  }

  static constexpr std::uint64_t block = 512;
  fs::path path_;
  Fd fd_;
  std::uint64_t size_;
  std::uint64_t end_;
  std::uint64_t at_ = 0;
};

std::uint64_t not_negative(std::int64_t number) {
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

TarEntry entry_of(archive_entry* entry) {
  TarEntry found;
  found.path = plain_path(text_of(archive_entry_pathname(entry)));
  found.kind = kind_of(entry);
  found.mode = static_cast<unsigned>(archive_entry_perm(entry)) & 07777U;
  found.uid = not_negative(archive_entry_uid(entry));
  found.gid = not_negative(archive_entry_gid(entry));
  found.mtime = archive_entry_mtime(entry);
  if (found.kind == TarEntry::Kind::hardlink)
    found.link = plain_path(archive_entry_hardlink(entry));
  if (found.kind == TarEntry::Kind::symlink) found.link = text_of(archive_entry_symlink(entry));
  if (found.kind == TarEntry::Kind::file) found.size = not_negative(archive_entry_size(entry));
  return found;
}

}  // namespace

bool TarEntry::is_safe() const {
  if (path.starts_with('/')) return false;
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") return false;
  }
  return true;
}

bool TarEntry::is_whiteout() const {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return std::string_view(path).substr(name).starts_with(".wh.");
}

struct TarReader::State {
  State(std::unique_ptr<Source> from, SkippingSource* skips, Fault damage)
      : source(std::move(from)), skipping(skips), damaged(damage) {
    if (!handle) fail(Fault::internal, "libarchive: no memory for a reader");
    archive_read_support_format_tar(handle.get());
    archive_read_support_format_empty(handle.get());
    auto* const skip = skipping == nullptr ? nullptr : &State::skip;
    check(archive_read_open2(handle.get(), this, nullptr, &State::give, skip, nullptr));
  }

  // Called by libarchive, through which no exception may pass.
  static la_ssize_t give(archive* archive, void* self, const void** buffer) {
    auto* state = static_cast<State*>(self);
    try {
      *buffer = state->buffer.data();
      return static_cast<la_ssize_t>(state->source->read(state->buffer));
    } catch (...) {
      state->failure = std::current_exception();
      archive_set_error(archive, EIO, "the source failed");
      return ARCHIVE_FATAL;
    }
  }

  static la_int64_t skip(archive* /*archive*/, void* self, la_int64_t count) {
    SkippingSource& source = *static_cast<State*>(self)->skipping;
    return static_cast<la_int64_t>(source.skip(not_negative(count)));
  }

  void check(la_ssize_t result) {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
    if (result >= 0) return;
    fail(damaged,
         "the tar archive is damaged after byte {}: {}",
         archive_filter_bytes(handle.get(), 0),
         printable(text_of(archive_error_string(handle.get()))));
  }

  std::unique_ptr<Source> source;
  SkippingSource* skipping;  // the same, where it is one
  const Fault damaged;
  std::vector<std::byte> buffer = std::vector<std::byte>(std::size_t{256} << 10);
  std::exception_ptr failure;
  std::unique_ptr<archive, FreeArchive> handle{archive_read_new()};
};

TarReader::TarReader(std::unique_ptr<Source> source, Fault damaged)
    : state_(std::make_unique<State>(std::move(source), nullptr, damaged)) {}

TarReader::TarReader(std::unique_ptr<SkippingSource> source, Fault damaged) {
  SkippingSource* const skipping = source.get();
  state_ = std::make_unique<State>(std::move(source), skipping, damaged);
}

TarReader::~TarReader() = default;

std::optional<TarEntry> TarReader::next() {
  const Utf8Locale locale;
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(state_->handle.get(), &entry);
  if (result == ARCHIVE_EOF) return std::nullopt;
  state_->check(result == ARCHIVE_WARN ? ARCHIVE_OK : result);
  if (archive_entry_pathname(entry) == nullptr) {
    fail(state_->damaged,
         "the tar archive has an entry without a name before byte {}",
         archive_filter_bytes(state_->handle.get(), 0));
  }
  TarEntry found = entry_of(entry);
  found.offset = not_negative(archive_filter_bytes(state_->handle.get(), 0));
  return found;
}

std::size_t TarReader::read(std::span<std::byte> buffer) {
  const la_ssize_t count = archive_read_data(state_->handle.get(), buffer.data(), buffer.size());
  state_->check(count);
  return static_cast<std::size_t>(count);
}

std::unique_ptr<Source> with_whole_blocks(std::unique_ptr<Source> tar) {
  return std::make_unique<WholeBlocks>(std::move(tar));
}

std::unique_ptr<SkippingSource> open_tar_file(const fs::path& path) {
  return std::make_unique<TarFile>(path);
}

std::vector<TarEntry> list_tar(std::unique_ptr<Source> source) {
  TarReader reader(std::move(source));
  std::vector<TarEntry> entries;
  for (auto entry = reader.next(); entry; entry = reader.next())
    entries.push_back(std::move(*entry));
  return entries;
}

}  // namespace mlpack
