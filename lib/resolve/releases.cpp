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

// Labels are builds of a release, which are compared elsewhere.
std::string without_labels(std::string_view specifier) {
  std::vector<std::string> clauses;
  for (const std::string_view clause : split(specifier, ','))
    clauses.emplace_back(clause.substr(0, clause.find('+')));
  return join(clauses, ",");
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

std::string_view last_release(std::string_view row) {
  const std::size_t dash = row.find('-');
  if (dash == std::string_view::npos || !Version::parse(row.substr(0, dash))) return row;
  const std::string_view last = row.substr(dash + 1);
  return Version::parse(last) ? last : row;
}

bool covers_release(std::string_view row, std::string_view release) {
  const std::string_view last = last_release(row);
  if (row == release || last == row || !Version::parse(release)) return row == release;
  const std::string_view first = row.substr(0, row.find('-'));
  return compare_releases(first, release) <= 0 && compare_releases(release, last) <= 0;
}

ReleaseSpecifier::ReleaseSpecifier(std::string_view specifier)
    : takes_any_(trim(specifier).empty()) {
  if (!takes_any_) wanted_ = PythonSpecifiers::parse(without_labels(specifier));
}

bool ReleaseSpecifier::takes(std::string_view release) const {
  if (takes_any_) return true;
  const auto version = wanted_ ? PythonVersion::parse(release) : std::nullopt;
  return version && wanted_->contains(*version);
}

bool takes_release(std::string_view specifier, const Version& release) {
  return ReleaseSpecifier(specifier).takes(release);
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

const std::vector<Version>& NamedPythons::in(std::string_view text) {
  const auto [known, is_new] = known_.try_emplace(text);
  std::vector<Version>& found = known->second;
  if (!is_new || text.empty()) return found;
  const std::size_t dash = text.find('-');
  const auto first = Version::parse(trim(text.substr(0, dash)));
  const auto last =
      dash == std::string_view::npos ? first : Version::parse(trim(text.substr(dash + 1)));
  const ReleaseSpecifier specifier(first && last ? std::string_view() : text);
  for (const Version& version : all_) {
    const bool is_named =
        first && last ? (version >= *first || version.same_minor(*first)) && version <= *last
                      : specifier.takes(version);
    if (is_named) found.push_back(version);
  }
  return found;
}

}  // namespace mlpack
