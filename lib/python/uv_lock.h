#pragma once

#include "lib/error.h"
#include "lib/file.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The folders of the projects that the uv.lock at `path` with the text `text` was made of: the
/// members of its workspace, and others on disk.
std::vector<fs::path> uv_lock_folders(std::string_view text, const fs::path& path);

/// The text of a file; nullopt where there is none.
using TextOf = std::function<std::optional<std::string>(const fs::path&)>;

/// Where the pyproject.toml files that a uv.lock was made of say something else than it has:
/// dependencies, extras, groups, constraints and overrides by name, extra and version. Markers are
/// not compared, and what is made when a project is built is not known. None: `uv lock` would have
/// nothing to add.
std::vector<Where> uv_lock_differences(std::string_view text,
                                       const fs::path& path,
                                       const TextOf& text_of);

}  // namespace mlpack
