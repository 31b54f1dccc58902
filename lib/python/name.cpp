#include "lib/python/name.h"

#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name_separator(char c) {
  return c == '.' || c == '_' || c == '-';
}

}  // namespace

bool is_project_name(std::string_view name) {
  return !name.empty() && is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || is_name_separator(c);
         });
}

std::string normalized_name(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool separates = is_name_separator(c);
    if (separates && !result.empty() && result.back() == '-') continue;
    result += separates ? '-' : c;
  }
  return to_lower(result);
}

}  // namespace mlpack
