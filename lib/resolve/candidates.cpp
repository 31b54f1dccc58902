#include "lib/resolve/candidates.h"

#include "lib/catalog/runtimes.h"
#include "lib/resolve/base_choice.h"
#include "lib/resolve/base_release.h"
#include "lib/resolve/fleet_vetoes.h"
#include "lib/resolve/frames.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/no_gpu.h"
#include "lib/resolve/option_vetoes.h"
#include "lib/resolve/package_vetoes.h"
#include "lib/resolve/release_dates.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/torch_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// Every Python that a table names, newest first, but for those that are not out: wheels may be.
std::vector<Version> known_pythons(const Catalog& catalog) {
  std::vector<Version> found;
  const CatalogTable* const table = catalog.find_table("python_images");
  if (table == nullptr) return found;
  for (const TorchRelease& release : catalog.torch_releases())
    found.insert(found.end(), release.python.begin(), release.python.end());
  for (const CatalogRow& row : table->rows) {
    const auto version = Version::parse(row.at("python"));
    if (!version) continue;
    if (row.at("prerelease") == "true")
      std::erase(found, *version);
    else
      found.push_back(*version);
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

// Where nothing but what is pinned beside a release says what it needs.
Ruling read_beside(const PackageDemand& package, const std::string& release) {
  return {
      Verdict::unknown,
      fmt::format("{} {} with CUDA {} is not in the catalog: its CUDA version is what its own "
                  "wheels say, and which GPUs they have code for is seen when they are built in",
                  package.name,
                  release,
                  package.cuda->text()),
      {}};
}

Ruling nothing_known(std::string_view name, const std::string& release) {
  return {Verdict::unknown,
          fmt::format("{} {} is not in the catalog: what it needs was not compared", name, release),
          {}};
}

// Newest release first, then the newest CUDA.
void sort_options(std::vector<Option>& options) {
  std::stable_sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
    return compare_releases(a.name, b.name) > 0;
  });
}

// What a package that no row answers to is called.
std::string pin_name(const PackageDemand& package) {
  const std::string release = pinned_release(package.specifier);
  return release.empty() ? package.specifier + package.build : release;
}

// A pin that no row answers to.
void add_unknown(Component& component, const DemandSet& version, Option option) {
  const bool is_known =
      std::any_of(component.options.begin(), component.options.end(), [&](const Option& option) {
        return std::none_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
          return veto.demands == version;
        });
      });
  if (is_known || version.none()) return;
  component.options.push_back(std::move(option));
}

// A release of `package` that has no row.
Option unknown_option(const PackageDemand& package, const Vetoes& vetoes) {
  Option option;
  option.name = pin_name(package);
  const bool is_read = package.cuda && has_gpus(vetoes.demands());
  option.doubts.push_back(is_read ? read_beside(package, option.name)
                                  : nothing_known(package.name, option.name));
  if (!is_read) return option;
  option.cuda = package.cuda;
  if (package.cudnn) vetoes.cudnn(option, *package.cudnn, *package.cuda);
  vetoes.base_cudnn(option);
  vetoes.cuda(option, *package.cuda);
  vetoes.toolkit(option, *package.cuda);
  vetoes.drivers(option, *package.cuda);
  return option;
}

// Of one release, the build that was locked comes first.
void prefer_locked(Component& component, std::size_t index, const Vetoes& vetoes) {
  const PackageDemand& package = vetoes.demands().packages[index];
  if (package.name != component::torch || !package.cuda) return;
  const auto is_taken = [&](const Option& option) {
    const auto release = Version::parse(option.name.substr(0, option.name.find('+')));
    return release && vetoes.takes(index, *release);
  };
  const auto is_locked = [&](const Option& option) {
    return is_taken(option) && option.cuda && option.cuda->same_minor(*package.cuda);
  };
  auto& options = component.options;
  const auto locked = std::find_if(options.begin(), options.end(), is_locked);
  if (locked == options.end()) return;
  std::rotate(std::find_if(options.begin(), locked, is_taken), locked, locked + 1);
}

// What else is asked of the same package, where no release is both.
void judge_twins(Component& component, std::size_t index, const Vetoes& vetoes) {
  const auto& packages = vetoes.demands().packages;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (i == index || packages[i].name != packages[index].name) continue;
    for (Option& option : component.options) {
      const auto release = Version::parse(option.name.substr(0, option.name.find('+')));
      if (!release || vetoes.takes(i, *release)) continue;
      const DemandSet set = vetoes.set_of(Kind::package_version, i);
      option.vetoes.push_back(not_taken(set, option, packages[i].text()));
    }
  }
}

