#include "lib/resolve/spec_demands.h"

#include "lib/oci/reference.h"
#include "lib/resolve/asked_indexes.h"
#include "lib/resolve/asked_packages.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/for_processors.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/library_wheels.h"
#include "lib/resolve/model_demands.h"
#include "lib/resolve/named_base.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/rules_platform.h"
#include "lib/resolve/serving_options.h"
#include "lib/resolve/spec_order.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view application_runtime = "python";
constexpr std::size_t most_groups = max_demands / 4;
constexpr std::size_t most_packages = max_demands / 8;

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
    const auto known =
        std::find_if(demands.fleet.begin(), demands.fleet.end(), [&](const FleetGroup& other) {
          return same_machines(group, other);
        });
    if (known == demands.fleet.end())
      demands.fleet.push_back(group);
    else
      known->count = std::max(known->count, group.count);
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

void pin_python(Demands& demands, const std::string& text, const Where& where) {
  const auto version = Version::parse(text);
  if (version && demands.python && !demands.python->same_minor(*version)) {
    throw Error(Fault::usage,
                fmt::format("`runtime.version` is Python {}, and `python.version` is {}",
                            demands.python->text(),
                            version->text()),
                "leave `runtime.version` out",
                {where});
  }
  if (!version) return;
  demands.python = version;
  demands.python_where = where;
}

// An application of one's own has no releases: its version is that of Python.
void add_runtime(Demands& demands, const Spec& spec) {
  const Runtime& runtime = spec.runtime->value;
  const Where where = spec.where(spec.runtime->place);
  if (runtime.name == application_runtime) {
    demands.needs_python =
        std::holds_alternative<BaseAuto>(spec.base.value) || !runtime.version.empty();
    return pin_python(demands, runtime.version, where);
  }
  demands.runtime = runtime.name;
  demands.runtime_version = runtime.version;
  demands.runtime_where = where;
}

// Whether `line` is about a package with GPU code that any of `requirements` asks for.
bool bears_on(const std::string& line, const std::vector<std::string>& requirements) {
  const std::string name = parse_package(line, {}).name;
  return has_gpu_code(name) &&
         std::any_of(requirements.begin(), requirements.end(), [&](const std::string& asked) {
           return parse_package(asked, {}).name == name;
         });
}

// Lines that count in the image; `undecided` are those of which nobody knows.
DemandSources counting(const Catalog& catalog,
                       const Spec& spec,
                       const DemandSources& sources,
                       std::vector<std::string>& undecided) {
  const auto base = base_demand(catalog, spec.base.value, sources.base_config).python;
  const auto images = marker_environments(catalog, spec, base, sources.python);
  DemandSources left = sources;
  for (auto* const lines : {&left.requirements, &left.constraints}) {
    CountingLines found = counting_lines(*lines, images);
    *lines = std::move(found.lines);
    for (const std::string& line : found.undecided) {
      if (bears_on(line, sources.requirements)) undecided.push_back(line);
    }
  }
  return left;
}

// Of a URL that names no wheel of its package nobody knows what lies behind it.
void leave_out_other_files(Demands& demands, DemandSources& sources) {
  std::erase_if(sources.requirements, [&](const std::string& line) {
    if (!names_other_file(line)) return false;
    const std::string name = parse_package(line, {}).name;
    if (has_gpu_code(name) && has_gpus(demands)) demands.uncompared.push_back(name + " @ URL");
    return true;
  });
}

void add_packages(Demands& demands, const Spec& spec, const DemandSources& sources) {
  demands.packages =
      asked_packages(sources.requirements, sources.constraints, spec.where(spec.python->place));
  if (demands.packages.size() > most_packages) demands.packages.resize(most_packages);
  const auto& hashed = sources.hashed;
  for (PackageDemand& package : demands.packages) {
    const bool is_pinned = sources.wheels == DemandSources::Wheels::seen ||
                           std::find(hashed.begin(), hashed.end(), package.name) != hashed.end();
    if (is_pinned) package.wheel = PackageDemand::Wheel::pinned;
  }
}

// What others need is among wheels that were seen: beside what uses GPUs nothing is told of it.
void add_processor_packages(Demands& demands, const DemandSources& sources, const Where& where) {
  const auto& packages = demands.packages;
  const bool uses_gpus =
      !demands.runtime.empty() || !std::all_of(packages.begin(), packages.end(), is_for_processors);
  const bool is_of_others = sources.wheels == DemandSources::Wheels::seen && uses_gpus;
  for (const std::string& line : sources.requirements) {
    PackageDemand package = parse_package(line, where);
    if (!is_processor_package(package.name)) continue;
    const bool is_beside = has_package_for_gpus(package.name, packages);
    auto& found = is_beside ? demands.overwritten : demands.for_processors;
    const bool is_known = std::any_of(
        found.begin(), found.end(), [&](const auto& other) { return other.name == package.name; });
    if (is_known || (is_of_others && !is_beside)) continue;
    package.extras.clear();
    found.push_back(std::move(package));
  }
}

