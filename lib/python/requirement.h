#pragma once

#include "lib/python/specifier.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A dependency specifier (PEP 508): `torch[opt] >=2.0; python_version < "3.13"` or
/// `name @ https://…/name-1.0-py3-none-any.whl`.
struct PythonRequirement {
  std::string name;                 // normalised
  std::vector<std::string> extras;  // normalised
  PythonSpecifiers versions;
  std::string url;     // of a direct reference, as written; else empty
  std::string marker;  // as written; empty: always
};

/// nullopt for what is none. The marker is not evaluated.
std::optional<PythonRequirement> parse_requirement(std::string_view text);

}  // namespace mlpack
