#include "lib/python/requirement.h"

#include "lib/python/name.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::string_view name_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

std::string_view take_name(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of(name_characters), text.size());
  const std::string_view name = text.substr(0, end);
  text = trim(text.substr(end));
  return name;
}

// `[one, two]` off the front; false for what is broken.
bool take_extras(std::string_view& text, std::vector<std::string>& extras) {
  if (!text.starts_with('[')) return true;
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return false;
  const std::string_view inside = trim(text.substr(1, end - 1));
  text = trim(text.substr(end + 1));
  if (inside.empty()) return true;
  for (const std::string_view part : split(inside, ',')) {
    if (!is_project_name(trim(part))) return false;
    extras.push_back(normalized_name(trim(part)));
  }
  return true;
}

// A URL ends at a blank: a `;` may be part of it.
void take_url(std::string_view text, PythonRequirement& requirement) {
  text = trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  requirement.url = text.substr(0, end);
  const std::string_view rest = trim(text.substr(end));
  requirement.marker = rest;
}

}  // namespace

std::optional<PythonRequirement> parse_requirement(std::string_view text) {
  text = trim(text);
  PythonRequirement requirement;
  const std::string_view name = take_name(text);
  if (!is_project_name(name)) return std::nullopt;
  requirement.name = normalized_name(name);
  if (!take_extras(text, requirement.extras)) return std::nullopt;
  if (text.starts_with('@')) {
    take_url(text.substr(1), requirement);
    if (requirement.url.empty()) return std::nullopt;
    if (requirement.marker.empty()) return requirement;
    if (!requirement.marker.starts_with(';')) return std::nullopt;
    requirement.marker = trim(std::string_view(requirement.marker).substr(1));
    return requirement.marker.empty() ? std::nullopt : std::optional(std::move(requirement));
  }
  const std::size_t semicolon = text.find(';');
  std::string_view versions = trim(text.substr(0, semicolon));
  if (versions.starts_with('(') && versions.ends_with(')')) {
    versions = trim(versions.substr(1, versions.size() - 2));
  }
  const auto specifiers = PythonSpecifiers::parse(versions);
  if (!specifiers) return std::nullopt;
  requirement.versions = *specifiers;
  if (semicolon == std::string_view::npos) return requirement;
  requirement.marker = trim(text.substr(semicolon + 1));
  return requirement.marker.empty() ? std::nullopt : std::optional(std::move(requirement));
}

}  // namespace mlpack
