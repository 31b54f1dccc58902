#include "layers/file_filter.h"
#include "layers/file_set.h"
#include "layers/layer_builder.h"
#include "layers/tree_checks.h"
#include "lib/errno_fault.h"
#include "lib/error.h"
#include "lib/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace mlpack {
namespace {

using Kind = Globs::Kind;
using Taken = FileFilter::Taken;

constexpr std::size_t deepest = 256;

const char* special_type(mode_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

[[noreturn]] void fail_errno(const char* action, const std::string& path, int number) {
  fail(fault_of(number, Fault::input), "cannot {} `{}`: {}", action, path, errno_text(number));
}

[[noreturn]] void fail_circles(const std::string& path) {
  fail(Fault::input, "`{}` is a symlink that leads in circles", path);
}

// The names in a folder that was just opened. Not by readdir, which wants a descriptor of its own:
// four more calls for each folder.
std::vector<std::string> names_in(const Fd& fd, const std::string& shown) {
  constexpr std::size_t name_at = offsetof(dirent64, d_name);
  std::vector<std::string> names;
  constexpr std::size_t room = std::size_t{1} << 15;
  const auto buffer = std::make_unique_for_overwrite<char[]>(room);  // NOLINT(*-avoid-c-arrays)
  for (;;) {
    const ssize_t size = ::getdents64(fd.get(), buffer.get(), room);
    if (size < 0) fail_errno("list", shown, errno);
    if (size == 0) return names;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      std::uint16_t length = 0;
      std::memcpy(&length, &buffer[at + offsetof(dirent64, d_reclen)], sizeof length);
      const std::string_view name = &buffer[at + name_at];
      if (name != "." && name != "..") names.emplace_back(name);
      at += length;
    }
  }
}

std::string link_at(const Fd& folder, const std::string& name, const std::string& shown) {
  std::string link(4096, '\0');
  const ssize_t length = ::readlinkat(folder.get(), name.c_str(), link.data(), link.size());
  if (length < 0) fail_errno("read the symlink", shown, errno);
  link.resize(static_cast<std::size_t>(length));
  return link;
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

// One folder on the way down. `path` is relative to the source, empty for the source itself.
struct Level {
  const Fd& fd;
  std::string path;
  dev_t device;
  ino_t inode;
  const Level* above;
  std::size_t depth;
};

class Walker {
 public:
  explicit Walker(const TreeInput& input)
      : input_(input),
        source_(without_slashes(input.source.string())),
        absolute_(without_slashes(fs::absolute(input.source).string())),
        target_(parse_target(input.target, fmt::format("the target of `{}`,", source_))),
        filter_(input, source_, absolute_) {}

  std::vector<RecipeEntry> run() {
    const Fd fd = open_source();
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) fail_errno("stat", source_, errno);
    check_not_virtual(fd, "");
    if (S_ISDIR(status.st_mode)) {
      visit({fd, "", status.st_dev, status.st_ino, nullptr, 0}, filter_.at_top());
    } else if (S_ISREG(status.st_mode)) {
      add_source_file(status);
    } else {
      refuse_special("", status.st_mode);
    }
    filter_.check_all_used();
    sort_by_path(entries_);
    return std::move(entries_);
  }

 private:
  std::string shown(const std::string& path) const {
    return printable(path.empty() ? source_ : source_ + '/' + path);
  }

  // O_NONBLOCK: a FIFO must be refused, not waited for.
  Fd open_source() const {
    Fd fd(::open(input_.source.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (fd) return fd;
    if (errno == ENXIO) refuse_special("", S_IFSOCK);
    if (errno == ELOOP) fail_circles(shown(""));
    if (errno != ENOENT) fail_errno("open", shown(""), errno);
    throw Error(Fault::input,
                fmt::format("`{}` does not exist", shown("")),
                "a relative path is relative to the spec's folder");
  }

  void check_not_virtual(const Fd& fd, const std::string& path) const {
    if (const char* kind = virtual_file_system(fd)) {
      fail(Fault::input,
           "`{}` is on a virtual file system ({}), whose files do not say how long they are",
           shown(path),
           kind);
    }
  }

  void check_name(const std::string& path) const {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    const char* rule = nullptr;
    if (name.starts_with(".wh.")) rule = "has a name that begins with `.wh.`, a deletion mark";
    if (name.find('\n') != std::string_view::npos) rule = "has a newline in its name";
    if (rule == nullptr) return;
    throw Error(
        Fault::input, fmt::format("`{}` {}", shown(path), rule), "rename it, or exclude it");
  }

  [[noreturn]] void refuse_special(const std::string& path, mode_t mode) const {
    const char* type = special_type(mode);
    throw Error(Fault::input,
                fmt::format("`{}` is {}, which cannot be in an image", shown(path), type),
                "exclude it");
  }

  void add_source_file(const struct stat& status) {
    const std::string name = fs::path(source_).filename().string();
    if (filter_.includes(name, Kind::file, filter_.at_top()) == Taken::no) return;
    check_name(name);
    if (input_.target.ends_with('/')) target_ += target_.empty() ? name : '/' + name;
    add_file("", status);
  }

  // A folder whose content is all excluded is left out with it; an empty one stays.
  void visit(const Level& level, Taken taken) {
    const std::vector<std::string> names = names_in(level.fd, shown(level.path));
    const std::size_t before = entries_.size();
    for (const std::string& name : names) {
      visit_name(level, name, taken);
    }
    const bool kept_empty = names.empty() && taken == Taken::yes;
    if (entries_.size() > before || kept_empty) add_folder(level.path);
  }

  void visit_name(const Level& level, const std::string& name, Taken above) {
    const std::string path = level.path.empty() ? name : level.path + '/' + name;
    struct stat status {};
    if (::fstatat(level.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      fail_errno("stat", shown(path), errno);
    }
    const bool follow = S_ISLNK(status.st_mode) && input_.links == TreeInput::Links::follow;
    if (follow && !filter_.excludes(path, Kind::file)) status = followed(level, name, path);
    const auto kind = S_ISDIR(status.st_mode) ? Kind::folder : Kind::file;
    if (filter_.excludes(path, kind)) return;
    const Taken taken = filter_.includes(path, kind, above);
    if (kind == Kind::folder) {
      visit_folder(level, name, path, taken);
    } else if (taken == Taken::yes) {
      check_name(path);
      add_leaf(level, name, path, status);
    }
  }

  void visit_folder(const Level& level,
                    const std::string& name,
                    const std::string& path,
                    Taken taken) {
    const int nofollow = input_.links == TreeInput::Links::keep ? O_NOFOLLOW : 0;
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | nofollow;
    const Fd fd(::openat(level.fd.get(), name.c_str(), flags));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) fail_errno("open", shown(path), errno);
    for (const Level* above = &level; above != nullptr; above = above->above) {
      if (above->device == status.st_dev && above->inode == status.st_ino) {
        fail_circles(shown(path));
      }
    }
    if (level.depth == deepest) {
      fail(Fault::input, "`{}` lies deeper than {} folders", shown(path), deepest);
    }
    if (status.st_dev != level.device) check_not_virtual(fd, path);
    visit({fd, path, status.st_dev, status.st_ino, &level, level.depth + 1}, taken);
  }

  struct stat followed(const Level& level, const std::string& name, const std::string& path) const {
    struct stat status {};
    if (::fstatat(level.fd.get(), name.c_str(), &status, 0) == 0) {
      check_not_virtual(Fd(::openat(level.fd.get(), name.c_str(), O_PATH | O_CLOEXEC)), path);
      return status;
    }
    if (errno == ELOOP) fail_circles(shown(path));
    if (errno != ENOENT) fail_errno("stat", shown(path), errno);
    const std::string link = link_at(level.fd, name, shown(path));
    throw Error(
        Fault::input,
        fmt::format(
            "`{}` is a symlink to `{}`, which does not exist", shown(path), printable(link)),
        "if it is of a download, run the download again");
  }

  void add_leaf(const Level& level,
                const std::string& name,
                const std::string& path,
                const struct stat& status) {
    if (S_ISREG(status.st_mode)) {
      add_file(path, status);
    } else if (S_ISLNK(status.st_mode)) {
      add_link(level, name, path);
    } else {
      refuse_special(path, status.st_mode);
    }
  }

  RecipeEntry new_entry(const std::string& path) const {
    RecipeEntry entry;
    entry.path = target_;
    if (!target_.empty() && !path.empty()) entry.path += '/';
    entry.path += path;
    const Owner owner = input_.owner.value_or(Owner{});
    entry.uid = owner.uid;
    entry.gid = owner.gid;
    return entry;
  }

  void add_file(const std::string& path, const struct stat& status) {
    RecipeEntry entry = new_entry(path);
    entry.mode = input_.mode.value_or((status.st_mode & S_IXUSR) != 0 ? 0755 : 0644);
    entry.size = static_cast<std::uint64_t>(status.st_size);
    const std::string file = path.empty() ? absolute_ : absolute_ + '/' + path;
    entry.content = FileRange{file, identity_of(status), 0};
    entries_.push_back(std::move(entry));
  }

  void add_folder(const std::string& path) {
    RecipeEntry entry = new_entry(path);
    if (entry.path.empty()) return;  // the root of the image
    if (!path.empty()) check_name(path);
    entry.kind = EntryKind::directory;
    const unsigned mode = input_.mode.value_or(0755) & 0777U;
    entry.mode = mode | ((mode & 0444U) >> 2U);
    entries_.push_back(std::move(entry));
  }

  void add_link(const Level& level, const std::string& name, const std::string& path) {
    const Level* top = &level;
    while (top->above != nullptr) {
      top = top->above;
    }
    RecipeEntry entry = new_entry(path);
    entry.kind = EntryKind::symlink;
    entry.mode = 0777;
    entry.link = link_at(level.fd, name, shown(path));
    const LinkCourse course = link_course(top->fd, path, entry.link);
    if (course == LinkCourse::circles) fail_circles(shown(path));
    if (course == LinkCourse::leaves) {
      throw Error(Fault::input,
                  fmt::format("`{}` is a symlink to `{}`, which leaves `{}`",
                              shown(path),
                              printable(entry.link),
                              printable(source_)),
                  "put what it leads to in its place, or exclude it");
    }
    entries_.push_back(std::move(entry));
  }

  const TreeInput& input_;
  std::string source_;    // as the user wrote it, for messages
  std::string absolute_;  // recipes outlive the working directory
  std::string target_;
  FileFilter filter_;
  std::vector<RecipeEntry> entries_;
};

}  // namespace

std::vector<RecipeEntry> walk(const TreeInput& input) {
  return Walker(input).run();
}

}  // namespace mlpack
