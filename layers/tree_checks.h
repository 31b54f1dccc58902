#pragma once

#include "lib/file.h"

#include <string>
#include <string_view>

namespace mlpack {

/// What a symlink in a source does.
enum class LinkCourse { inside, leaves, circles };

/// Where the symlink `path` (relative to the folder open as `root`) with the text `link` leads. It
/// must stay inside by its text, which is what counts in an image, and by what it leads to here,
/// where links on the way may say otherwise. What does not exist is judged by the text alone.
LinkCourse link_course(const Fd& root, const std::string& path, std::string_view link);

/// The kind of the virtual file system (`proc`, `sysfs` …) that `fd` is on; nullptr on a real one.
const char* virtual_file_system(const Fd& fd);

}  // namespace mlpack