// `13.0` of `cu130`, which the local label of a wheel says; nullopt of any other.
std::optional<Version> cuda_of_label(std::string_view label) {
  constexpr std::string_view prefix = "cu";
  if (!label.starts_with(prefix) || label.size() < prefix.size() + 2) return std::nullopt;
  label.remove_prefix(prefix.size());
  const std::size_t major = label.size() - 1;
  return Version::parse(fmt::format("{}.{}", label.substr(0, major), label.substr(major)));
}

bool is_cuda_runtime(std::string_view name) {
  return name == "cuda-toolkit" || name == "nvidia-cuda-runtime" ||
         name.starts_with("nvidia-cuda-runtime-cu");
}

// The CUDA libraries that lines pin: 13.0 of `nvidia-cuda-runtime==13.0.96`. Two that disagree say
// nothing.
struct PinnedLibraries {
  explicit PinnedLibraries(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      const PackageDemand package = parse_package(line, {});
      const auto version = Version::parse(pinned_release(package.specifier));
      if (!version) continue;
      if (is_cuda_runtime(package.name)) {
        disagree_ = disagree_ || (cuda && !cuda->same_minor(*version));
        cuda = Version::parse(fmt::format("{}.{}", version->part(0), version->part(1)));
      }
    }
    for (const LibraryWheel& wheel : library_wheels(lines, LibraryWheel::By::spec)) {
      if (wheel.is_of("cudnn") && wheel.release) cudnn = wheel.release;
    }
    if (disagree_) cuda = std::nullopt;
  }

  std::optional<Version> cuda;
  std::optional<Version> cudnn;

 private:
  bool disagree_ = false;
};

// With GPU code of which the catalog knows nothing.
constexpr std::array<std::string_view, 8> unknown_packages{"onnxruntime-rocm",
                                                           "paddlepaddle-gpu",
                                                           "sglang",
                                                           "tensorflow-gpu",
                                                           "tensorflow-rocm",
                                                           "tensorrt-llm",
                                                           "tf-nightly",
                                                           "tf-nightly-gpu"};
constexpr std::string_view unknown_prefix = "cupy-cuda";

// Of a runtime that is installed as a package the catalog knows the wheel on PyPI at most.
bool is_uncompared(const PackageDemand& package) {
  if (is_serving_package(package.name)) return !local_label(package.specifier).empty();
  const auto& names = unknown_packages;
  return package.name.starts_with(unknown_prefix) ||
         std::find(names.begin(), names.end(), package.name) != names.end();
}

// Runtimes that are installed as packages. Of wheels that were seen the frameworks say more;
// without a GPU, or where the base brings a runtime, nothing is known of them.
void judge_runtimes(Demands& demands, const DemandSources& sources) {
  const bool is_asked = sources.wheels == DemandSources::Wheels::asked && has_gpus(demands) &&
                        demands.runtime.empty();
  for (const std::string& line : sources.requirements) {
    const PackageDemand package = parse_package(line, {});
    if (is_asked && is_uncompared(package)) demands.uncompared.push_back(package.text());
  }
  std::erase_if(demands.packages, [&](const PackageDemand& package) {
    return is_serving_package(package.name) && (!is_asked || is_uncompared(package));
  });
}

// Of packages that are pinned themselves: a lock of another release says nothing of this one.
void add_libraries(Demands& demands, const DemandSources& sources) {
  const bool are_seen = sources.wheels == DemandSources::Wheels::seen;
  const PinnedLibraries beside(sources.requirements);
  const PinnedLibraries locked(sources.locked);
  for (PackageDemand& package : demands.packages) {
    if (pinned_release(package.specifier).empty()) continue;
    const bool is_locked = !beside.cuda && is_among(sources.locked, package);
    const PinnedLibraries& libraries = is_locked ? locked : beside;
    package.cuda = libraries.cuda;
    package.is_locked_together = are_seen;
    if (package.wheel == PackageDemand::Wheel::pinned) package.pinned_cuda = beside.cuda;
    package.cudnn = libraries.cudnn;
    if (!package.cuda) package.cuda = cuda_of_label(package.torch_build());
  }
  demands.library_wheels = library_wheels(
      sources.requirements, are_seen ? LibraryWheel::By::seen : LibraryWheel::By::spec);
  for (LibraryWheel& wheel : library_wheels(sources.locked, LibraryWheel::By::lock))
    demands.library_wheels.push_back(std::move(wheel));
}

const Distro* distro_by(const Catalog& catalog, auto&& holds) {
  for (const Distro& distro : catalog.distros()) {
    if (holds(distro)) return &distro;
  }
  return nullptr;
}

