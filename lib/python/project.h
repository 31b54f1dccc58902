#pragma once

#include "lib/file.h"
#include "lib/python/specifier.h"

#include <string>
#include <string_view>

namespace mlpack {

/// What a pyproject.toml says of its project.
struct ProjectFile {
  std::string name;         // normalised; empty: it has none
  std::string version;      // normal form; empty: known once it is built
  PythonSpecifiers python;  // `requires-python`
  enum class Uv { unsaid, settings, workspace } uv = Uv::unsaid;  // settings: it has `[tool.uv]`
};

/// Reads the text of the pyproject.toml at `path`. Fault::input for what is no TOML.
ProjectFile parse_project(std::string_view text, const fs::path& path);

}  // namespace mlpack
