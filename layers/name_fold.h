#pragma once

#include <string>
#include <string_view>

namespace mlpack {

/// `name` as file systems see it that ignore case or the way accents are encoded (macOS, Windows):
/// with its case folded and composed (NFC). Of bytes that are not UTF-8 only ASCII letters are
/// folded. Two names with one fold may be one file.
std::string fold_name(std::string_view name);

}  // namespace mlpack
