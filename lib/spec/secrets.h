#pragma once

#include <string>
#include <string_view>

namespace mlpack {

/// True where the value of an environment variable must not be in an image: it has the shape of a
/// known kind of token, key or URL with a password, or `name` says that it is a password or key
/// and the value is neither empty, a flag nor a path.
bool looks_like_secret(std::string_view name, std::string_view value);

/// True where `text` holds something of the shape of a token, key or URL with a password.
bool has_secret_shape(std::string_view text);

/// `text` with `***` in the place of everything that may be a secret: for messages and for lines
/// that are quoted from the user's file. Masks more than looks_like_secret finds.
std::string mask_secrets(std::string_view text);

/// The two halves of mask_secrets, for who must cut the text in between: the first puts a byte that
/// is no text in the place of each byte of a secret, the second makes `***` of each run of them.
std::string blank_secrets(std::string_view text);
std::string show_blanks(std::string_view text);

/// The same rules as ECMAScript patterns, for the JSON Schema: values that have_secret_shape; names
/// whose value must be empty, a flag or a path, and what such a value looks like; names of tokens,
/// and what looks like one.
struct SecretPatterns {
  std::string_view shapes;
  std::string_view password_names;
  std::string_view password_allowed;
  std::string_view token_names;
  std::string_view tokens;
};
SecretPatterns secret_patterns();

}  // namespace mlpack
