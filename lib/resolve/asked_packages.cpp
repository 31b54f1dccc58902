#include "lib/resolve/asked_packages.h"

#include "lib/python/name.h"
#include "lib/python/requirement.h"
#include "lib/python/tags.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/serving_options.h"
#include "lib/text.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view cpu_build = "cpu";
constexpr std::string_view cuda_build = "cuda";  // any for CUDA

using PythonLines = std::vector<std::string>;

// The Pythons that the image may have.
std::set<std::string> marker_pythons(const Catalog& catalog,
                                     const Spec& spec,
                                     const std::optional<Version>& base,
                                     const std::optional<Version>& chosen) {
  const std::string& asked = spec.python->value.version;
  if (!asked.empty()) return {asked};
  for (const auto& version : {base, chosen}) {
    if (version) return {std::string(version->text())};
  }
  std::set<std::string> known;
  for (const Version& version : known_pythons(catalog))
    known.emplace(version.text());
  return known;
}

bool holds_in(const std::string& marker, const MarkerEnvironment& image) {
  return evaluate_marker(marker, image).value_or(true);
}

std::string marker_of(const std::string& line) {
  const auto read = parse_requirement(line);
  return read ? read->marker : std::string();
}

std::size_t images_with(const std::string& line, std::span<const MarkerEnvironment> images) {
  const std::string marker = marker_of(line);
  if (marker.empty()) return images.size();
  return static_cast<std::size_t>(
      std::count_if(images.begin(), images.end(), [&](const MarkerEnvironment& image) {
        return holds_in(marker, image);
      }));
}

// Whether each image has one of `lines` that is about what `line` is about.
bool is_in_all(const std::string& line,
               const PythonLines& lines,
               std::span<const MarkerEnvironment> images) {
  const std::string name = parse_package(line, {}).name;
  return std::all_of(images.begin(), images.end(), [&](const MarkerEnvironment& image) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& other) {
      return parse_package(other, {}).name == name && holds_in(marker_of(other), image);
    });
  });
}

// Where the release alone depends on the image, any may be meant.
void add_certain(CountingLines& found,
                 const PythonLines& lines,
                 std::span<const MarkerEnvironment> images) {
  std::set<std::string> seen;
  for (const std::string& line : found.undecided) {
    const auto read = parse_requirement(line);
    if (!read || !is_in_all(line, lines, images) || !seen.insert(read->name).second) continue;
    const std::string extras = read->extras.empty() ? "" : "[" + join(read->extras, ",") + "]";
    found.lines.push_back(read->name + extras);
  }
}

// `[and_cuda, k8s` → and-cuda, k8s
std::vector<std::string> extras_in(std::string_view text) {
  std::vector<std::string> extras;
  for (const std::string_view extra : split(text.substr(text.find('[') + 1), ','))
    extras.push_back(normalized_name(trim(extra)));
  return extras;
}

// `[cuda12-local, k8s` → cuda12; `[cuda` → cuda; `[cpu` → cpu
std::string build_of(std::string_view extras) {
  std::string build;
  for (std::string_view extra : split(extras, ',')) {
    extra.remove_prefix(std::min(extra.find_first_not_of("[ "), extra.size()));
    const std::size_t end =
        std::min(extra.find_first_not_of("0123456789", cuda_build.size()), extra.size());
    const bool is_numbered = extra.starts_with(cuda_build) && end > cuda_build.size();
    if (is_numbered || trim(extra) == cuda_build) return std::string(extra.substr(0, end));
    if (trim(extra) == cpu_build) build = extra;
  }
  return build;
}

// cuda12 of `jax-cuda12-plugin`, which is that build of JAX; `cuda` where several disagree.
std::string build_of_plugin(const std::string& package, const PythonLines& requirements) {
  constexpr std::string_view suffix = "-plugin";
  const std::string prefix = package + "-";
  std::string build;
  for (const std::string& requirement : requirements) {
    const std::string name = parse_package(requirement, {}).name;
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    const std::string found = build_of(std::string_view(name).substr(prefix.size()));
    if (found.empty()) continue;
    if (!build.empty() && found != build) return std::string(cuda_build);
    build = found;
  }
  return build;
}

// `jax-cuda12-plugin[with-cuda]`: it needs the wheels of CUDA's libraries.
bool is_plugin_with_cuda(const std::string& package, const PythonLines& requirements) {
  return std::any_of(requirements.begin(), requirements.end(), [&](const std::string& line) {
    const PackageDemand one = parse_package(line, {});
    const auto& extras = one.extras;
    return one.name.starts_with(package + "-cuda") && one.name.ends_with("-plugin") &&
           std::find(extras.begin(), extras.end(), with_cuda) != extras.end();
  });
}

