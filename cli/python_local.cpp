#include "cli/python_local.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace mlpack {
namespace {

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
    package.sha256 = wanted.sha256;
    if (package.sha256.empty()) package.sha256.push_back(sha256_of(wheel->path));
    put(std::move(package));
  }

 private:
  void problem(const LocalRequirement& wanted, std::string text) {
    selection_.problems.push_back(wanted.where);
    selection_.problems.back().message = std::move(text);
  }

  std::optional<BuiltWheel> named(const LocalRequirement& wanted) {
    auto name = parse_wheel_name(wanted.path.filename().string());
    const std::string shown = printable(wanted.path.string());
    if (!name) {
      problem(wanted, fmt::format("`{}` is neither a wheel nor a folder", shown));
    } else if (!tags_.rank(name->tags)) {
      problem(wanted, fmt::format("`{}` is for another Python or machine", shown));
    } else {
      return BuiltWheel{wanted.path, std::move(*name)};
    }
    return std::nullopt;
  }

  std::optional<BuiltWheel> best_in(const LocalRequirement& wanted) {
    std::optional<BuiltWheel> best;
    for (BuiltWheel& wheel : wheels_in(wanted.path)) {
      if (!tags_.rank(wheel.name.tags)) continue;
      if (!best || is_better_wheel(wheel.name, best->name, tags_)) best = std::move(wheel);
    }
    if (!best) {
      problem(wanted,
              fmt::format("`{}` has no wheel that fits, neither in its dist/; {}",
                          printable(wanted.path.string()),
                          how_to_build(wanted.path)));
    }
    return best;
  }

  // One of a name: what is on disk is what was meant.
  void put(PythonPackage package) {
    auto& packages = selection_.packages;
    std::erase_if(packages, [&](const PythonPackage& one) { return one.name == package.name; });
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

void add_built_wheels(Pylock& lock) {
  for (PylockPackage& package : lock.packages) {
    if (package.folder.empty() || !package.wheels.empty()) continue;
    for (BuiltWheel& wheel : wheels_in(package.folder)) {
      const bool is_its = wheel.name.name == package.name &&
                          (package.version.empty() || wheel.name.parsed.text() == package.version);
      if (!is_its) continue;
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
