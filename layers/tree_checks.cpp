#include "layers/tree_checks.h"

#include "lib/text.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

namespace mlpack {
namespace {

// Kernels before 5.6 have no openat2: the text decides alone.
LinkCourse course_by_kernel(const Fd& root, const std::string& path) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long result = ::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how);
  const Fd fd(static_cast<int>(result));
  if (fd) return LinkCourse::inside;
  if (errno == EXDEV) return LinkCourse::leaves;
  return errno == ELOOP ? LinkCourse::circles : LinkCourse::inside;
}

LinkCourse course_by_text(const std::string& path, std::string_view link) {
  if (link.starts_with('/')) return LinkCourse::leaves;
  std::size_t depth = split(path, '/').size() - 1;
  for (const std::string_view part : split(link, '/')) {
    if (part == "..") {
      if (depth == 0) return LinkCourse::leaves;
      --depth;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
  }
  return LinkCourse::inside;
}

}  // namespace

LinkCourse link_course(const Fd& root, const std::string& path, std::string_view link) {
  const LinkCourse course = course_by_kernel(root, path);
  return course == LinkCourse::inside ? course_by_text(path, link) : course;
}

const char* virtual_file_system(const Fd& fd) {
  struct statfs status {};
  if (::fstatfs(fd.get(), &status) != 0) return nullptr;
  switch (static_cast<unsigned long>(status.f_type)) {
    case PROC_SUPER_MAGIC:
      return "proc";
    case SYSFS_MAGIC:
      return "sysfs";
    case DEBUGFS_MAGIC:
      return "debugfs";
    case TRACEFS_MAGIC:
      return "tracefs";
    case CGROUP2_SUPER_MAGIC:
      return "cgroup2";
    default:
      return nullptr;
  }
}

}  // namespace mlpack
