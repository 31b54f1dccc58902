#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mlpack {

/// A string or number of a JSON document; other values do not matter here.
struct JsonLeaf {
  const std::vector<std::string>& path;  // keys from the root; `[]` for an array
  std::variant<std::uint64_t, std::string> value;
};

/// Calls `visit` for each leaf of the object `text` in memory that does not grow with it. What is
/// wrong with the text (not an object, more than 64 levels, a negative number where one is) is
/// returned, empty where nothing is.
std::string for_each_leaf(std::string_view text, const std::function<void(const JsonLeaf&)>& visit);

}  // namespace mlpack