// What official images say of themselves in their environment and labels.
void read_config(BaseDemand& demand, const Catalog& catalog, const ImageConfig& config) {
  const auto version = [&](std::string_view name) {
    const auto value = config.env_value(std::string(name));
    return value ? Version::parse(*value) : std::nullopt;
  };
  if (const auto cuda = version("CUDA_VERSION")) {
    demand.cuda = cuda;
    demand.cuda_in = BaseDemand::CudaIn::toolkit;
    demand.compat = config.env_value("NV_CUDA_LIB_VERSION") ? CompatInImage::yes : demand.compat;
  }
  // `9.1.0.70-1`: the package's.
  const std::string cudnn = config.env_value("NV_CUDNN_VERSION").value_or("");
  if (const auto library = Version::parse(cudnn.substr(0, cudnn.find('-')))) demand.cudnn = library;
  if (const auto python = version("PYTHON_VERSION")) demand.python = python;
  const auto name = config.labels.find("org.opencontainers.image.ref.name");
  const auto release = config.labels.find("org.opencontainers.image.version");
  if (name == config.labels.end() || release == config.labels.end()) return;
  if (const Distro* known = catalog.find_distro(name->second + "-" + release->second)) {
    demand.distro = known;
  }
}

// Those of the command line may be a part of what is built, for the machines that they are for:
// they bear on the choice where they are for all machines of the fleet, or for none.
void add_platforms(Demands& demands, const Catalog& catalog, const Spec& spec) {
  if (spec.platforms.empty() || spec.platforms_from != Spec::PlatformsFrom::spec) return;
  std::vector<Platform> platforms;
  for (const auto& [platform, place] : spec.platforms)
    platforms.push_back(platform);
  const auto runs = [&](const FleetGroup& group) {
    return group.gpu == nullptr ||
           platforms_run_gpu(catalog, platforms, *group.gpu).verdict != Verdict::no;
  };
  const auto& fleet = demands.fleet;
  const bool is_typed = spec.platforms.front().place.line == 0;
  const bool is_part = std::any_of(fleet.begin(), fleet.end(), runs) &&
                       !std::all_of(fleet.begin(), fleet.end(), runs);
  const bool is_other = std::any_of(fleet.begin(), fleet.end(), [&](const FleetGroup& group) {
    return !runs(group) && catalog.find_gpu_processor(group.gpu->name) != nullptr;
  });
  if (is_typed && (is_part || is_other)) return;
  demands.platforms = std::move(platforms);
  if (!is_typed) demands.platforms_where = spec.where(spec.platforms.front().place);
}

// Whether a package of the distribution is the Python that is pinned.
bool brings_python(const Spec& spec, const Demands& demands) {
  const auto& packages = spec.system_packages;
  if (!demands.python) return false;
  const std::string wanted =
      fmt::format("python{}.{}", demands.python->part(0), demands.python->part(1));
  return std::any_of(packages.begin(), packages.end(), [&](const auto& package) {
    return package.value == wanted;
  });
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
      read_base_name(demand, catalog, *reference);
    }
  } else if (const auto* layout = std::get_if<BaseLayout>(&base)) {
    demand.name = "oci:" + layout->path.string();
  } else if (std::holds_alternative<BaseScratch>(base)) {
    demand.name = scratch_base;
    demand.compat = CompatInImage::no;
  }
  if (config) read_config(demand, catalog, *config);
  return demand;
}

Demands demands_of(const Catalog& catalog, const Spec& spec, const DemandSources& sources) {
  Demands demands;
  add_groups(demands, catalog, spec);
  add_platforms(demands, catalog, spec);
  if (spec.cuda) {
    demands.cuda = Version::parse(spec.cuda->value);
    demands.cuda_where = spec.where(spec.cuda->place);
  }
  if (spec.runtime) add_runtime(demands, spec);
  if (spec.python) {
    demands.needs_python = true;
    const Where where = spec.where(spec.python->place);
    pin_python(demands, spec.python->value.version, where);
    demands.python_file = sources.python_file;
    if (demands.python_file) demands.python_file->where = where;
    DemandSources lines = counting(catalog, spec, sources, demands.undecided);
    leave_out_other_files(demands, lines);
    add_packages(demands, spec, lines);
    add_indexes(catalog, demands, spec.python->value, lines);
    judge_runtimes(demands, lines);
    add_libraries(demands, lines);
    add_processor_packages(demands, lines, where);
  }
  if (!std::holds_alternative<BaseAuto>(spec.base.value)) {
    demands.base = base_demand(catalog, spec.base.value, sources.base_config);
    demands.base->where = spec.where(spec.base.place);
    if (brings_python(spec, demands)) demands.base->packaged_python.reset();
    auto& python = demands.base->python;
    // Another than `python3` has to be asked for.
    if (!demands.python && !python) python = demands.base->packaged_python;
  }
  add_model_demands(demands, catalog, spec, sources);
  demands.as_of = sources.as_of;
  put_in_order(demands);
  return demands;
}

std::optional<Demands> on_image(const Catalog& catalog, Demands demands, const std::string& image) {
  demands.base = base_demand(catalog, BaseReference{image}, std::nullopt);
  const auto& python = demands.base->packaged_python;
  const auto& asked = demands.python;
  if (!python) return std::nullopt;
  // `3.12` is any of its releases; which one a distribution has changes.
  if (asked && (asked->size() > 2 || !asked->same_minor(*python))) return std::nullopt;
  demands.base->python = python;
  return demands;
}

}  // namespace mlpack
