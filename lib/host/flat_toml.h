#pragma once

#include <map>
#include <string>
#include <string_view>

namespace mlpack {

/// The keys of a TOML file with their tables, as far as doctor needs them: `a."b.c".d` = text of a
/// scalar, or the raw text of anything else. Lines that are not understood are passed over.
std::map<std::string, std::string> flat_toml(std::string_view text);

}  // namespace mlpack
