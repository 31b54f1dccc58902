#include "lib/store/upload_note.h"

#include "lib/error.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <system_error>

namespace mlpack {
namespace {

// Registries forget uploads after some days or some hours.
constexpr std::int64_t longest_seconds = std::int64_t{24} * 3600;
constexpr std::size_t longest_location = 8000;

bool is_file_at(const Fd& fd, const fs::path& path) {
  struct stat there {};
  return ::lstat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode) &&
         identity_of(fd).inode == there.st_ino && identity_of(fd).device == there.st_dev;
}

}  // namespace

std::unique_ptr<UploadNote> UploadNote::take(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  if (failed) return nullptr;
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  // Who had it before may have removed it since it was opened.
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || !is_file_at(fd, path)) return nullptr;
  return std::unique_ptr<UploadNote>(new UploadNote(path, std::move(fd)));
}

UploadNote::~UploadNote() {
  if (location().empty()) ::unlink(path_.c_str());
}

// The line ends with a line break, so that half of one is seen.
std::string UploadNote::location() const {
  std::array<char, longest_location + 1> text{};
  const ssize_t count = ::pread(fd_.get(), text.data(), text.size(), 0);
  if (count <= 1 || text.at(static_cast<std::size_t>(count) - 1) != '\n') return {};
  const std::int64_t age = std::time(nullptr) - identity_of(fd_).mtime_ns / 1'000'000'000;
  if (age < 0 || age > longest_seconds) return {};
  return {text.data(), static_cast<std::size_t>(count) - 1};
}

void UploadNote::keep(std::string_view location) {
  drop();
  if (location.size() >= longest_location || location.find('\n') != std::string_view::npos) return;
  const std::string line = std::string(location) + "\n";
  if (::pwrite(fd_.get(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) drop();
}

void UploadNote::drop() {
  // Where even that fails, the registry will not know what is left there.
  [[maybe_unused]] const int result = ::ftruncate(fd_.get(), 0);
}

}  // namespace mlpack