// A version with all that may stand around it in a clause: `2.5` of `!=2.5.*`.
std::string version_in(std::string_view clause) {
  std::string_view version =
      trim(clause.substr(std::min(clause.find_first_not_of("<>=!~ "), clause.size())));
  if (version.ends_with(".*")) version.remove_suffix(2);
  return std::string(version);
}

// Where one version alone is pinned, that; else both.
std::string joined(const std::string& a, const std::string& b) {
  const std::string all = a + (a.empty() || b.empty() || a == b ? "" : ",") + (a == b ? "" : b);
  const auto specifiers = PythonSpecifiers::parse(all);
  if (!specifiers) return all;
  std::string pin;
  for (const std::string_view clause : split(all, ',')) {
    const auto one = PythonSpecifier::parse(clause);
    const auto pinned = one ? one->pinned() : std::nullopt;
    if (!pinned || !specifiers->contains(*pinned)) continue;
    if (pin.empty() || pinned->has_local()) pin = "==" + version_in(clause);
  }
  return pin.empty() ? all : pin;
}

// CUDA that is installed beside it is used; nullopt where two builds are asked for.
std::optional<std::string> joined_build(const std::string& a, const std::string& b) {
  if (a.empty() || a == b || (a == cpu_build && !b.empty())) return b;
  if (b.empty() || b == cpu_build) return a;
  if (a == cuda_build) return b;
  return b == cuda_build ? std::optional(a) : std::nullopt;
}

// What both ask for; nullopt where they contradict each other.
std::optional<PackageDemand> joined(const PackageDemand& a, const PackageDemand& b) {
  auto build = joined_build(a.build, b.build);
  if (a.name != b.name || !build) return std::nullopt;
  PackageDemand both = a;
  both.build = std::move(*build);
  if (b.builds == PackageDemand::Builds::any) both.builds = b.builds;
  if (both.wheel_tags.empty()) both.wheel_tags = b.wheel_tags;
  both.extras.insert(both.extras.end(), b.extras.begin(), b.extras.end());
  both.specifier = joined(a.specifier, b.specifier);
  if (!can_hold(both.specifier)) return std::nullopt;
  return both;
}

void join_to(std::vector<PackageDemand>& packages, PackageDemand package) {
  for (PackageDemand& there : packages) {
    auto both = joined(there, package);
    if (!both) continue;
    there = std::move(*both);
    return;
  }
  package.specifier = joined(package.specifier, {});
  packages.push_back(std::move(package));
}

PythonLines in_order(PythonLines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

bool is_named(const std::vector<PackageDemand>& packages, const std::string& name) {
  return std::any_of(packages.begin(), packages.end(), [&](const PackageDemand& package) {
    return package.name == name;
  });
}

}  // namespace

std::vector<MarkerEnvironment> marker_environments(const Catalog& catalog,
                                                   const Spec& spec,
                                                   const std::optional<Version>& base,
                                                   const std::optional<Version>& chosen) {
  const Python& python = spec.python->value;
  std::set<std::string> machines;
  for (const auto& [platform, place] : spec.platforms)
    machines.insert(uname_machine(platform));
  if (machines.empty()) machines.insert(uname_machine(Platform::host()));
  std::vector<MarkerEnvironment> images;
  for (const std::string& version : marker_pythons(catalog, spec, base, chosen)) {
    for (const std::string& machine : machines)
      images.push_back(linux_markers(version, machine));
  }
  for (MarkerEnvironment& image : images) {
    for (const std::string& extra : python.extras)
      image.extras.insert(normalized_name(extra));
    for (const std::string& group : python.groups)
      image.groups.insert(normalized_name(group));
  }
  return images;
}

std::vector<MarkerEnvironment> with_patches(std::span<const MarkerEnvironment> images) {
  std::vector<MarkerEnvironment> found;
  for (const MarkerEnvironment& image : images) {
    const std::string full = image.values.at("python_full_version");
    const bool is_whole = std::count(full.begin(), full.end(), '.') > 1;
    for (const char* const patch : {".0", ".99"}) {
      found.push_back(image);
      if (!is_whole) found.back().values["python_full_version"] = full + patch;
    }
  }
  return found;
}

CountingLines counting_lines(const PythonLines& lines, std::span<const MarkerEnvironment> of) {
  CountingLines found;
  const std::vector<MarkerEnvironment> images = with_patches(of);
  for (const std::string& line : lines) {
    const std::size_t count = images_with(line, images);
    if (count == images.size())
      found.lines.push_back(line);
    else if (count > 0)
      found.undecided.push_back(line);
  }
  add_certain(found, lines, images);
  return found;
}

