#include "lib/resolve/filled.h"

namespace mlpack {

std::string filled(std::string_view pattern, const std::map<std::string, std::string>& values) {
  std::string text;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    const std::size_t close = pattern.find('}', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    text += pattern.substr(0, open);
    const auto value = values.find(std::string(pattern.substr(open + 1, close - open - 1)));
    text +=
        value == values.end() ? std::string(pattern.substr(open, close - open + 1)) : value->second;
    pattern.remove_prefix(close + 1);
  }
  return text + std::string(pattern);
}

}  // namespace mlpack
