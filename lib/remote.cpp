#include "lib/remote.h"

#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t longest_part = 255;   // NAME_MAX
constexpr std::size_t longest_path = 4096;  // PATH_MAX

bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '\\';
}

bool is_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.size() <= longest_part;
}

bool is_remote_path(std::string_view path) {
  const std::vector<std::string_view> parts = split(path, '/');
  return path.size() <= longest_path && is_utf8(path) &&
         std::all_of(path.begin(), path.end(), is_plain) &&
         std::all_of(parts.begin(), parts.end(), is_part);
}

bool has_path(const std::vector<RemoteFile>& sorted, std::string_view path) {
  const auto found = std::lower_bound(
      sorted.begin(), sorted.end(), path, [](const RemoteFile& file, std::string_view wanted) {
        return file.path < wanted;
      });
  return found != sorted.end() && found->path == path;
}

void check_parents(const std::vector<RemoteFile>& sorted,
                   const std::string& path,
                   const std::string& source) {
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const std::string_view parent = std::string_view(path).substr(0, slash);
    if (has_path(sorted, parent)) {
      fail(Fault::integrity, "`{}` has `{}` both as a file and as a folder", source, parent);
    }
  }
}

// A file of which the last bytes are given away when it was found right.
class CheckedSource : public Source {
 public:
  CheckedSource(std::unique_ptr<Source> inner, const RemoteFile& file, const std::string& source)
      : inner_(std::move(inner)), nowhere_([](Bytes) {}), check_(file, source, nowhere_) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    if (count > 0) check_.write(Bytes(buffer.data(), count));
    if (count == 0) check_.finish();
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  FunctionSink nowhere_;
  RemoteCheck check_;
};

}  // namespace

void check_remote_path(std::string_view path, const std::string& source) {
  if (is_remote_path(path)) return;
  throw Error(
      Fault::integrity,
      fmt::format(
          "`{}` lists `{}`, which is no path for a file", source, printable(path.substr(0, 200))),
      "nothing was written; ask whoever keeps the files there");
}

std::vector<RemoteFile> sorted_remote_files(std::vector<RemoteFile> files,
                                            const std::string& source) {
  std::sort(files.begin(), files.end(), [](const RemoteFile& left, const RemoteFile& right) {
    return left.path < right.path;
  });
  const auto twice = std::adjacent_find(
      files.begin(), files.end(), [](const RemoteFile& left, const RemoteFile& right) {
        return left.path == right.path;
      });
  if (twice != files.end()) {
    fail(Fault::integrity, "`{}` lists `{}` twice", source, twice->path);
  }
  for (const RemoteFile& file : files) {
    check_parents(files, file.path, source);
  }
  return files;
}

void RemoteSource::fetch(const RemoteFile& file,
                         std::uint64_t offset,
                         std::uint64_t length,
                         Sink& sink) {
  copy(*open(file, offset, length), sink);
}

std::unique_ptr<Source> RemoteSource::open_whole(const RemoteFile& file) {
  return std::make_unique<CheckedSource>(open(file, 0, file.size), file, name());
}

RemoteCheck::RemoteCheck(const RemoteFile& file, std::string source, Sink& next)
    : name_(fmt::format("`{}` of `{}`", file.path, source)),
      size_(file.size),
      sha256_(file.sha256),
      git_sha1_(file.git_sha1),
      next_(next) {
  if (git_sha1_ && !sha256_) git_ = std::make_unique<GitHasher>(size_);
  if (size_ == 0) verify();
}

void RemoteCheck::write(Bytes bytes) {
  if (bytes.size() > size_ - hasher_.bytes()) {
    fail(Fault::integrity, "{} is larger than the {} bytes that it should have", name_, size_);
  }
  hasher_.write(bytes);
  if (git_) git_->write(bytes);
  if (hasher_.bytes() == size_ && !found_) verify();
  next_.write(bytes);
}

void RemoteCheck::verify() {
  found_ = hasher_.finish();
  const std::string git = git_ ? git_->finish() : git_sha1_.value_or("");
  const bool right = sha256_.value_or(*found_) == *found_ && git == git_sha1_.value_or("");
  if (right) return;
  throw Error(Fault::integrity,
              fmt::format("{} should have {} `{}`, and has `{}`",
                          name_,
                          sha256_ ? "sha256" : "the git hash",
                          sha256_ ? sha256_->hex() : git_sha1_.value_or(""),
                          sha256_ ? found_->hex() : git),
              "the server, or a proxy before it, sends something else than it lists");
}

Digest RemoteCheck::finish() {
  if (found_) return *found_;
  fail(Fault::integrity,
       "{} ended after {} of the {} bytes that it should have",
       name_,
       hasher_.bytes(),
       size_);
}

}  // namespace mlpack
