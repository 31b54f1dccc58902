#pragma once

#include <string>
#include <string_view>

namespace mlpack {

/// `name` as file systems see it that ignore case or the way accents are encoded (macOS, Windows):
/// lower case for ASCII, Latin, Greek and Cyrillic letters, accented Latin letters taken apart.
/// Other scripts stay as they are. Two names with one fold may be one file.
std::string fold_name(std::string_view name);

}  // namespace mlpack
