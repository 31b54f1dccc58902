// Answers questions on stdin, a line each, words separated by tabs: what lib/python says, for
// compare_packaging.py.
#include "lib/python/marker.h"
#include "lib/python/name.h"
#include "lib/python/requirement.h"
#include "lib/python/specifier.h"
#include "lib/python/tags.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <iostream>
#include <string>

namespace {

using namespace mlpack;

std::string compare(const std::string& left, const std::string& right) {
  const auto a = PythonVersion::parse(left);
  const auto b = PythonVersion::parse(right);
  if (!a || !b) return "invalid";
  return *a < *b ? "<" : *a > *b ? ">" : "=";
}

std::string contains(const std::string& specifiers, const std::string& version) {
  const auto parsed = PythonSpecifiers::parse(specifiers);
  const auto found = PythonVersion::parse(version);
  if (!parsed || !found) return "invalid";
  return parsed->contains(*found) ? "yes" : "no";
}

std::string holds(const std::string& marker) {
  MarkerEnvironment environment = linux_markers("3.11.2", "x86_64");
  environment.extras = {"gpu"};
  const auto result = evaluate_marker(marker, environment);
  return !result ? "invalid" : *result ? "yes" : "no";
}

std::string tags_of(unsigned minor, const std::string& machine, unsigned glibc) {
  const SupportedTags tags({3, minor, machine, {LibcVersion::Kind::glibc, 2, glibc}});
  return fmt::format("{}", fmt::join(tags.all(), " "));
}

std::string answer(const std::vector<std::string>& words) {
  const std::string& what = words.at(0);
  if (what == "version") {
    const auto version = PythonVersion::parse(words.at(1));
    return version ? version->text() : "invalid";
  }
  if (what == "compare") return compare(words.at(1), words.at(2));
  if (what == "contains") return contains(words.at(1), words.at(2));
  if (what == "marker") return holds(words.at(1));
  if (what == "name") return normalized_name(words.at(1));
  if (what == "requirement") {
    const auto parsed = parse_requirement(words.at(1));
    if (!parsed) return "invalid";
    return fmt::format("{} {} {}", parsed->name, fmt::join(parsed->extras, ","), parsed->url);
  }
  if (what == "tags") {
    return tags_of(static_cast<unsigned>(std::stoul(words.at(1))),
                   words.at(2),
                   static_cast<unsigned>(std::stoul(words.at(3))));
  }
  return "?";
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<std::string> words;
    for (const std::string_view word : split(line, '\t'))
      words.emplace_back(word);
    std::cout << answer(words) << '\n';
  }
}