PackageDemand parse_package(std::string_view requirement, const Where& where) {
  if (const auto read = parse_requirement(requirement); read && !read->url.empty()) {
    const auto wheel = parse_wheel_name(file_in_url(read->url));
    PackageDemand package{read->name, wheel ? "==" + wheel->version : "", where, {}};
    package.builds = PackageDemand::Builds::any;
    package.extras = read->extras;
    if (wheel) package.wheel_tags = wheel->tags;
    return package;
  }
  const std::string_view before_marker = trim(requirement.substr(0, requirement.find(';')));
  const std::size_t end =
      std::min(before_marker.find_first_of(" \t[<>=!~(@"), before_marker.size());
  std::string_view rest = before_marker.substr(end);
  PackageDemand package{normalized_name(before_marker.substr(0, end)), {}, where, {}};
  const std::size_t bracket = rest.find(']');
  if (trim(rest).starts_with('[') && bracket != std::string_view::npos) {
    package.build = build_of(rest.substr(0, bracket));
    package.extras = extras_in(rest.substr(0, bracket));
    // ONNX Runtime's extra of that name brings libraries, and is no build.
    if (package.build == cuda_build && package.name != "jax") package.build.clear();
    rest = rest.substr(bracket + 1);
  }
  for (const char c : rest) {
    if (c != ' ' && c != '\t' && c != '(' && c != ')') package.specifier += c;
  }
  if (package.specifier.starts_with('@')) package.specifier.clear();
  return package;
}

bool names_other_file(std::string_view requirement) {
  const auto read = parse_requirement(requirement);
  if (!read || read->url.empty()) return false;
  const auto wheel = parse_wheel_name(file_in_url(read->url));
  return !wheel || normalized_name(wheel->name) != normalized_name(read->name);
}

bool has_gpu_code(std::string_view name) {
  return name == component::torch || framework_of_package(name).has_value() ||
         is_serving_package(name);
}

bool go_together(const PackageDemand& a, const PackageDemand& b) {
  return joined(a, b).has_value();
}

bool is_among(const std::vector<std::string>& lines, const PackageDemand& wanted) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    const PackageDemand package = parse_package(line, {});
    return package.name == wanted.name &&
           pinned_release(package.specifier) == pinned_release(wanted.specifier);
  });
}

bool can_hold(std::string_view specifier) {
  const auto all = PythonSpecifiers::parse(specifier);
  if (!all || all->empty()) return true;
  const auto takes = [&](const std::string& text) {
    const auto version = PythonVersion::parse(text);
    return version && all->contains(*version);
  };
  if (takes("0")) return true;
  // Where anything is between two bounds, one of them or what comes just after it is.
  for (const std::string_view clause : split(specifier, ',')) {
    const auto version = PythonVersion::parse(version_in(clause));
    if (!version || version->is_prerelease()) return true;
    const std::string base = version->base_version().text();
    if (takes(version->text()) || takes(base) || takes(base + ".0.0.1")) return true;
  }
  return false;
}

std::vector<PackageDemand> asked_packages(const PythonLines& requirements,
                                          const PythonLines& constraints,
                                          const Where& where) {
  std::vector<PackageDemand> packages;
  // What joins with what must not depend on the order of lines.
  for (const std::string& requirement : in_order(requirements)) {
    PackageDemand package = parse_package(requirement, where);
    if (!has_gpu_code(package.name)) continue;
    if (package.build.empty()) package.build = build_of_plugin(package.name, requirements);
    if (is_plugin_with_cuda(package.name, requirements)) package.extras.emplace_back(with_cuda);
    join_to(packages, std::move(package));
  }
  for (const std::string& constraint : in_order(constraints)) {
    PackageDemand package = parse_package(constraint, where);
    if (is_named(packages, package.name)) join_to(packages, std::move(package));
  }
  return packages;
}

std::string_view index_folder(std::string_view url) {
  while (url.ends_with('/'))
    url.remove_suffix(1);
  const std::size_t slash = url.rfind('/');
  const bool is_index = slash != std::string_view::npos && url.substr(0, slash).ends_with("/whl");
  return is_index ? url.substr(slash + 1) : std::string_view();
}

std::string index_build(std::string_view url) {
  const std::string_view build = index_folder(url);
  return build == cpu_build || is_cuda_label(build) ? std::string(build) : std::string();
}

std::string_view other_gpus(std::string_view build) {
  if (build.starts_with("rocm")) return "AMD";
  return build == "xpu" ? "Intel" : "";
}

bool is_cuda_label(std::string_view label) {
  return label.starts_with("cu") && label.size() > 3 &&
         label.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

}  // namespace mlpack
