#include "lib/host/flat_toml.h"

#include "lib/text.h"

namespace mlpack {
namespace {

// Up to a `#` that is not quoted.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      return line.substr(0, i);
    }
  }
  return line;
}

std::string unquoted(std::string_view text) {
  text = trim(text);
  const bool is_quoted = text.size() >= 2 && text.front() == text.back() &&
                         (text.front() == '"' || text.front() == '\'');
  return std::string(is_quoted ? text.substr(1, text.size() - 2) : text);
}

}  // namespace

std::map<std::string, std::string> flat_toml(std::string_view text) {
  std::map<std::string, std::string> values;
  std::string table;
  for (std::string_view line : split(text, '\n')) {
    line = trim(without_comment(line));
    if (line.starts_with('[')) {
      const std::size_t begin = line.find_first_not_of('[');
      const std::size_t end = line.find_last_not_of(']');
      const bool is_table = begin != std::string_view::npos && end != std::string_view::npos;
      table =
          is_table && end >= begin ? std::string(trim(line.substr(begin, end + 1 - begin))) : "";
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string key = unquoted(line.substr(0, equals));
    values[table.empty() ? key : table + "." + key] = unquoted(line.substr(equals + 1));
  }
  return values;
}

}  // namespace mlpack
