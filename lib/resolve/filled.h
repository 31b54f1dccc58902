#pragma once

#include <map>
#include <string>
#include <string_view>

namespace mlpack {

/// `pattern` with `{NAME}` replaced by the value of NAME; other braces stay as they are.
std::string filled(std::string_view pattern, const std::map<std::string, std::string>& values);

}  // namespace mlpack
