#include "lib/file.h"

#include "lib/errno_fault.h"
#include "lib/error.h"
#include "lib/output.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mlpack {
namespace {

[[noreturn]] void fail_reading(const char* action, const fs::path& path, int number) {
  fail(fault_of(number, Fault::input),
       "cannot {} `{}`: {}",
       action,
       path.string(),
       errno_text(number));
}

[[noreturn]] void fail_writing(const char* action, const fs::path& path, int number) {
  fail(Fault::disk, "cannot {} `{}`: {}", action, path.string(), errno_text(number));
}

struct stat stat_of(const Fd& fd, const fs::path& path) {
  struct stat result {};
  if (fstat(fd.get(), &result) != 0) {
    fail_reading("stat", path, errno);
  }
  return result;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

const char* type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "not a regular file";
}

// O_NONBLOCK: opening a FIFO must not hang before fstat can refuse it.
Fd open_for_reading(const fs::path& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

void require_regular(const struct stat& status, const fs::path& path) {
  if (!S_ISREG(status.st_mode)) {
    fail(Fault::input, "`{}` is {}, not a regular file", path.string(), type_name(status.st_mode));
  }
}

// A socket cannot even be opened.
[[noreturn]] void fail_opening(const fs::path& path, int number) {
  struct stat status {};
  if (number == ENXIO && ::stat(path.c_str(), &status) == 0) require_regular(status, path);
  fail_reading("open", path, number);
}

std::string read_all(const Fd& fd, const fs::path& path, std::uint64_t limit) {
  std::string text;
  std::string buffer(std::size_t{1} << 16, '\0');
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_reading("read", path, errno);
    if (count == 0) return text;
    if (text.size() + static_cast<std::size_t>(count) > limit) {
      fail(Fault::input, "`{}` is larger than the {} bytes accepted here", path.string(), limit);
    }
    text.append(buffer, 0, static_cast<std::size_t>(count));
  }
}

// Ours from its first byte on. The name may be taken: a process in another container has the same
// number, or had it when it was killed.
Fd create_temporary(const fs::path& path, fs::path& temporary) {
  while (true) {
    temporary = temporary_beside(path);
    Fd fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd && errno != EEXIST) fail_writing("create", temporary, errno);
    if (fd && claim_temporary(fd, temporary)) return fd;
  }
}

// A rename is durable once its folder is synced.
void sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL)) {
    fail_writing("sync", folder, errno);
  }
}

// Who may only read has a right to a lock that others share.
Fd open_lock(const fs::path& path, FileLock::Mode mode) {
  make_folders(path.parent_path());
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (fd) return fd;
  const int reason = errno;
  if (mode == FileLock::Mode::shared) fd = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail_writing("open lock", path, reason);
  return fd;
}

