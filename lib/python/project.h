#pragma once

#include "lib/file.h"
#include "lib/python/specifier.h"

#include <string_view>

namespace mlpack {

/// The Pythons that a pyproject.toml is for (`requires-python`); any where it does not say.
/// Fault::input for what is no TOML.
PythonSpecifiers project_python(std::string_view text, const fs::path& path);

}  // namespace mlpack
