#include "cli/python_local.h"

#include "lib/python/project.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_project = std::uint64_t{64} << 20;

struct BuiltWheel {
  fs::path path;
  WheelName name;
};

// Where `pip wheel` and `python -m build` put them.
std::vector<BuiltWheel> wheels_in(const fs::path& folder) {
  std::vector<BuiltWheel> found;
  for (const fs::path& place : {folder / "dist", folder}) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(place, failed)) {
      if (auto name = parse_wheel_name(entry.path().filename().string())) {
        found.push_back({entry.path().lexically_normal(), std::move(*name)});
      }
    }
  }
  std::sort(
      found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

// What is not known of a package is not asked about.
bool is_wheel_of(const WheelName& wheel, const std::string& name, const std::string& version) {
  return (name.empty() || wheel.name == name) &&
         (version.empty() || wheel.parsed.text() == version);
}

Digest sha256_of(const fs::path& path) {
  const std::unique_ptr<Source> source = open_file(path);
  return digest_of(*source);
}

PythonPackage package_at(const BuiltWheel& wheel) {
  PythonPackage package;
  package.name = wheel.name.name;
  package.version = wheel.name.parsed.text();
  package.file = wheel.path.filename().string();
  package.path = wheel.path;
  package.origin = PythonPackage::Origin::direct;
  return package;
}

std::string how_to_build(const fs::path& folder) {
  const std::string shown = printable(folder.string());
  return fmt::format("build one: `pip wheel --no-deps -w {0}/dist {0}`", shown);
}

ProjectFile project_in(const fs::path& folder) {
  const fs::path path = folder / "pyproject.toml";
  const auto text = read_file_if_exists(path, largest_project);
  return text ? parse_project(*text, path) : ProjectFile{};
}

class LocalWheels {
 public:
  LocalWheels(const PythonFacts& facts, PythonSelection& selection)
      : facts_(facts), tags_(facts.target), selection_(selection) {}

  void add(const LocalRequirement& wanted) {
    if (!evaluate_marker(wanted.marker, facts_.markers).value_or(false)) return;
    std::error_code absent;
    const bool is_folder = fs::is_directory(wanted.path, absent);
    const auto wheel = is_folder ? best_in(wanted) : named(wanted);
    if (!wheel) return;
    PythonPackage package = package_at(*wheel);
    package.where = wanted.where;
    package.sha256.push_back(sha256_of(wheel->path));
    check_hash(package, wanted);
    put(std::move(package), wanted);
  }

 private:
  void problem(const LocalRequirement& wanted, std::string text) {
    selection_.problems.push_back(wanted.where);
    selection_.problems.back().message = std::move(text);
  }

  static void check_hash(const PythonPackage& package, const LocalRequirement& wanted) {
    const auto& known = wanted.sha256;
    const Digest& is = package.sha256.front();
    if (known.empty() || std::find(known.begin(), known.end(), is) != known.end()) return;
    throw Error(Fault::integrity,
                fmt::format("`{}` has the sha256 {}, which the lock does not have",
                            printable(package.path.string()),
                            is.hex()),
                "the file is not the one that was locked: lock it again");
  }

  std::optional<BuiltWheel> named(const LocalRequirement& wanted) {
    auto name = parse_wheel_name(wanted.path.filename().string());
    const std::string shown = printable(wanted.path.string());
    if (!name) {
      problem(wanted, fmt::format("`{}` is neither a wheel nor a folder", shown));
    } else if (!wanted.name.empty() && name->name != wanted.name) {
      problem(wanted, fmt::format("`{}` is no wheel of `{}`", shown, wanted.name));
    } else if (!tags_.rank(name->tags)) {
      problem(wanted, fmt::format("`{}` is for another Python or machine", shown));
    } else {
      return BuiltWheel{wanted.path, std::move(*name)};
    }
    return std::nullopt;
  }

  // What lies there may have been built of something else, or come along as a dependency.
  std::optional<BuiltWheel> best_in(const LocalRequirement& wanted) {
    ProjectFile project = project_in(wanted.path);
    const std::string shown = printable(wanted.path.string());
    if (!wanted.name.empty() && !project.name.empty() && project.name != wanted.name) {
      problem(wanted, fmt::format("`{}` is `{}`, not `{}`", shown, project.name, wanted.name));
      return std::nullopt;
    }
    if (project.name.empty()) project.name = wanted.name;
    std::vector<BuiltWheel> found = wheels_in(wanted.path);
    std::set<std::string> names;
    for (const BuiltWheel& wheel : found)
      names.insert(wheel.name.name);
    if (project.name.empty() && names.size() > 1) {
      problem(wanted,
              fmt::format("`{}` has wheels of {}, and no pyproject.toml that says which is its "
                          "own: write `NAME @ file://…`",
                          shown,
                          fmt::join(names, ", ")));
      return std::nullopt;
    }
    std::optional<BuiltWheel> best;
    bool has_others = false;
    for (BuiltWheel& wheel : found) {
      const bool is_its = is_wheel_of(wheel.name, project.name, project.version);
      has_others = has_others || !is_its;
      if (!is_its || !tags_.rank(wheel.name.tags)) continue;
      if (!best || is_better_wheel(wheel.name, best->name, tags_)) best = std::move(wheel);
    }
    if (best) return best;
    const std::string version = project.version.empty() ? "" : " " + project.version;
    problem(wanted,
            fmt::format("`{}` has no wheel that fits, neither in its dist/{}; {}",
                        shown,
                        has_others
                            ? fmt::format(": what is there is not of `{}`{}", project.name, version)
                            : "",
                        how_to_build(wanted.path)));
    return std::nullopt;
  }

  // One of a name: what is on disk is what was meant.
  void put(PythonPackage package, const LocalRequirement& wanted) {
    auto& packages = selection_.packages;
    const auto there = std::find_if(packages.begin(), packages.end(), [&](const auto& one) {
      return one.name == package.name;
    });
    const bool is_there = there != packages.end();
    if (is_there && !there->version.empty() && there->version != package.version) {
      return problem(wanted,
                     fmt::format("`{}` is here twice, differently: {} before, and {} here",
                                 package.name,
                                 there->version,
                                 package.version));
    }
    if (is_there) packages.erase(there);
    const auto place = std::lower_bound(
        packages.begin(), packages.end(), package, [](const auto& a, const auto& b) {
          return a.name < b.name;
        });
    packages.insert(place, std::move(package));
  }

  const PythonFacts& facts_;
  const SupportedTags tags_;
  PythonSelection& selection_;
};

}  // namespace

