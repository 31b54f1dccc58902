#include "lib/resolve/releases.h"

#include "lib/text.h"

#include <algorithm>
#include <optional>
#include <string>

namespace mlpack {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The run of digits, or of anything else, that `text` begins with.
std::string_view first_run(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length]) == is_digit(text.front()))
    ++length;
  return text.substr(0, length);
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  const auto significant = [](std::string_view digits) {
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
  };
  a = significant(a);
  b = significant(b);
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

std::strong_ordering compare_runs(std::string_view a, std::string_view b) {
  const bool is_number = is_digit(a.front());
  if (is_number != is_digit(b.front())) {
    return is_number ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  return is_number ? compare_numbers(a, b) : a <=> b;
}

bool is_prerelease(std::string_view rest) {
  return rest.starts_with("rc") || rest.starts_with("a") || rest.starts_with("b");
}

struct Clause {
  std::string_view comparison;
  std::string number;
  bool is_prefix = false;  // `==2.9.*`
};

Clause parse_clause(std::string_view text) {
  text = trim(text);
  Clause clause;
  const std::size_t end = std::min(text.find_first_not_of("=!<>~"), text.size());
  clause.comparison = text.substr(0, end);
  std::string_view number = trim(text.substr(end));
  number = number.substr(0, number.find('+'));
  if (number.ends_with(".*")) {
    clause.is_prefix = true;
    number.remove_suffix(2);
  }
  clause.number = number;
  return clause;
}

bool has_prefix(const Version& release, const Version& prefix) {
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (release.part(i) != prefix.part(i)) return false;
  }
  return true;
}

// `~=2.5.1` is `>=2.5.1` and `==2.5.*`.
bool is_compatible(const Version& release, const Version& wanted) {
  for (std::size_t i = 0; i + 1 < wanted.size(); ++i) {
    if (release.part(i) != wanted.part(i)) return false;
  }
  return release >= wanted;
}

bool takes(const Clause& clause, const Version& release) {
  const std::optional<Version> wanted = Version::parse(clause.number);
  if (!wanted) return false;
  const std::string_view op = clause.comparison;
  const bool equal = clause.is_prefix ? has_prefix(release, *wanted) : release == *wanted;
  if (op == "==" || op == "===") return equal;
  if (op == "!=") return !equal;
  if (op == "<=") return release <= *wanted;
  if (op == ">=") return release >= *wanted;
  if (op == "<") return release < *wanted;
  if (op == ">") return release > *wanted;
  return op == "~=" && is_compatible(release, *wanted);
}

}  // namespace

std::strong_ordering compare_releases(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    if (a.empty() || b.empty()) {
      const bool is_before = is_prerelease(a.empty() ? b : a);
      return a.empty() == is_before ? std::strong_ordering::greater : std::strong_ordering::less;
    }
    const std::string_view run_a = first_run(a);
    const std::string_view run_b = first_run(b);
    if (const auto order = compare_runs(run_a, run_b); order != 0) return order;
    a.remove_prefix(run_a.size());
    b.remove_prefix(run_b.size());
  }
  return std::strong_ordering::equal;
}

bool takes_release(std::string_view specifier, const Version& release) {
  if (trim(specifier).empty()) return true;
  const std::vector<std::string_view> clauses = split(specifier, ',');
  return std::all_of(clauses.begin(), clauses.end(), [&](std::string_view clause) {
    return takes(parse_clause(clause), release);
  });
}

std::string pinned_release(std::string_view specifier) {
  if (!specifier.starts_with("==") || specifier.find(',') != std::string_view::npos) return {};
  return std::string(specifier.substr(2));
}

std::string_view local_label(std::string_view specifier) {
  const std::size_t plus = specifier.find('+');
  if (plus == std::string_view::npos) return {};
  const std::string_view rest = specifier.substr(plus + 1);
  return trim(rest.substr(0, rest.find(',')));
}

std::vector<Version> python_versions(std::string_view text, std::span<const Version> all) {
  std::vector<Version> found;
  const std::size_t dash = text.find('-');
  const auto first = Version::parse(trim(text.substr(0, dash)));
  const auto last =
      dash == std::string_view::npos ? first : Version::parse(trim(text.substr(dash + 1)));
  for (const Version& version : all) {
    const bool is_named =
        first && last ? (version >= *first || version.same_minor(*first)) && version <= *last
                      : takes_release(text, version);
    if (is_named && !text.empty()) found.push_back(version);
  }
  return found;
}

}  // namespace mlpack
