#pragma once

#include <string>
#include <string_view>

namespace mlpack {

/// Whether `name` may be the name of a project (PEP 508): letters, digits, `.`, `_` and `-`, the
/// first and the last of them a letter or a digit.
bool is_project_name(std::string_view name);

/// The name as indexes and comparisons have it (PEP 503): lower case, runs of `.`, `_` and `-` are
/// one `-`. Extras and groups are compared in the same way (PEP 685, 735).
std::string normalized_name(std::string_view name);

}  // namespace mlpack