// Best first, with what the catalog does not know.
Component finished(Component component, std::size_t index, const Vetoes& vetoes) {
  judge_twins(component, index, vetoes);
  sort_options(component.options);
  std::stable_partition(component.options.begin(),
                        component.options.end(),
                        [](const Option& option) { return !option.has_unknown_code; });
  prefer_locked(component, index, vetoes);
  add_unknown(component,
              vetoes.set_of(Kind::package_version, index),
              unknown_option(vetoes.demands().packages[index], vetoes));
  return component;
}

// The framework that a runtime pins is not chosen a second time.
void judge_torch_of(Option& option, const RuntimeRelease& release, const Vetoes& vetoes) {
  const auto torch = Version::parse(release.row->at("torch"));
  const auto& packages = vetoes.demands().packages;
  for (std::size_t i = 0; torch && i < packages.size(); ++i) {
    if (packages[i].name != component::torch || vetoes.takes(i, *torch)) {
      continue;
    }
    option.vetoes.push_back(
        {vetoes.set_of(Kind::package_version, i),
         {Verdict::no,
          fmt::format("{} {} pins torch {}", release.runtime, release.release, torch->text()),
          {release.row}}});
  }
}

// The build of PyTorch inside a release; nullptr where it is not in the catalog.
const TorchBuild* torch_build_of(const Catalog& catalog, const RuntimeRelease& release) {
  const auto torch = Version::parse(release.row->at("torch"));
  for (const TorchBuild& build : catalog.torch_builds()) {
    if (torch && build.torch == *torch && build.cuda.same_minor(*release.cuda)) return &build;
  }
  return nullptr;
}

// A build for machines without a GPU has no CUDA.
void judge_cpu_build(Option& option, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  if (!demands.cuda || !is_cpu_build(demands)) return;
  DemandSet set = vetoes.set_of(Kind::cuda);
  for (std::size_t i = 0; i < demands.fleet.size(); ++i)
    set |= vetoes.set_of(Kind::no_gpu, i);
  option.vetoes.push_back(
      {set,
       {Verdict::no,
        fmt::format("{} {} for machines without a GPU has no CUDA", demands.runtime, option.name),
        {&vetoes.catalog().fact_row("runtime.cpu_builds")}}});
}

// Of a range it is the one that is pinned.
void judge_pin(Option& option, std::string_view row, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const std::string& pin = demands.runtime_version;
  if (covers_release(row, pin)) {
    option.name = pin;
  } else if (!pin.empty()) {
    option.vetoes.push_back(
        not_taken(vetoes.set_of(Kind::runtime_version), option, demands.runtime + " " + pin));
  }
}

// A release of a runtime that has no row.
Option unknown_release(const std::string& release, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  Option option;
  option.name = release;
  option.doubts.push_back(nothing_known(demands.runtime, option.name));
  const ServingRuntime* const runtime = find_runtime(demands.runtime);
  if (!demands.base && runtime != nullptr && !runtime->images.empty()) {
    option.doubts.push_back(
        {Verdict::unknown,
         fmt::format("whether there is an image of {} {} is not known: its tag is made as those of "
                     "other releases are",
                     demands.runtime,
                     option.name),
         {}});
  }
  judge_pin(option, release, vetoes);
  judge_release_of_base(option, release, vetoes);
  judge_cpu_build(option, vetoes);
  vetoes.processors(option, option.name);
  return option;
}

// Which release a base has that no official name tells.
void doubt_release_of_base(Option& option, const RuntimeRelease& release, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const bool is_guess =
      demands.base && release_of_base(demands) == nullptr && demands.runtime_version.empty();
  if (!is_guess || is_cpu_build(demands)) return;
  option.doubts.push_back(
      {Verdict::unknown,
       fmt::format("which {0} {1} has is not known, and it is taken for {2}: `runtime: {{name: "
                   "{0}, version: …}}` says it",
                   demands.runtime,
                   demands.base->name,
                   release.release),
       {}});
}

