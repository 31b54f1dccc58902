#include "lib/output.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>

namespace mlpack {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes `.DIGITS` off the end.
bool drop_number(std::string_view& text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || !is_digits(text.substr(dot + 1))) return false;
  text = text.substr(0, dot);
  return true;
}

// NAME of `.NAME.PID.N.tmp`.
std::optional<std::string_view> name_in_temporary(std::string_view file) {
  constexpr std::string_view suffix = ".tmp";
  if (!file.starts_with('.') || !file.ends_with(suffix)) return std::nullopt;
  file.remove_prefix(1);
  file.remove_suffix(suffix.size());
  if (!drop_number(file) || !drop_number(file) || file.empty()) return std::nullopt;
  return file;
}

// Not the lock of a living process, nor a file that took its name meanwhile.
void remove_if_dead(const fs::path& path) {
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const Fd fd(::open(path.c_str(), flags));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && claim_temporary(fd, path)) {
    ::unlink(path.c_str());
  }
}

template <class Wanted>
void remove_temporaries(const fs::path& folder, Wanted&& is_wanted) {
  std::error_code failed;
  fs::directory_iterator entry(folder.empty() ? fs::path(".") : folder, failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const std::string file = entry->path().filename().string();
    const auto name = name_in_temporary(file);
    if (name && is_wanted(*name)) remove_if_dead(entry->path());
  }
}

// What this user may still write to the file system; nullopt where it does not say.
std::optional<std::uint64_t> free_bytes(fs::path place) {
  struct statvfs status {};
  while (::statvfs(place.c_str(), &status) != 0) {
    if ((errno != ENOENT && errno != ENOTDIR) || !place.has_relative_path()) return std::nullopt;
    place = place.parent_path();
  }
  if (status.f_blocks == 0) return std::nullopt;
  const std::uint64_t blocks = ::geteuid() == 0 ? status.f_bfree : status.f_bavail;
  return blocks * status.f_frsize;
}

}  // namespace

fs::path end_of_links(fs::path path) {
  constexpr int most_links = 40;  // as the kernel has it
  std::error_code failed;
  for (int i = 0; fs::is_symlink(fs::symlink_status(path, failed)); ++i) {
    const fs::path target = fs::read_symlink(path, failed);
    if (i == most_links || failed) {
      fail(Fault::disk,
           "cannot follow `{}`: {}",
           path.string(),
           errno_text(failed ? failed.value() : ELOOP));
    }
    path = path.parent_path() / target;
  }
  return path;
}

fs::path place_of(const fs::path& path) {
  std::error_code failed;
  const fs::path end = fs::absolute(end_of_links(path), failed);
  fs::path place = fs::weakly_canonical(end, failed);
  if (failed) place = end.lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

fs::path temporary_beside(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  fs::path name = path;
  name.replace_filename(
      fmt::format(".{}.{}.{}.tmp", path.filename().string(), ::getpid(), counter++));
  return name;
}

bool claim_temporary(const Fd& fd, const fs::path& path) {
  // Where a file system has no locks, nobody else gets one either, and nothing is removed.
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  struct stat mine {};
  struct stat there {};
  return ::fstat(fd.get(), &mine) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

void remove_leftovers(const fs::path& path) {
  const fs::path place = end_of_links(path);
  const std::string name = place.filename().string();
  remove_temporaries(place.parent_path(), [&](std::string_view other) { return other == name; });
}

void remove_all_leftovers(const fs::path& folder) {
  remove_temporaries(folder, [](std::string_view) { return true; });
}

void require_room(const fs::path& place, std::uint64_t bytes) {
  std::error_code failed;
  const auto free = free_bytes(fs::absolute(place, failed));
  if (!free || bytes <= *free) return;
  throw Error(Fault::disk,
              fmt::format("`{}` needs {}, and its file system has {} free",
                          place.string(),
                          human_size(bytes),
                          human_size(*free)),
              "make room there, or write to another file system");
}

}  // namespace mlpack
