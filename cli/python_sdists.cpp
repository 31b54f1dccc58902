#include "cli/python_resolver.h"
#include "cli/python_versions.h"
#include "lib/python/name.h"
#include "lib/python/requirement.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_names = 200;
constexpr std::size_t most_shown = 5;

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
  for (const std::string& text : asked_requirements(open)) {
    const auto read = parse_requirement(text);
    if (read && read->url.empty()) names.insert(read->name);
  }
  return names;
}

// What is known of a package that has no wheel, or none of the version that is asked for.
struct MissingWheel {
  enum class Kind { none, unknown, version, python, machine, sources } kind = Kind::none;
  std::string text = {};
};

std::string list_of(const std::set<std::string>& texts) {
  const std::size_t shown = std::min(texts.size(), most_shown);
  std::vector<std::string> few(texts.begin(), std::next(texts.begin(), std::ptrdiff_t(shown)));
  for (std::string& text : few)
    text = printable(text);
  return join(few, ", ") + (texts.size() > shown ? ", …" : "");
}

MissingWheel nothing_fits(const std::string& package, const PackageVersions& versions) {
  using Kind = MissingWheel::Kind;
  const std::string none = fmt::format("`{}` has no wheel for the image: ", package);
  if (!versions.other_pythons.empty()) {
    return {Kind::python,
            none + "those that there are want Python " + list_of(versions.other_pythons)};
  }
  if (!versions.other_tags.empty()) {
    return {Kind::machine, none + "those that there are are for " + list_of(versions.other_tags)};
  }
  return {Kind::sources, none + "there are only source distributions"};
}

MissingWheel problem_of(const std::string& package,
                        const std::optional<PythonSpecifiers>& wish,
                        const PackageVersions& versions) {
  const bool has_any =
      std::any_of(versions.fitting.begin(), versions.fitting.end(), [&](const auto& version) {
        return !wish || wish->contains(version.first);
      });
  if (has_any || !versions.is_known()) return {};
  if (versions.fitting.empty()) return nothing_fits(package, versions);
  return {MissingWheel::Kind::version,
          fmt::format("`{}` has no wheel of the version that is asked for; these have one: {}",
                      package,
                      versions.nearest(wish ? wish->pinned() : std::nullopt))};
}

// What helps against the first kind that there is.
std::string hint_against(const std::vector<MissingWheel>& problems) {
  using Kind = MissingWheel::Kind;
  constexpr std::array<std::pair<Kind, const char*>, 5> hints{
      {{Kind::unknown,
        "check the name, or name the index that has it in `python.extra_index_urls`"},
       {Kind::version, "ask for a version that has a wheel"},
       {Kind::python,
        "choose a base with such a Python (`python.version`), or an older version of the package"},
       {Kind::machine,
        "choose a base, a `python.version` or a `platform` that they are for, or build a wheel "
        "with `pip wheel`, and name its folder in `find_links`"},
       {Kind::sources, "build a wheel with `pip wheel`, and name its folder in `find_links`"}}};
  for (const auto& hint : hints) {
    const bool is_there =
        std::any_of(problems.begin(), problems.end(), [&](const MissingWheel& one) {
          return one.kind == hint.first;
        });
    if (is_there) return hint.second;
  }
  return {};
}

// The names behind words after which a resolver names what it did not find.
std::set<std::string> names_not_found(const std::string& said) {
  std::set<std::string> names;
  const auto add = [&](std::string_view word) {
    word = word.substr(0, word.find_first_of("=<>!~[ ;("));
    if (is_project_name(word)) names.insert(normalized_name(word));
  };
  constexpr std::string_view pip = "No matching distribution found for ";
  for (std::size_t at = said.find(pip); at != std::string::npos; at = said.find(pip, at + 1))
    add(std::string_view(said).substr(at + pip.size()));
  constexpr std::string_view uv = " was not found in the ";
  for (std::size_t at = said.find(uv); at != std::string::npos; at = said.find(uv, at + 1)) {
    const std::string_view before = std::string_view(said).substr(0, at);
    add(before.substr(before.rfind(' ') + 1));
  }
  return names;
}

std::map<std::string, PythonSpecifiers> wishes_of(const OpenPython& open) {
  std::map<std::string, PythonSpecifiers> wishes;
  for (const std::string& text : asked_requirements(open)) {
    const auto read = parse_requirement(text);
    if (read && !read->versions.empty()) wishes.insert_or_assign(read->name, read->versions);
  }
  return wishes;
}

}  // namespace

std::vector<std::string> asked_requirements(const OpenPython& open) {
  std::vector<std::string> texts = open.question.spec.python->value.packages;
  for (const RequirementLine& line : open.file.requirements)
    texts.push_back(line.text);
  return texts;
}

MissingWheels packages_without_wheels(const OpenPython& open,
                                      const std::string& said,
                                      Session& session) {
  const std::set<std::string> not_found = names_not_found(said);
  std::set<std::string> all = names_of(open, said);
  all.insert(not_found.begin(), not_found.end());
  if (all.size() > most_names) return {};
  const std::vector<std::string> names(all.begin(), all.end());
  const auto wishes = wishes_of(open);
  const WheelCatalog catalog(open.settings, open.question.facts, session);
  std::vector<PackageVersions> found(names.size());
  parallel_for(names.size(), session.world.settings.transfers, [&](std::size_t i) {
    found[i] = catalog.find(names[i]);
  });
  MissingWheels missing;
  std::vector<MissingWheel> problems;
  const Where place = open.question.spec.where(open.question.spec.python->place);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto wish = wishes.find(names[i]);
    MissingWheel problem = problem_of(
        names[i], wish == wishes.end() ? std::nullopt : std::optional(wish->second), found[i]);
    if (not_found.contains(names[i]) && !found[i].is_known()) {
      if (found[i].trouble) missing.index_trouble = found[i].trouble;
      problem = {MissingWheel::Kind::unknown,
                 fmt::format("no index that was asked knows `{}`", names[i])};
    }
    if (problem.kind == MissingWheel::Kind::none) continue;
    missing.where.push_back({place.file, place.line, place.column, problem.text});
    problems.push_back(std::move(problem));
  }
  missing.hint = hint_against(problems);
  return missing;
}

}  // namespace mlpack
