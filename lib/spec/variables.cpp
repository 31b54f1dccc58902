#include "lib/spec/variables.h"

#include <algorithm>

namespace mlpack {
namespace {

void replace_one(std::string_view name,
                 const Variables& variables,
                 Substitution how,
                 Substituted& result) {
  const auto known = variables.find(name);
  if (known != variables.end()) {
    result.text += known->second;
  } else if (how == Substitution::env && name == "PATH") {
    result.text += base_path_mark;
  } else if (is_variable_name(name)) {
    result.unknown.emplace_back(name);
  } else {
    result.malformed = true;
  }
}

}  // namespace

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

Substituted substitute(std::string_view text,
                       const Variables& variables,
                       Substitution how,
                       std::size_t limit) {
  Substituted result;
  while (!text.empty()) {
    if (result.text.size() > limit) {
      result.too_long = true;
      break;
    }
    if (text.starts_with("$${")) {
      result.text += "${";
      text.remove_prefix(3);
    } else if (text.starts_with("${")) {
      const std::size_t end = std::min(text.find('}'), text.size());
      replace_one(end == text.size() ? std::string_view() : text.substr(2, end - 2),
                  variables,
                  how,
                  result);
      text.remove_prefix(std::min(end + 1, text.size()));
    } else {
      const std::size_t next = std::min(text.find('$', 1), text.size());
      result.text += text.substr(0, next);
      text.remove_prefix(next);
    }
  }
  return result;
}

}  // namespace mlpack
