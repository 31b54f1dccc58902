#include "cli/python_lines.h"

#include "cli/lock_file.h"
#include "lib/python/lock_contents.h"
#include "lib/python/project.h"
#include "lib/python/requirement.h"
#include "lib/python/requirements_file.h"
#include "lib/python/tags.h"
#include "lib/resolve/asked_packages.h"
#include "lib/resolve/python_file.h"
#include "lib/resolve/spec_demands.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

using Lines = std::vector<std::string>;

constexpr std::uint64_t largest_requirements = std::uint64_t{4} << 20;
constexpr std::uint64_t largest_lock_of_others = std::uint64_t{64} << 20;

// The wheel of a line with a path says what it is, as one with a URL does.
void add_local(const LocalRequirement& local, Lines& lines) {
  const auto wheel = parse_wheel_name(local.path.filename().string());
  if (!wheel) return;
  const std::string marker = local.marker.empty() ? "" : " ; " + local.marker;
  lines.push_back(wheel->name + " @ file:///" + local.path.filename().string() + marker);
}

// Variables stand in the URLs of indexes alone, which nobody asks here.
AskedLines lines_of_file(const fs::path& path) {
  const RequirementsFile file = read_requirements(
      path,
      {[](const fs::path& named) { return read_file(named, largest_requirements); },
       [](const std::string&) { return std::optional<std::string>(); }});
  AskedLines lines;
  for (const RequirementLine& line : file.requirements) {
    lines.requirements.push_back(line.text);
    if (!line.sha256.empty()) lines.hashed.push_back(line.requirement.name);
  }
  for (const LocalRequirement& local : file.local)
    add_local(local, lines.requirements);
  for (const RequirementLine& line : file.constraints)
    lines.constraints.push_back(line.text);
  lines.index_url = file.index_url;
  lines.extra_index_urls = file.extra_index_urls;
  const auto& extra = file.extra_index_urls;
  const bool names_others =
      !file.find_links.empty() || std::any_of(extra.begin(), extra.end(), [](const auto& url) {
        return index_build(url).empty();
      });
  if (names_others) lines.builds = PackageDemand::Builds::any;
  return lines;
}

// What a file with Pythons of its own is asked about.
struct AskedImages {
  std::vector<MarkerEnvironment> all;  // with each Python that is known
  std::vector<std::size_t> possible;   // that the spec may become
};

AskedImages images_of(const Catalog& catalog,
                      const Spec& spec,
                      const std::optional<ImageConfig>& base) {
  Spec with_any = spec;
  with_any.python->value.version.clear();
  AskedImages images{marker_environments(catalog, with_any, std::nullopt), {}};
  const auto python_of_base = base_demand(catalog, spec.base.value, base).python;
  for (MarkerEnvironment& image : marker_environments(catalog, spec, python_of_base)) {
    const auto is_it = [&](const auto& other) { return other.values == image.values; };
    const auto found = std::find_if(images.all.begin(), images.all.end(), is_it);
    images.possible.push_back(static_cast<std::size_t>(found - images.all.begin()));
    if (found == images.all.end()) images.all.push_back(std::move(image));
  }
  return images;
}

std::string marker_of(const std::vector<Version>& pythons) {
  std::vector<std::string> texts;
  for (const Version& python : pythons)
    texts.push_back(fmt::format("python_version == '{}'", python.text()));
  return join(texts, " or ");
}

// What is installed in any of the images `possible`: with a marker, where not with every Python.
Lines pinned_lines(const LockContents& lock, const AskedImages& images) {
  std::map<Version, std::vector<std::size_t>> by_python;
  for (const std::size_t image : images.possible) {
    const Version python = python_of(images.all[image]);
    by_python[*Version::parse(fmt::format("{}.{}", python.part(0), python.part(1)))].push_back(
        image);
  }
  std::map<std::string, std::vector<Version>> pythons;
  for (const auto& [python, of_it] : by_python) {
    for (const LockedVersion& package : locked_versions(lock, of_it))
      pythons[package.name + "==" + package.version].push_back(python);
  }
  Lines lines;
  for (const auto& [pin, with] : pythons)
    lines.push_back(with.size() == by_python.size() ? pin : pin + " ; " + marker_of(with));
  return lines;
}

