#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A line of a requirements file without its comment, continued ones joined.
struct LogicalLine {
  std::string text;
  std::size_t number = 0;
};

/// Those that are not empty.
std::vector<LogicalLine> logical_lines(std::string_view text);

/// UTF-8, or UTF-16 as Windows writes it, by the mark at the head, as UTF-8 without a mark; nullopt
/// for UTF-16 that is cut or broken.
std::optional<std::string> decoded_text(std::string text);

}  // namespace mlpack
