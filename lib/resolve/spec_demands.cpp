#include "lib/resolve/spec_demands.h"

#include "lib/oci/reference.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/framework_options.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace mlpack {
namespace {

constexpr std::size_t most_groups = max_demands / 4;
constexpr std::size_t most_packages = max_demands / 8;

std::string normalised(std::string_view name) {
  std::string text;
  for (const char c : to_lower(name)) {
    const bool is_dash = c == '-' || c == '_' || c == '.';
    if (!is_dash)
      text += c;
    else if (!text.ends_with('-'))
      text += '-';
  }
  return text;
}

// `[cuda12-local, k8s` → cuda12
std::string build_of(std::string_view extras) {
  for (std::string_view extra : split(extras, ',')) {
    extra.remove_prefix(std::min(extra.find_first_not_of("[ "), extra.size()));
    constexpr std::string_view cuda = "cuda";
    const std::size_t end =
        std::min(extra.find_first_not_of("0123456789", cuda.size()), extra.size());
    if (extra.starts_with(cuda) && end > cuda.size()) return std::string(extra.substr(0, end));
  }
  return {};
}

// `torch[opt] == 2.9.0 ; python_version > "3.8"` → torch, `==2.9.0`
PackageDemand parse_package(std::string_view requirement, const Where& where) {
  const std::string_view before_marker = trim(requirement.substr(0, requirement.find(';')));
  const std::size_t end =
      std::min(before_marker.find_first_of(" \t[<>=!~(@"), before_marker.size());
  std::string_view rest = before_marker.substr(end);
  PackageDemand package{normalised(before_marker.substr(0, end)), {}, where, {}};
  const std::size_t bracket = rest.find(']');
  if (trim(rest).starts_with('[') && bracket != std::string_view::npos) {
    package.build = build_of(rest.substr(0, bracket));
    rest = rest.substr(bracket + 1);
  }
  for (const char c : rest) {
    if (c != ' ' && c != '\t' && c != '(' && c != ')') package.specifier += c;
  }
  if (package.specifier.starts_with('@')) package.specifier.clear();
  return package;
}

bool same_machines(const FleetGroup& a, const FleetGroup& b) {
  const auto text = [](const FleetGroup& group) {
    return group.driver ? group.driver->text() : std::string_view();
  };
  return a.gpu == b.gpu && text(a) == text(b);
}

void add_groups(Demands& demands, const Catalog& catalog, const Spec& spec) {
  for (const auto& [row, place] : spec.fleet) {
    FleetGroup group{nullptr, row.count, std::nullopt, spec.where(place)};
    if (!row.is_cpu()) {
      const auto match = catalog.find_gpu(row.gpu);
      if (!match) fail(Fault::usage, "no GPU is called `{}`", printable(row.gpu));
      group.gpu = match->gpu;
      if (!row.driver.empty()) group.driver = Version::parse(row.driver);
    }
    const bool is_known =
        std::any_of(demands.fleet.begin(), demands.fleet.end(), [&](const FleetGroup& other) {
          return same_machines(group, other);
        });
    if (!is_known) demands.fleet.push_back(group);
  }
  if (demands.fleet.size() > most_groups) {
    throw Error(Fault::usage,
                fmt::format("`fleet` has {} different groups; at most {} are compared",
                            demands.fleet.size(),
                            most_groups),
                "leave out groups whose GPU is there with an older driver",
                {spec.where(*spec.fleet_place)});
  }
}

void add_packages(Demands& demands,
                  const Spec& spec,
                  const std::vector<std::string>& requirements) {
  const Where where = spec.where(spec.python->place);
  for (const std::string& requirement : requirements) {
    PackageDemand package = parse_package(requirement, where);
    // Their wheels have GPU code in them, or name a CUDA version.
    const bool has_code =
        package.name == component::torch || framework_of_package(package.name).has_value();
    if (has_code && demands.packages.size() < most_packages) {
      demands.packages.push_back(std::move(package));
    }
  }
}

const Distro* distro_by(const Catalog& catalog, auto&& holds) {
  for (const Distro& distro : catalog.distros()) {
    if (holds(distro)) return &distro;
  }
  return nullptr;
}

// `slim-bookworm`, `bookworm-slim`: the part that is a codename.
const Distro* distro_in(const Catalog& catalog, std::string_view tag) {
  for (const std::string_view part : split(tag, '-')) {
    const auto* found = distro_by(catalog, [&](const Distro& distro) {
      return !part.empty() && (distro.codename == part || distro.cuda_image_distro == part);
    });
    if (found != nullptr) return found;
  }
  return nullptr;
}

void read_name(BaseDemand& demand, const Catalog& catalog, const Reference& reference) {
  const std::string& repository = reference.repository();
  const std::string tag = reference.tag().value_or("");
  const auto first = Version::parse(std::string_view(tag).substr(0, tag.find('-')));
  if (reference.host() != "docker.io") return;
  if (repository == "nvidia/cuda") {
    demand.cuda = first;
    demand.distro = distro_in(catalog, tag);
    demand.compat = CompatInImage::yes;
  } else if (repository == "library/python") {
    demand.python = first;
    demand.distro = distro_in(catalog, tag);
    demand.compat = CompatInImage::no;
  } else if (repository == "library/debian" || repository == "library/ubuntu") {
    const std::string id = repository.substr(repository.find('/') + 1) + "-" + tag;
    demand.distro = catalog.find_distro(id);
    if (demand.distro == nullptr) demand.distro = distro_in(catalog, tag);
    demand.compat = CompatInImage::no;
  }
}

// What official images say of themselves in their environment and labels.
void read_config(BaseDemand& demand, const Catalog& catalog, const ImageConfig& config) {
  const auto version = [&](std::string_view name) {
    const auto value = config.env_value(std::string(name));
    return value ? Version::parse(*value) : std::nullopt;
  };
  if (const auto cuda = version("CUDA_VERSION")) {
    demand.cuda = cuda;
    demand.compat = config.env_value("NV_CUDA_LIB_VERSION") ? CompatInImage::yes : demand.compat;
  }
  if (const auto python = version("PYTHON_VERSION")) demand.python = python;
  const auto name = config.labels.find("org.opencontainers.image.ref.name");
  const auto release = config.labels.find("org.opencontainers.image.version");
  if (name == config.labels.end() || release == config.labels.end()) return;
  if (const Distro* known = catalog.find_distro(name->second + "-" + release->second)) {
    demand.distro = known;
  }
}

}  // namespace

