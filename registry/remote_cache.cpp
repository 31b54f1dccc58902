#include "registry/remote_cache.h"

#include "lib/error.h"
#include "lib/output.h"
#include "registry/remote_listing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

namespace mlpack {
namespace {

[[noreturn]] void fail_writing(const char* action, const fs::path& path) {
  fail(Fault::disk, "cannot {} `{}`: {}", action, path.string(), errno_text(errno));
}

// What is the same for the same content: a digest, where there is one, wherever it comes from.
std::string key_of(const RemoteSource& source, const RemoteFile& file) {
  if (file.sha256) return file.sha256->hex();
  const std::string& version = file.git_sha1 ? *file.git_sha1 : file.version;
  return Digest::of(fmt::format("{}\n{}\n{}\n{}", source.name(), file.path, version, file.size))
      .hex();
}

bool has_version(const RemoteFile& file) {
  return file.sha256 || file.git_sha1 || !file.version.empty();
}

bool has_size(const fs::path& path, std::uint64_t size) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == size;
}

std::uint64_t size_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL)) fail_writing("sync", folder);
}

// A file that nobody else writes to meanwhile; whoever had it before may have moved it away.
FileLock lock_part(const fs::path& path, const Stop& stop) {
  for (;;) {
    std::optional<FileLock> lock = FileLock::try_lock(path, FileLock::Mode::exclusive);
    if (lock && lock->is_at(path)) return std::move(*lock);
    stop.check();
    if (!lock) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// A file on its way to its place: `part/KEY`, appended to.
class PartialFile {
 public:
  PartialFile(fs::path path, const Stop& stop)
      : path_(std::move(path)), stop_(stop), lock_(lock_part(path_, stop)) {
    constexpr int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    fd_ = Fd(::open(path_.c_str(), flags, 0644));
    if (!fd_) fail_writing("open", path_);
  }

  std::uint64_t size() const { return identity_of(fd_).size; }

  void clear() {
    if (::ftruncate(fd_.get(), 0) != 0) fail_writing("truncate", path_);
  }

  void read_into(Sink& sink) const {
    FileSource source(path_, identity_of(fd_), 0, size());
    copy(source, sink, [this](std::size_t) { stop_.check(); });
  }

  void append(Bytes bytes) {
    const int error = write_all(fd_.get(), bytes);
    errno = error;
    if (error != 0) fail_writing("write", path_);
  }

  void remove() { ::unlink(path_.c_str()); }

  void move_to(const fs::path& place) {
    if (::fsync(fd_.get()) != 0) fail_writing("sync", path_);
    make_folders(place.parent_path());
    if (::rename(path_.c_str(), place.c_str()) != 0) fail_writing("write", place);
    sync_folder(place.parent_path());
  }

 private:
  fs::path path_;
  const Stop& stop_;
  FileLock lock_;
  Fd fd_;
};

// A line of progress for one file, ended however the work ends.
class FileLine {
 public:
  FileLine(Progress& progress, const RemoteFile& file)
      : progress_(progress), task_(progress.begin(file.path, file.size)) {}
  ~FileLine() { progress_.end(task_, outcome_); }
  FileLine(const FileLine&) = delete;
  FileLine& operator=(const FileLine&) = delete;
  void advance(std::size_t bytes) { progress_.advance(task_, bytes); }
  void done() { outcome_ = "downloaded"; }

 private:
  Progress& progress_;
  int task_;
  std::string outcome_ = "failed";
};

// The rest of the file behind what is there of it. nullopt where the whole is not what it should
// be, though part of it is from before: then that part may be to blame.
std::optional<Digest> complete(PartialFile& part,
                               RemoteSource& source,
                               const RemoteFile& file,
                               FileLine& line) {
  if (part.size() > file.size) part.clear();
  const std::uint64_t begin = part.size();
  bool is_old = begin > 0;
  FunctionSink appended([&](Bytes bytes) {
    if (!is_old) part.append(bytes);
    line.advance(bytes.size());
  });
  RemoteCheck check(file, source.name(), appended);
  try {
    if (is_old) part.read_into(check);
    is_old = false;
    if (begin < file.size) source.fetch(file, begin, file.size - begin, check);
    return check.finish();
  } catch (const Error& error) {
    if (error.fault() != Fault::integrity) throw;
    if (begin == 0) {
      part.remove();
      throw;
    }
    part.clear();
    return std::nullopt;
  }
}

}  // namespace

std::optional<CachedFile> RemoteCache::find(const RemoteSource& source,
                                            const RemoteFile& file) const {
  std::optional<Digest> sha256 = file.sha256;
  if (!sha256 && has_version(file)) {
    const auto text = read_file_if_exists(folder_ / "known" / key_of(source, file), 100);
    if (text) sha256 = Digest::parse(*text);
  }
  if (!sha256 || !has_size(whole(*sha256), file.size)) return std::nullopt;
  return CachedFile{whole(*sha256), *sha256};
}

void RemoteCache::drop(const CachedFile& file) const {
  if (::unlink(file.path.c_str()) != 0 && errno != ENOENT) fail_writing("remove", file.path);
}

// Larger than what a server may list, as each file has its commit beside it.
std::optional<RemoteListing> RemoteCache::listing(const std::string& source) const {
  const auto text = read_file_if_exists(place_of_listing(source), 4 * max_listing_bytes);
  return text ? parse_remote_listing(*text) : std::nullopt;
}

void RemoteCache::put_listing(const std::string& source, const RemoteListing& listing) const {
  write_file(place_of_listing(source), write_remote_listing(listing));
}

// Files with one content are fetched once, and what an earlier run fetched of one is here.
void RemoteCache::require_room_for(const RemoteSource& source,
                                   const std::vector<RemoteFile>& files) const {
  std::uint64_t bytes = 0;
  std::set<std::string> seen;
  for (const RemoteFile& file : files) {
    const std::string key = key_of(source, file);
    if (find(source, file) || !seen.insert(key).second) continue;
    bytes += file.size - std::min(file.size, size_of(folder_ / "part" / key));
  }
  if (bytes == 0) return;
  make_folders(folder_);
  require_room(folder_, bytes);
}

CachedFile RemoteCache::download_to(RemoteSource& source,
                                    const RemoteFile& file,
                                    Progress& progress) const {
  if (auto found = find(source, file)) return std::move(*found);
  RemoteFile known = file;
  if (!known.sha256) source.describe(known);
  const std::string key = key_of(source, known);
  PartialFile part(folder_ / "part" / key, stop_);
  if (auto found = find(source, known)) {
    part.remove();
    return std::move(*found);
  }
  if (!has_version(known)) part.clear();
  FileLine line(progress, known);
  std::optional<Digest> sha256 = complete(part, source, known, line);
  if (!sha256) {
    progress.note(fmt::format("`{}` was not what it should be; fetching all of it", known.path));
    sha256 = complete(part, source, known, line);
  }
  if (!sha256) fail(Fault::internal, "`{}` is not whole, though nothing of it was old", known.path);
  part.move_to(whole(*sha256));
  // For those whose server does not say the digest.
  if (!file.sha256 && has_version(file)) {
    write_file(folder_ / "known" / key_of(source, file), sha256->text());
  }
  line.done();
  return {whole(*sha256), *sha256};
}

}  // namespace mlpack