std::vector<fs::path> built_wheels(const LocalRequirement& local) {
  std::vector<fs::path> paths;
  std::error_code absent;
  if (!fs::is_directory(local.path, absent)) return paths;
  const ProjectFile project = project_in(local.path);
  const std::string& name = project.name.empty() ? local.name : project.name;
  for (const BuiltWheel& wheel : wheels_in(local.path)) {
    if (is_wheel_of(wheel.name, name, project.version)) paths.push_back(wheel.path);
  }
  return paths;
}

void add_built_wheels(Pylock& lock) {
  for (PylockPackage& package : lock.packages) {
    if (package.folder.empty() || !package.wheels.empty()) continue;
    // uv leaves out the version of what it would have built.
    const std::string version =
        package.version.empty() ? project_in(package.folder).version : package.version;
    for (BuiltWheel& wheel : wheels_in(package.folder)) {
      if (!is_wheel_of(wheel.name, package.name, version)) continue;
      PythonPackage file = package_at(wheel);
      file.where = package.where;
      file.sha256.push_back(sha256_of(wheel.path));
      package.wheels.push_back({std::move(file), std::move(wheel.name)});
    }
  }
}

void add_local_wheels(const std::vector<LocalRequirement>& local,
                      const PythonFacts& facts,
                      PythonSelection& selection) {
  LocalWheels wheels(facts, selection);
  for (const LocalRequirement& wanted : local)
    wheels.add(wanted);
}

}  // namespace mlpack
