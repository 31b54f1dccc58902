#include "cli/python_resolver.h"
#include "cli/python_versions.h"
#include "lib/python/name.h"
#include "lib/python/requirement.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_names = 200;

// `six` of `six==1.17.0`, `six>=1`, `six[x]`.
std::string name_in(std::string_view word) {
  const std::size_t begin = word.find_first_not_of("`'\"(");
  if (begin == std::string_view::npos) return {};
  word.remove_prefix(begin);
  const std::size_t end = word.find_first_of("=<>!~[");
  if (end == std::string_view::npos || end == 0) return {};
  const std::string_view name = word.substr(0, end);
  return is_project_name(name) ? normalized_name(name) : std::string();
}

// What the resolver speaks of, and what was asked for.
std::set<std::string> names_of(const OpenPython& open, const std::string& said) {
  std::set<std::string> names;
  for (const std::string_view word : split(said, ' ')) {
    if (auto name = name_in(word); !name.empty()) names.insert(std::move(name));
  }
  for (const std::string& package : open.question.spec.python->value.packages) {
    if (const auto read = parse_requirement(package)) names.insert(read->name);
  }
  for (const std::string_view line : split(open.inputs, '\n')) {
    const auto read = parse_requirement(trim(line.substr(0, line.find(" #"))));
    if (read && read->url.empty()) names.insert(read->name);
  }
  return names;
}

// Of the versions that `wish` takes there is no wheel; empty where there is one.
std::string problem_of(const std::string& package,
                       const std::optional<PythonSpecifiers>& wish,
                       const PackageVersions& versions) {
  const bool has_any =
      std::any_of(versions.fitting.begin(), versions.fitting.end(), [&](const auto& version) {
        return !wish || wish->contains(version.first);
      });
  if (has_any || versions.others == 0) return {};
  if (versions.fitting.empty()) return fmt::format("`{}` has no wheel for the image", package);
  return fmt::format("`{}` has no wheel of the version that is asked for; these have one: {}",
                     package,
                     versions.nearest(wish ? wish->pinned() : std::nullopt));
}

std::map<std::string, PythonSpecifiers> wishes_of(const OpenPython& open) {
  std::map<std::string, PythonSpecifiers> wishes;
  const auto add = [&](std::string_view text) {
    const auto read = parse_requirement(text);
    if (read && !read->versions.empty()) wishes.insert_or_assign(read->name, read->versions);
  };
  for (const std::string& package : open.question.spec.python->value.packages)
    add(package);
  for (const std::string_view line : split(open.inputs, '\n'))
    add(trim(line.substr(0, line.find(" #"))));
  return wishes;
}

}  // namespace

std::vector<Where> packages_without_wheels(const OpenPython& open,
                                           const std::string& said,
                                           Session& session) {
  const std::set<std::string> all = names_of(open, said);
  if (all.size() > most_names) return {};
  const std::vector<std::string> names(all.begin(), all.end());
  const auto wishes = wishes_of(open);
  const WheelCatalog catalog(open.settings, open.question.facts.target, session);
  std::vector<std::string> found(names.size());
  parallel_for(names.size(), session.world.settings.transfers, [&](std::size_t i) {
    const auto wish = wishes.find(names[i]);
    found[i] = problem_of(names[i],
                          wish == wishes.end() ? std::nullopt : std::optional(wish->second),
                          catalog.find(names[i]));
  });
  std::vector<Where> problems;
  const Where place = open.question.spec.where(open.question.spec.python->place);
  for (std::string& text : found) {
    if (!text.empty()) problems.push_back({place.file, place.line, place.column, std::move(text)});
  }
  return problems;
}

}  // namespace mlpack