BaseDemand base_demand(const Catalog& catalog,
                       const Base& base,
                       const std::optional<ImageConfig>& config) {
  BaseDemand demand;
  if (const auto* debian = std::get_if<BaseDebian>(&base)) {
    demand.name = debian->codename;
    demand.distro = distro_by(
        catalog, [&](const Distro& distro) { return distro.codename == debian->codename; });
    if (demand.distro != nullptr) demand.python = demand.distro->python;
    demand.compat = CompatInImage::no;
  } else if (const auto* named = std::get_if<BaseReference>(&base)) {
    demand.name = named->reference;
    if (const auto reference = Reference::parse(named->reference)) {
      read_name(demand, catalog, reference->with_default_host());
    }
  } else if (const auto* layout = std::get_if<BaseLayout>(&base)) {
    demand.name = "oci:" + layout->path.string();
  } else if (std::holds_alternative<BaseScratch>(base)) {
    demand.name = "scratch";
    demand.compat = CompatInImage::no;
  }
  if (config) read_config(demand, catalog, *config);
  return demand;
}

Demands demands_of(const Catalog& catalog, const Spec& spec, const DemandSources& sources) {
  Demands demands;
  add_groups(demands, catalog, spec);
  if (spec.cuda) {
    demands.cuda = Version::parse(spec.cuda->value);
    demands.cuda_where = spec.where(spec.cuda->place);
  }
  if (spec.runtime) {
    demands.runtime = spec.runtime->value.name;
    demands.runtime_version = spec.runtime->value.version;
    demands.runtime_where = spec.where(spec.runtime->place);
  }
  if (spec.python) {
    demands.needs_python = true;
    demands.python = Version::parse(spec.python->value.version);
    demands.python_where = spec.where(spec.python->place);
    add_packages(demands, spec, sources.requirements);
  }
  if (!std::holds_alternative<BaseAuto>(spec.base.value)) {
    demands.base = base_demand(catalog, spec.base.value, sources.base_config);
    demands.base->where = spec.where(spec.base.place);
  }
  demands.quantisation = sources.quantisation;
  if (!spec.weights.empty()) demands.quantisation_where = spec.where(spec.weights.front().place);
  demands.as_of = sources.as_of;
  return demands;
}

}  // namespace mlpack
