#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace mlpack {

/// Parses foreign JSON with our limits: at most 64 levels, no duplicate keys, UTF-8 without a byte
/// order mark, nothing but blanks behind it. What breaks a rule is Fault::input saying `what` (such
/// as "manifest of `x`"), the rule and the place. Takes time in proportion to the size of `text`,
/// whose cap is the caller's; but each look-up of a key in the result reads the keys before it.
nlohmann::ordered_json parse_json(std::string_view text, const std::string& what);

}  // namespace mlpack
