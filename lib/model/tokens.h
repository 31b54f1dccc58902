#pragma once

#include <string>
#include <string_view>

namespace mlpack {

/// Source code, which may be called after what it is about.
bool is_source_code(std::string_view path);

/// Whether a token in that file is somebody's own: neither in what a distribution or a package
/// brings, nor in what is there for tests.
bool may_hold_token(std::string_view path);

/// What a text holds that is surely a token or a key, such as `a token of Hugging Face`; never the
/// token itself. Empty: nothing.
std::string token_in(std::string_view text);

}  // namespace mlpack
