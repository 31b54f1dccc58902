#pragma once

#include <compare>
#include <cstddef>

namespace mlpack {

/// Line and column (in characters) of a value in a file, both from 1.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
  auto operator<=>(const Place&) const = default;
};

}  // namespace mlpack
