#pragma once

#include "lib/sink.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct stat;  // of <sys/stat.h>

namespace mlpack {

namespace fs = std::filesystem;

/// Owns a file descriptor; closes it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// What tells two states of a file apart without reading it. All times in nanoseconds since the
/// epoch.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// The identity of the open file `fd`.
FileIdentity identity_of(const Fd& fd);
/// The identity that `status` describes.
FileIdentity identity_of(const struct stat& status);

/// Fault::input naming `path` where the open file `fd` is no longer the one of `expected`.
void require_unchanged(const Fd& fd, const FileIdentity& expected, const fs::path& path);

/// Opens for reading without following a final symlink into a device or FIFO: anything but a
/// regular file is Fault::input naming its type.
Fd open_regular(const fs::path& path);

/// The whole file; larger than `limit` bytes, missing or unreadable is Fault::input naming the
/// path.
std::string read_file(const fs::path& path, std::uint64_t limit);
/// As read_file, nullopt where nothing exists at `path`.
std::optional<std::string> read_file_if_exists(const fs::path& path, std::uint64_t limit);

/// `length` bytes of a file from `offset`. A file that is no longer the one of `expected`, or ends
/// early, is Fault::input naming it (faults 1 and 3 of the transfer rules); nothing is ever padded.
class FileSource : public Source {
 public:
  FileSource(fs::path path,
             const FileIdentity& expected,
             std::uint64_t offset,
             std::uint64_t length);
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  fs::path path_;
  FileIdentity expected_;
  Fd fd_;
  std::uint64_t position_;
  std::uint64_t end_;
};

/// The whole of a file as it is now.
std::unique_ptr<Source> open_file(const fs::path& path);

/// Writes all of `bytes`; 0, or the errno of the write that failed.
int write_all(int fd, Bytes bytes);

/// Writes to a file descriptor that it does not own. A write that fails is Fault::disk naming
/// `name` and the reason: a result that nobody got is not a success.
class FdSink : public Sink {
 public:
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  void write(Bytes bytes) override;

 private:
  int fd_;
  std::string name_;
};

/// A file that appears under its final name whole or not at all: written to a temporary beside it
/// (locked meanwhile), synced and renamed by `commit`. Without `commit` the destructor removes it.
/// Where the final name is a symlink, the link stays, and what it leads to is written; anything but
/// a regular file is never replaced. Failures are Fault::disk.
class AtomicFile : public Sink {
 public:
  /// Creates the parent folders. `mode` is given to the file whatever the umask is.
  explicit AtomicFile(fs::path path, unsigned mode = 0644);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(Bytes bytes) override;
  /// The descriptor of the temporary, for calls such as copy_file_range.
  const Fd& fd() const { return fd_; }
  void commit();
  /// As commit, under another final path on the same file system.
  void commit_as(const fs::path& path);

 private:
  fs::path path_;
  fs::path temporary_;
  Fd fd_;
};

/// AtomicFile in one call.
void write_file(const fs::path& path, std::string_view text, unsigned mode = 0644);

/// Creates `path` and its parents; Fault::disk.
void make_folders(const fs::path& path);

/// An advisory lock (flock) on a file that it creates; released when destroyed or when the process
/// dies. For a shared one a file that may only be read will do. Fault::disk where it has none.
class FileLock {
 public:
  enum class Mode { shared, exclusive };
  /// Waits until the lock is free.
  FileLock(const fs::path& path, Mode mode);
  /// nullopt where somebody else holds it.
  static std::optional<FileLock> try_lock(const fs::path& path, Mode mode);
  /// False where `path` is another file by now, or none.
  bool is_at(const fs::path& path) const;

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

/// An exclusive lock whose file is gone once nobody holds it or waits for it: for folders where a
/// file of ours is not wanted.
class PassingLock {
 public:
  /// Waits until the lock is free.
  explicit PassingLock(fs::path path);
  ~PassingLock();
  PassingLock(const PassingLock&) = delete;
  PassingLock& operator=(const PassingLock&) = delete;

 private:
  fs::path path_;
  std::optional<FileLock> lock_;
};

}  // namespace mlpack