// What a lock pins for a Python that it is not for, nobody gets.
AskedLines lines_of_lock(const fs::path& path, AskedImages images) {
  const LockContents lock =
      lock_contents(read_file(path, largest_lock_of_others), path, images.all);
  AskedLines lines;
  lines.wheels = DemandSources::Wheels::seen;
  lines.python_file = python_file(printable(path.filename().string()), lock, images.all);
  const auto is_refused = [&](std::size_t image) {
    return lines.python_file->refusal(python_of(images.all[image])) != nullptr;
  };
  auto& possible = images.possible;
  if (!std::all_of(possible.begin(), possible.end(), is_refused))
    std::erase_if(possible, is_refused);
  lines.requirements = pinned_lines(lock, images);
  return lines;
}

AskedLines lines_of_project(const fs::path& path, const AskedImages& images) {
  LockContents contents;
  contents.python = parse_project(read_file(path, largest_requirements), path).python;
  contents.installed.resize(images.all.size());
  AskedLines lines;
  lines.python_file = python_file(printable(path.filename().string()), contents, images.all);
  return lines;
}

Lines lines_of_wheels(const LockedPython& python) {
  Lines lines;
  for (const LockedWheel& wheel : python.wheels)
    lines.push_back(wheel.name + "==" + wheel.version);
  return lines;
}

bool names_gpus(const Spec& spec) {
  return std::any_of(spec.fleet.begin(), spec.fleet.end(), [](const auto& machines) {
    return !machines.value.is_cpu();
  });
}

// The build of PyTorch's for processors alone, and JAX without one of the plugins that are its GPU
// code.
bool is_without_gpu_code(const LockedWheel& wheel, const LockedPython& python) {
  if (wheel.name == "torch") return wheel.version.ends_with("+cpu");
  if (wheel.name != "jax") return false;
  return std::none_of(python.wheels.begin(), python.wheels.end(), [](const LockedWheel& other) {
    return other.name.starts_with("jax-cuda") && other.name.ends_with("-plugin");
  });
}

}  // namespace

AskedLines asked_lines(const Catalog& catalog,
                       const Spec& spec,
                       const std::optional<ImageConfig>& base) {
  if (!spec.python) return {};
  const Python& python = spec.python->value;
  if (python.lock) return lines_of_lock(*python.lock, images_of(catalog, spec, base));
  if (!python.requirements) return {python.packages};
  const bool is_project = python.requirements->extension() == ".toml";
  return is_project ? lines_of_project(*python.requirements, images_of(catalog, spec, base))
                    : lines_of_file(*python.requirements);
}

Lines locked_lines(const Spec& spec) {
  if (!spec.python) return {};
  for (const auto& [platform, locked] : read_lock_file(spec).lock.platforms) {
    if (locked.python && !locked.python->wheels.empty()) return lines_of_wheels(*locked.python);
  }
  return {};
}

Lines installed_lines(const Spec& spec, const LockedPython& wheels, const Lines& asked) {
  LockedPython counting = wheels;
  if (names_gpus(spec)) {
    std::erase_if(counting.wheels,
                  [&](const LockedWheel& wheel) { return is_without_gpu_code(wheel, wheels); });
  }
  std::set<std::string> names;
  for (const LockedWheel& wheel : counting.wheels)
    names.insert(wheel.name);
  Lines lines = lines_of_wheels(counting);
  std::copy_if(asked.begin(), asked.end(), std::back_inserter(lines), [&](const std::string& line) {
    const auto requirement = parse_requirement(line);
    return !requirement || !names.contains(requirement->name);
  });
  return lines;
}

}  // namespace mlpack