int operation(FileLock::Mode mode) {
  return mode == FileLock::Mode::shared ? LOCK_SH : LOCK_EX;
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

FileIdentity identity_of(const struct stat& status) {
  return {status.st_dev,
          status.st_ino,
          static_cast<std::uint64_t>(status.st_size),
          nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

FileIdentity identity_of(const Fd& fd) {
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) {
    fail(Fault::input, "cannot stat an open file: {}", errno_text(errno));
  }
  return identity_of(status);
}

Fd open_regular(const fs::path& path) {
  Fd fd = open_for_reading(path);
  if (!fd) fail_opening(path, errno);
  require_regular(stat_of(fd, path), path);
  return fd;
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  return read_all(open_regular(path), path, limit);
}

std::optional<std::string> read_file_if_exists(const fs::path& path, std::uint64_t limit) {
  const Fd fd = open_for_reading(path);
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!fd) fail_opening(path, errno);
  require_regular(stat_of(fd, path), path);
  return read_all(fd, path, limit);
}

FileSource::FileSource(fs::path path,
                       const FileIdentity& expected,
                       std::uint64_t offset,
                       std::uint64_t length)
    : path_(std::move(path)),
      expected_(expected),
      fd_(open_regular(path_)),
      position_(offset),
      end_(offset + length) {
  require_unchanged(fd_, expected_, path_);
}

void require_unchanged(const Fd& fd, const FileIdentity& expected, const fs::path& path) {
  if (identity_of(fd) == expected) return;
  throw Error(Fault::input,
              fmt::format("`{}` changed after it was looked at", path.string()),
              "build the image again, and let nothing write to the file meanwhile");
}

std::size_t FileSource::read(std::span<std::byte> buffer) {
  const std::size_t want = std::min<std::uint64_t>(buffer.size(), end_ - position_);
  if (want == 0) {
    require_unchanged(fd_, expected_, path_);
    return 0;
  }
  ssize_t count = -1;
  do {
    count = ::pread(fd_.get(), buffer.data(), want, static_cast<off_t>(position_));
  } while (count < 0 && errno == EINTR);
  if (count < 0) fail_reading("read", path_, errno);
  if (count == 0) {
    fail(Fault::input,
         "`{}` ended at byte {}, {} bytes short",
         path_.string(),
         position_,
         end_ - position_);
  }
  position_ += static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

std::unique_ptr<Source> open_file(const fs::path& path) {
  const FileIdentity identity = identity_of(open_regular(path));
  return std::make_unique<FileSource>(path, identity, 0, identity.size);
}

int write_all(int fd, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

void FdSink::write(Bytes bytes) {
  const int error = write_all(fd_, bytes);
  if (error != 0) fail(Fault::disk, "cannot write to {}: {}", name_, errno_text(error));
}

AtomicFile::AtomicFile(fs::path path, unsigned mode) : path_(end_of_links(std::move(path))) {
  struct stat there {};
  // A rename would put a file in the place of a device or FIFO that others use.
  if (::lstat(path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    fail(Fault::disk, "cannot write `{}`: it is {}", path_.string(), type_name(there.st_mode));
  }
  make_folders(path_.parent_path());
  fd_ = create_temporary(path_, temporary_);
  if (::fchmod(fd_.get(), mode) != 0) {
    const int reason = errno;
    ::unlink(temporary_.c_str());
    fail_writing("create", temporary_, reason);
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

void AtomicFile::write(Bytes bytes) {
  const int error = write_all(fd_.get(), bytes);
  if (error != 0) fail_writing("write", path_, error);
}

void AtomicFile::commit() {
  commit_as(path_);
}

void AtomicFile::commit_as(const fs::path& path) {
  if (::fsync(fd_.get()) != 0) fail_writing("sync", path, errno);
  make_folders(path.parent_path());
  if (::rename(temporary_.c_str(), path.c_str()) != 0) fail_writing("write", path, errno);
  temporary_.clear();
  sync_folder(path.parent_path());
}

void write_file(const fs::path& path, std::string_view text, unsigned mode) {
  AtomicFile file(path, mode);
  file.write(as_bytes(text));
  file.commit();
}

void make_folders(const fs::path& path) {
  std::error_code failed;
  if (!path.empty()) fs::create_directories(path, failed);
  if (failed) fail_writing("create folder", path, failed.value());
}

FileLock::FileLock(const fs::path& path, Mode mode) : fd_(open_lock(path, mode)) {
  while (::flock(fd_.get(), operation(mode)) != 0) {
    if (errno != EINTR) fail_writing("lock", path, errno);
  }
}

std::optional<FileLock> FileLock::try_lock(const fs::path& path, Mode mode) {
  Fd fd = open_lock(path, mode);
  if (::flock(fd.get(), operation(mode) | LOCK_NB) == 0) return FileLock(std::move(fd));
  if (errno != EWOULDBLOCK) fail_writing("lock", path, errno);
  return std::nullopt;
}

bool FileLock::is_at(const fs::path& path) const {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const FileIdentity mine = identity_of(fd_);
  return mine.device == status.st_dev && mine.inode == status.st_ino;
}

PassingLock::PassingLock(fs::path path) : path_(std::move(path)) {
  while (!lock_) {
    FileLock lock(path_, FileLock::Mode::exclusive);
    // Whoever had it before may have removed the file that was waited for.
    if (lock.is_at(path_)) lock_.emplace(std::move(lock));
  }
}

PassingLock::~PassingLock() {
  ::unlink(path_.c_str());
}

}  // namespace mlpack
