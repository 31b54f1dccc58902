#pragma once

#include "lib/error.h"
#include "lib/file.h"

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Names types of toml++: for lib/python and registry/registries_conf alone.

namespace mlpack {

/// The document; Fault::input with the place of what is wrong.
toml::table parse_toml(std::string_view text, const fs::path& path);

/// Where a node is in the file at `path`.
Where toml_where(const toml::node& node, const fs::path& path);

}  // namespace mlpack
