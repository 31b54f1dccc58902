#include "lib/python/requirements_file.h"
#include "lib/python/tags.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace mlpack {
namespace {

PythonPackage locked_of(const RequirementLine& line) {
  PythonPackage package;
  package.name = line.requirement.name;
  package.sha256 = line.sha256;
  package.where = line.where;
  package.url = line.requirement.url.substr(0, line.requirement.url.find('#'));
  if (!package.url.empty()) {
    package.file = file_in_url(package.url);
    package.origin = PythonPackage::Origin::direct;
  }
  const auto version = line.requirement.versions.pinned();
  if (version) package.version = version->text();
  return package;
}

void add_problem(PythonSelection& selection, const Where& where, std::string text) {
  selection.problems.push_back(where);
  selection.problems.back().message = std::move(text);
}

}  // namespace

bool is_locked(const RequirementsFile& file) {
  if (file.requirements.empty() && !file.local.empty()) return false;
  return std::all_of(
      file.requirements.begin(), file.requirements.end(), [](const RequirementLine& line) {
        const PythonRequirement& wanted = line.requirement;
        return !line.sha256.empty() && (!wanted.url.empty() || wanted.versions.pinned());
      });
}

PythonSelection select_requirements(const RequirementsFile& file, const PythonFacts& facts) {
  PythonSelection selection;
  std::map<std::string, PythonPackage> chosen;
  for (const RequirementLine& line : file.requirements) {
    const auto applies = evaluate_marker(line.requirement.marker, facts.markers);
    if (!applies.value_or(false)) continue;
    PythonPackage package = locked_of(line);
    const auto [there, is_new] = chosen.try_emplace(package.name, package);
    const bool agrees = there->second.version == package.version &&
                        there->second.url == package.url && there->second.sha256 == package.sha256;
    if (!is_new && !agrees) {
      add_problem(
          selection, line.where, fmt::format("`{}` is here twice, differently", package.name));
    }
  }
  for (const RequirementLine& line : file.constraints) {
    const auto found = chosen.find(line.requirement.name);
    if (found == chosen.end() || found->second.version.empty()) continue;
    if (!line.requirement.versions.contains(*PythonVersion::parse(found->second.version))) {
      add_problem(selection, line.where, fmt::format("the constraint excludes `{}`", found->first));
    }
  }
  for (auto& entry : chosen)
    selection.packages.push_back(std::move(entry.second));
  return selection;
}

}  // namespace mlpack