Option runtime_option(const RuntimeRelease& release,
                      const std::vector<Version>& pythons,
                      const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  Option option;
  option.name = release.release;
  option.python = pythons;
  option.row = release.row;
  judge_pin(option, release.release, vetoes);
  judge_release_of_base(option, release.release, vetoes);
  if (!is_cpu_build(demands)) option.cuda = release.cuda;
  if (vetoes.is_settled(option)) return option;
  judge_torch_of(option, release, vetoes);
  judge_cpu_build(option, vetoes);
  if (is_cpu_build(demands)) return option;
  vetoes.processors(option, last_release(option.name));
  vetoes.runtime(option, release);
  vetoes.tensorrt(option, release);
  if (!release.cuda) {
    vetoes.oldest_driver(option, release);
    const bool has_runners = !release.row->at("cuda_runners").empty() && release.min_driver;
    if (has_runners) return option;
    option.doubts.push_back(
        {Verdict::unknown,
         fmt::format("no document says what CUDA {} {} has", release.runtime, release.release),
         {release.row}});
    return option;
  }
  vetoes.cuda(option, *release.cuda);
  const TorchBuild* const build = torch_build_of(vetoes.catalog(), release);
  if (build != nullptr)
    vetoes.code(option, *build);
  else
    vetoes.toolkit(option, *release.cuda);
  vetoes.drivers(option, *release.cuda);
  return option;
}

// Of a runtime of whose releases there is no table.
Option any_release(const Vetoes& vetoes) {
  Option option;
  option.name = "latest";
  judge_cpu_build(option, vetoes);
  // Without a GPU there is nothing to compare.
  if (is_cpu_build(vetoes.demands())) return option;
  option.doubts.push_back({Verdict::unknown,
                           fmt::format("the catalog has no releases of {}: nothing was compared",
                                       vetoes.demands().runtime),
                           {}});
  return option;
}

Component runtime_component(std::span<const Version> pythons, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  Component component{demands.runtime, vetoes.index_of(Kind::runtime), {}};
  ReleaseDates dates(vetoes.catalog(), demands);
  bool has_releases = false;
  for (const RuntimeRelease& release : vetoes.catalog().runtime_releases()) {
    if (release.runtime != demands.runtime) continue;
    has_releases = true;
    dates.add(release);
  }
  const BaseRelease* const of_base = release_of_base(demands);
  std::set<std::string_view> seen;
  std::map<std::string_view, std::vector<Version>> taken;  // by what a release says
  for (const RuntimeRelease& release : vetoes.catalog().runtime_releases()) {
    if (release.runtime != demands.runtime || !seen.insert(release.release).second) continue;
    const bool is_there = of_base != nullptr && of_base->row == &release;
    if (!is_there && !dates.is_out(release)) continue;
    const auto [known, is_new] = taken.try_emplace(release.python);
    if (is_new) known->second = python_versions(release.python, pythons);
    component.options.push_back(runtime_option(release, known->second, vetoes));
    doubt_release_of_base(component.options.back(), release, vetoes);
    dates.add_doubt(component.options.back(), demands.runtime, release.row->at("released"));
  }
  sort_options(component.options);
  const bool is_new = of_base != nullptr && of_base->row == nullptr;
  if (is_new && of_base->release != demands.runtime_version) {
    component.options.push_back(unknown_release(of_base->release, vetoes));
  }
  if (!has_releases && demands.runtime_version.empty()) {
    component.options.push_back(any_release(vetoes));
  }
  add_unknown(component,
              vetoes.set_of(Kind::runtime_version),
              unknown_release(demands.runtime_version, vetoes));
  return component;
}

bool is_of_base(const Demands& demands, const Version& cuda) {
  return demands.base && demands.base->cuda && demands.base->cuda->same_minor(cuda);
}

// The toolkit of a base is the one that it has.
void judge_toolkit_of_base(Option& option, const Vetoes& vetoes) {
  const auto& base = vetoes.demands().base;
  if (!base || !base->cuda || is_of_base(vetoes.demands(), *option.cuda)) return;
  const CatalogRow* const evidence = base->row == nullptr ? option.row : base->row;
  option.vetoes.push_back(
      {vetoes.set_of(Kind::base),
       {Verdict::no, fmt::format("{} has CUDA {}", base->name, base->cuda->text()), {evidence}}});
}

