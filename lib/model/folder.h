#pragma once

#include <string>
#include <string_view>

namespace mlpack {

/// Of the path `a/b/c` of a file: `c`.
std::string_view name_in(std::string_view path);
/// Of the path `a/b/c` of a file: `a/b/`; of `c`: nothing.
std::string_view folder_of(std::string_view path);
/// Whether a path that a file of the model names stays in its folder: relative, without `..`,
/// a backslash or a NUL.
bool stays_inside(std::string_view path);
/// `a/./b//c` as `a/b/c`.
std::string without_dots(std::string_view path);

}  // namespace mlpack
