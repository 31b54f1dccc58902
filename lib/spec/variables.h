#pragma once

#include "lib/spec/type.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

using Variables = std::map<std::string, std::string, std::less<>>;

/// Stands for the base's PATH in a text of Substitution::env; no text of a spec holds it.
inline constexpr char base_path_mark = '\0';

struct Substituted {
  std::string text;
  std::vector<std::string> unknown;  // names that no variable has
  bool malformed = false;            // `${` without a name and `}`
  bool too_long = false;             // longer than `limit`; the text ends before it
};

/// Replaces each `${NAME}` of `text`; `$${` becomes `${`. A variable's value is not looked into.
/// Stops where the result would be longer than `limit` bytes.
Substituted substitute(std::string_view text,
                       const Variables& variables,
                       Substitution how,
                       std::size_t limit = std::size_t{1} << 20);

/// True for [A-Za-z_][A-Za-z0-9_]*.
bool is_variable_name(std::string_view name);

}  // namespace mlpack