void add_unknown_toolkit(Component& component, const Vetoes& vetoes) {
  const auto& base = vetoes.demands().base;
  if (!base || !base->cuda) return;
  const auto is_it = [&](const Option& option) { return option.cuda->same_minor(*base->cuda); };
  if (std::any_of(component.options.begin(), component.options.end(), is_it)) return;
  Option option;
  option.name = base->cuda->text();
  option.cuda = base->cuda;
  option.doubts.push_back(nothing_known("CUDA", option.name));
  vetoes.cuda(option, *base->cuda);
  component.options.push_back(std::move(option));
}

// The newest release of each version of the toolkit; without a base in the spec, of those that
// there are images of.
Component toolkit_component(const Vetoes& vetoes) {
  Component component{std::string(component::cuda), {}, {}};
  std::set<std::string> seen;
  const auto toolkits = vetoes.catalog().cuda_toolkits();
  ReleaseDates dates(vetoes.catalog(), vetoes.demands());
  for (const CudaToolkit& toolkit : toolkits)
    dates.add(toolkit.release.text(), toolkit.released);
  for (std::size_t i = toolkits.size(); i-- > 0;) {
    const CudaToolkit& toolkit = toolkits[i];
    if (!dates.is_out(toolkit.release.text(), toolkit.released)) continue;
    if (!seen.insert(std::string(toolkit.cuda.text())).second) continue;
    const Demands& demands = vetoes.demands();
    const bool is_pinned = demands.cuda && demands.cuda->same_minor(toolkit.cuda);
    if (!demands.base && !is_pinned && !has_cuda_image(vetoes.catalog(), toolkit.cuda)) continue;
    Option option;
    option.name = toolkit.cuda.text();
    option.cuda = toolkit.cuda;
    option.row = toolkit.row;
    vetoes.cuda(option, toolkit.cuda);
    judge_toolkit_of_base(option, vetoes);
    vetoes.toolkit(option, toolkit.cuda);
    vetoes.drivers(option,
                   is_of_base(demands, toolkit.cuda) ? *demands.base->cuda : toolkit.release);
    dates.add_doubt(option, component.name, toolkit.released);
    component.options.push_back(std::move(option));
  }
  sort_options(component.options);
  add_unknown_toolkit(component, vetoes);
  return component;
}

// Whether a toolkit is in the image though nothing in it asks for one: wheels bring what they need,
// and what nobody knows of a base is not made up.
bool brings_toolkit(const Demands& demands) {
  if (demands.cuda) return true;
  if (!has_gpus(demands)) return false;
  return demands.base ? demands.base->cuda.has_value() : !demands.needs_python;
}

std::vector<Component> make_components(std::span<const Version> pythons, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  std::vector<Component> components;
  if (!demands.runtime.empty()) components.push_back(runtime_component(pythons, vetoes));
  const bool has_torch =
      !components.empty() && std::any_of(components.front().options.begin(),
                                         components.front().options.end(),
                                         [](const Option& option) {
                                           return option.row != nullptr &&
                                                  !option.row->at("torch").empty();
                                         });
  for (std::size_t i = 0; i < demands.packages.size(); ++i) {
    const bool is_torch = demands.packages[i].name == component::torch;
    if (is_torch && has_torch) continue;
    components.push_back(
        finished(is_torch ? torch_component(i, vetoes) : framework_component(i, pythons, vetoes),
                 i,
                 vetoes));
  }
  if (components.empty() && brings_toolkit(demands)) {
    components.push_back(toolkit_component(vetoes));
  }
  return components;
}

}  // namespace

bool are_refused(const Catalog& catalog,
                 const Demands& demands,
                 const std::vector<Demand>& list,
                 const DemandSet& held) {
  Problem problem;
  judge_fleet(problem, Vetoes(catalog, demands, list));
  return holding(problem.vetoes, held) != nullptr;
}

Problem make_problem(const Catalog& catalog,
                     const Demands& demands,
                     const std::vector<Demand>& list,
                     const DemandSet* held) {
  const Vetoes vetoes(catalog, demands, list, held);
  const std::vector<Version> pythons = known_pythons(catalog);
  Problem problem;
  problem.components = make_components(pythons, vetoes);
  problem.frames = make_frames(problem.components, pythons, vetoes);
  judge_fleet(problem, vetoes);
  judge_packages(problem, vetoes);
  judge_machines_without_gpu(problem, vetoes);
  judge_base(problem, vetoes);
  return problem;
}

}  // namespace mlpack
