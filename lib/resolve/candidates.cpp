#include "lib/resolve/candidates.h"

#include "lib/resolve/base_choice.h"
#include "lib/resolve/base_release.h"
#include "lib/resolve/conflict_reasons.h"
#include "lib/resolve/fleet_vetoes.h"
#include "lib/resolve/frames.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/neighbours.h"
#include "lib/resolve/no_gpu.h"
#include "lib/resolve/option_lists.h"
#include "lib/resolve/option_vetoes.h"
#include "lib/resolve/package_vetoes.h"
#include "lib/resolve/python_file.h"
#include "lib/resolve/release_dates.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/runtime_options.h"
#include "lib/resolve/serving_options.h"
#include "lib/resolve/torch_indexes.h"
#include "lib/resolve/torch_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

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

// What a package that no row answers to is called.
std::string pin_name(const PackageDemand& package) {
  const std::string release = pinned_release(package.specifier);
  const std::string extra = package.build.empty() ? "" : fmt::format(" [{}]", package.build);
  return release.empty() ? package.specifier + extra : release;
}

// Of a release that has no row, or had none on the day that is asked about.
Ruling nothing_compared(const PackageDemand& package, std::size_t index, const Vetoes& vetoes) {
  const auto later = ReleaseDates(vetoes.catalog(), vetoes.demands())
                         .doubt_of_later(package.name, [&](std::string_view release) {
                           return vetoes.takes(index, release);
                         });
  return later ? *later : nothing_known(package.name, pin_name(package));
}

// The oldest CUDA of the major that an extra is for: 13.0 of `jax[cuda13]`.
std::optional<Version> cuda_of_extra(const PackageDemand& package) {
  constexpr std::string_view cuda = "cuda";
  if (!package.build.starts_with(cuda) || package.build.size() == cuda.size()) return std::nullopt;
  return Version::parse(package.build.substr(cuda.size()) + ".0");
}

// A release of `package` that has no row.
Option unknown_option(const PackageDemand& package, std::size_t index, const Vetoes& vetoes) {
  Option option;
  option.name = pin_name(package);
  const bool is_read = package.cuda && has_gpus(vetoes.demands()) && !is_for_processors(package);
  const std::string pin = is_serving_package(package.name) ? pinned_release(package.specifier) : "";
  if (!is_read && !pin.empty()) option.doubts = neighbour_doubts(package.name, pin, {}, vetoes);
  option.doubts.push_back(is_read ? read_beside(package, option.name)
                                  : nothing_compared(package, index, vetoes));
  const auto extra = cuda_of_extra(package);
  if (!is_read && extra) {
    vetoes.toolkit(option, *extra);
    vetoes.drivers(option, *extra);
  }
  if (!is_read) return option;
  option.cuda = package.cuda;
  if (package.cudnn) vetoes.cudnn(option, *package.cudnn, *package.cuda);
  vetoes.base_cudnn(option, Vetoes::Cudnn::brought);
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

// A wheel that is named is there, whatever Pythons others of its release are for.
void take_named_wheel(Component& component, std::size_t index, const Vetoes& vetoes) {
  if (vetoes.demands().packages[index].wheel_tags.empty()) return;
  const DemandSet pin = vetoes.set_of(Kind::package_version, index);
  for (Option& option : component.options) {
    if (!is_pinned_away(option, pin)) option.python.clear();
  }
}

// Best first, with what the catalog does not know.
Component finished(Component component, std::size_t index, const Vetoes& vetoes) {
  sort_options(component.options);
  prefer_first_index(vetoes.catalog(), vetoes.demands().packages[index], component.options);
  std::stable_partition(component.options.begin(),
                        component.options.end(),
                        [](const Option& option) { return !option.has_unknown_code; });
  prefer_locked(component, index, vetoes);
  take_named_wheel(component, index, vetoes);
  if (lacks_extra(index, vetoes)) return component;
  add_unknown(component,
              vetoes.set_of(Kind::package_version, index),
              unknown_option(vetoes.demands().packages[index], index, vetoes));
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

// What a toolkit is there for, where the machines alone do not ask for one.
void ask_for_toolkit(Component& component, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const bool has_base = demands.base && demands.base->cuda;
  const bool is_chosen = !demands.base && !demands.needs_python;
  const bool is_needed = has_base ? !demands.needs_python : is_chosen;
  if (has_gpus(demands) && is_needed) return;
  component.demand = vetoes.index_of(Kind::cuda);
  if (!has_gpus(demands) || !has_base) return;
  (component.demand ? component.other_demand : component.demand) = vetoes.index_of(Kind::base);
}

// The newest release of each version of the toolkit; without a base in the spec, of those that
// there are images of.
Component toolkit_component(const Vetoes& vetoes) {
  Component component{std::string(component::cuda), {}, {}};
  ask_for_toolkit(component, vetoes);
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

Component package_component(std::size_t index,
                            std::span<const Version> pythons,
                            const Vetoes& vetoes) {
  const std::string& name = vetoes.demands().packages[index].name;
  if (name == component::torch) return torch_component(index, vetoes);
  if (is_serving_package(name)) return serving_component(index, pythons, vetoes);
  return framework_component(index, pythons, vetoes);
}

std::vector<Component> make_components(std::span<const Version> pythons, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  std::vector<Component> components;
  if (!demands.runtime.empty()) components.push_back(runtime_component(pythons, vetoes));
  bool has_torch = !components.empty() && brings_torch(components.front(), {});
  for (std::size_t i = 0; i < demands.packages.size(); ++i) {
    const std::string& name = demands.packages[i].name;
    if (name == component::torch && has_torch) continue;
    components.push_back(finished(package_component(i, pythons, vetoes), i, vetoes));
    if (!is_serving_package(name) || names_torch_build(demands)) continue;
    const DemandSet pin = vetoes.set_of(Kind::package_version, i);
    has_torch = has_torch || brings_torch(components.back(), pin);
  }
  if (has_torch) {
    std::erase_if(components, [](const Component& one) { return one.name == component::torch; });
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

DemandSet all_of(const std::vector<Demand>& list) {
  DemandSet all;
  for (std::size_t i = 0; i < list.size(); ++i)
    all.set(i);
  return all;
}

Problem make_problem(const Catalog& catalog,
                     const Demands& demands,
                     const std::vector<Demand>& list,
                     const Given* given) {
  const Vetoes vetoes(catalog, demands, list, given);
  const std::vector<Version> pythons = known_pythons(catalog);
  Problem problem;
  problem.components = make_components(pythons, vetoes);
  problem.frames = make_frames(problem.components, pythons, vetoes);
  judge_fleet(problem, vetoes);
  judge_packages(problem, vetoes);
  judge_machines_without_gpu(problem, vetoes);
  judge_base(problem, vetoes);
  judge_python_file(problem, vetoes);
  problem.rulings = vetoes.rulings();
  return problem;
}

}  // namespace mlpack
