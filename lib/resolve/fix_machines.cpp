#include "lib/resolve/fit.h"
#include "lib/resolve/fix_search.h"
#include "lib/resolve/rules_platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// Machines that a spec without any GPU may name: the example of mlpack.yaml(5).
constexpr std::string_view example_gpu = "L4";
// What most machines with a GPU are.
constexpr std::string_view machines_with_gpus = "linux/amd64";

// Rows of which no option may be taken while `demands` hold, in the order of <.
std::vector<const CatalogRow*> rows_out(const Problem& problem, const DemandSet& demands) {
  std::set<const CatalogRow*, std::less<>> out;
  std::set<const CatalogRow*, std::less<>> open;
  for (const Component& component : problem.components) {
    for (const Option& option : component.options) {
      const bool is_out = veto_of(option, CompatInImage::no, demands) != nullptr &&
                          veto_of(option, CompatInImage::yes, demands) != nullptr;
      (is_out ? out : open).insert(option.row);
    }
  }
  for (const CatalogRow* const row : open)
    out.erase(row);
  return {out.begin(), out.end()};
}

// Whether there is an answer with `group` in the place of the machines `row`. What stands against
// the others is known; so only this group is compared.
bool resolves_on(const FixSearch& search, std::size_t row, const FleetGroup& group) {
  const Question& question = search.question();
  Demands alone = question.demands;
  alone.fleet = {group};
  const std::vector<Demand> list = list_demands(alone);
  DemandSet others = search.held();
  DemandSet own;
  for (std::size_t i = 0; i < question.list.size(); ++i) {
    Demand demand = question.list[i];
    const bool is_machine = demand.kind == Kind::gpu || demand.kind == Kind::driver;
    if (is_machine && demand.subject != row) continue;
    if (is_machine) others.reset(i);
    if (is_machine) demand.subject = 0;
    const auto same = std::find_if(list.begin(), list.end(), [&](const Demand& other) {
      return other.kind == demand.kind && other.subject == demand.subject;
    });
    if (search.held().test(i) && same != list.end())
      own.set(static_cast<std::size_t>(same - list.begin()));
  }
  if (are_refused(question.catalog, alone, list, own)) return false;
  const Given given{own, rows_out(question.problem, others), question.problem.rulings};
  const Problem problem = make_problem(question.catalog, alone, list, &given);
  Restriction restriction;
  restriction.also = &problem;
  restriction.demands = own;
  return best_answer(question.problem, others, restriction).has_value();
}

// Where a branch of drivers has a floor, the branch alone says too little.
void drop_vague(std::set<Version>& floors) {
  std::erase_if(floors, [&](const Version& branch) {
    return branch.size() == 1 && std::any_of(floors.begin(), floors.end(), [&](const auto& floor) {
             return floor.size() > 1 && floor.part(0) == branch.part(0);
           });
  });
}

// What the documents of the runtime, or of the one that the base is, ask for.
std::set<Version> asked_drivers(const Question& question, const Gpu& gpu) {
  const Demands& demands = question.demands;
  const bool is_official = demands.base && demands.base->official;
  std::set<Version> asked;
  for (const RuntimeRelease& release : question.catalog.runtime_releases()) {
    const bool is_it = release.runtime == demands.runtime ||
                       (is_official && release.runtime == demands.base->official->runtime);
    const auto oldest = oldest_driver(release, gpu.compute_capability);
    if (is_it && !release.cuda && oldest) asked.insert(*oldest);
  }
  return asked;
}

// Drivers newer than `above` that something begins to run with on `gpu`: by minor-version
// compatibility first, then those that toolkits were made with. Oldest first.
std::vector<Version> later_drivers(const Question& question, const Gpu& gpu, const Version& above) {
  const Catalog& catalog = question.catalog;
  std::set<Version> floors = asked_drivers(question, gpu);
  std::erase_if(floors, [&](const Version& driver) { return driver <= above; });
  std::set<Version> own;
  for (const CudaToolkit& toolkit : catalog.cuda_toolkits()) {
    const auto floor = driver_floor(catalog, toolkit.cuda, gpu);
    if (floor && floor->driver > above) floors.insert(floor->driver);
    if (toolkit.driver && *toolkit.driver > above) own.insert(*toolkit.driver);
  }
  drop_vague(floors);
  std::vector<Version> found(floors.begin(), floors.end());
  found.insert(found.end(), own.begin(), own.end());
  return found;
}

// Newer branches do not drive old GPUs.
void keep_driver(FixSearch& search, std::size_t demand) {
  const std::size_t row = search.demand(demand).subject;
  Demands changed = search.question().demands;
  const FleetGroup group = changed.fleet[row];
  std::set<unsigned, std::greater<>> branches;
  for (const DriverBranch& branch : search.question().catalog.driver_branches()) {
    if (branch.branch < group.driver->part(0)) branches.insert(branch.branch);
  }
  for (const unsigned branch : branches) {
    changed.fleet[row].driver = Version::parse(std::to_string(branch));
    if (!resolves_on(search, row, changed.fleet[row])) continue;
    return search.take(demand,
                       fmt::format("keep {} on driver branch {}", group.gpu->name, branch),
                       fix_cost::branch,
                       std::move(changed));
  }
}

// Machines with a GPU in the place of those without.
void take_gpu(FixSearch& search, std::size_t demand) {
  const auto match = search.question().catalog.find_gpu(example_gpu);
  if (!match) return;
  Demands changed = search.question().demands;
  changed.fleet[search.demand(demand).subject].gpu = match->gpu;
  search.add(demand,
             fmt::format("run it on machines with a GPU, such as {}", match->gpu->name),
             fix_cost::other_gpu,
             std::move(changed));
}

// With the driver, where it is what tells them from others with that GPU.
std::string machines_text(const Demands& demands, std::size_t row) {
  const FleetGroup& group = demands.fleet[row];
  if (group.gpu == nullptr) return "a machine without a GPU";
  const auto same = std::count_if(demands.fleet.begin(),
                                  demands.fleet.end(),
                                  [&](const FleetGroup& other) { return other.gpu == group.gpu; });
  if (same == 1) return std::string(group.gpu->name);
  return group.driver ? fmt::format("{} with driver {}", group.gpu->name, group.driver->text())
                      : fmt::format("{} without a driver", group.gpu->name);
}

bool is_module(const Catalog& catalog, const Gpu& gpu) {
  return catalog.find_gpu_processor(gpu.name) != nullptr;
}

enum class Models { all, cards };

const Gpu* most_like(const Catalog& catalog,
                     const Gpu& gpu,
                     const Version& capability,
                     Models models,
                     std::uint64_t least_bytes) {
  const Gpu* best = nullptr;
  const auto difference = [&](const Gpu& other) {
    return other.memory_gib < gpu.memory_gib ? gpu.memory_gib - other.memory_gib
                                             : other.memory_gib - gpu.memory_gib;
  };
  for (const Gpu& other : catalog.gpus()) {
    if (other.compute_capability != capability || other.kind != gpu.kind) continue;
    if (models == Models::cards && is_module(catalog, other)) continue;
    if (gpu_bytes(catalog, other, {}) < least_bytes) continue;
    if (best == nullptr || difference(other) < difference(*best)) best = &other;
  }
  return best;
}

// In the order in which they may take the place of `gpu`, each with `least_bytes` of memory: of the
// next capabilities the card that is most like it. For one that is a module with its processor
// there may be such a module, too, and a card of its own capability.
std::vector<const Gpu*> others_like(const Catalog& catalog,
                                    const Gpu& gpu,
                                    std::uint64_t least_bytes) {
  std::set<Version> capabilities;
  for (const Gpu& other : catalog.gpus())
    capabilities.insert(other.compute_capability);
  std::vector<Version> order = nearest(capabilities, gpu.compute_capability);
  const bool was_module = is_module(catalog, gpu);
  if (was_module) order.insert(order.begin(), gpu.compute_capability);
  std::vector<const Gpu*> found;
  for (const Version& capability : order) {
    const Gpu* const any = most_like(catalog, gpu, capability, Models::all, least_bytes);
    const Gpu* const card = most_like(catalog, gpu, capability, Models::cards, least_bytes);
    const bool is_other = any != card && capability != gpu.compute_capability;
    if (any != nullptr && was_module && is_other) found.push_back(any);
    if (card != nullptr) found.push_back(card);
  }
  return found;
}

// Whether machines without a GPU stand against any GPU at all beside them.
bool is_refused_beside_others(const FixSearch& search, std::size_t demand) {
  const auto& list = search.question().list;
  const auto& vetoes = search.question().problem.vetoes;
  return std::any_of(vetoes.begin(), vetoes.end(), [&](const Veto& veto) {
    if (!veto.demands.test(demand) || (veto.demands & ~search.held()).any()) return false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (veto.demands.test(i) && list[i].kind == Kind::no_gpu) return true;
    }
    return false;
  });
}

// For machines that may have any processor: what is named, where a GPU runs there.
void add_usual(const Question& question, std::set<Platform>& needed) {
  bool has_any = false;
  for (const Platform& platform : question.demands.platforms) {
    if (driver_is_for(question.catalog, platform).verdict == Verdict::no) continue;
    needed.insert(platform);
    has_any = true;
  }
  if (!has_any) needed.insert(*Platform::parse(machines_with_gpus));
}

std::set<Platform> needed_platforms(const Question& question) {
  std::set<Platform> needed;
  for (const FleetGroup& group : question.demands.fleet) {
    const auto& named = question.demands.platforms;
    if (group.gpu == nullptr) {
      needed.insert(named.begin(), named.end());
      continue;
    }
    const GpuProcessor* const known = question.catalog.find_gpu_processor(group.gpu->name);
    if (known == nullptr)
      add_usual(question, needed);
    else
      needed.insert(*Platform::parse(fmt::format("linux/{}", known->architecture)));
  }
  return needed;
}

// Whether each has a GPU, none of which is one module with another processor.
bool may_have_usual_processor(const Question& question) {
  const auto& fleet = question.demands.fleet;
  return std::all_of(fleet.begin(), fleet.end(), [&](const FleetGroup& group) {
    return group.gpu != nullptr && question.catalog.find_gpu_processor(group.gpu->name) == nullptr;
  });
}

// As the spec or the command line, whichever named them, has it.
std::string platform_option(const Question& question, const Demands& changed) {
  const std::string text = platforms_text(changed.platforms);
  if (question.demands.platforms_where.line != 0 || changed.platforms.size() > 1)
    return fmt::format("`platform: {}`", changed.platforms.size() == 1 ? text : "[" + text + "]");
  return fmt::format("`--platform {}`", text);
}

}  // namespace

void raise_driver(FixSearch& search, std::size_t demand) {
  if (!search.has_answer_without(demand)) return;
  const std::size_t row = search.demand(demand).subject;
  Demands changed = search.question().demands;
  const FleetGroup group = changed.fleet[row];
  for (const Version& driver : later_drivers(search.question(), *group.gpu, *group.driver)) {
    changed.fleet[row].driver = driver;
    if (!resolves_on(search, row, changed.fleet[row])) continue;
    const bool is_same_branch = driver.part(0) == group.driver->part(0);
    return search.take(demand,
                       fmt::format("raise the driver of {} from {} to {} or newer",
                                   group.gpu->name,
                                   group.driver->text(),
                                   driver.text()),
                       is_same_branch ? fix_cost::same_branch : fix_cost::branch,
                       std::move(changed));
  }
  keep_driver(search, demand);
}

void change_group(FixSearch& search, std::size_t demand) {
  const Demand& group = search.demand(demand);
  const bool is_cpu = group.kind == Kind::no_gpu;
  const Demands& demands = search.question().demands;
  if (demands.fleet.size() > 1) {
    // Without the last GPU a runtime is another build.
    const Demands changed = without(demands, group);
    if (has_gpus(demands) && !has_gpus(changed) && !search.resolves(changed)) return;
    search.drop(demand,
                fmt::format("take {} out of `fleet`, and build an image of its own for it",
                            machines_text(demands, group.subject)),
                is_cpu ? fix_cost::without_cpu_group : fix_cost::without_group);
  } else if (is_cpu) {
    take_gpu(search, demand);
  }
}

void change_platform(FixSearch& search, std::size_t demand) {
  const Question& question = search.question();
  Demands changed = question.demands;
  const std::set<Platform> needed = needed_platforms(question);
  changed.platforms.assign(needed.begin(), needed.end());
  std::string text = "build it for what the machines are: " + platform_option(question, changed);
  if (search.add(demand, std::move(text), fix_cost::platform, changed)) return;
  if (!may_have_usual_processor(question)) return;
  changed.platforms = {*Platform::parse(machines_with_gpus)};
  if (changed.platforms == question.demands.platforms) return;
  text = fmt::format("build it for {}, if these are the machines: {}",
                     machines_with_gpus,
                     platform_option(question, changed));
  search.add(demand, std::move(text), fix_cost::other_platform, std::move(changed));
}

void change_gpu(FixSearch& search, std::size_t demand) {
  if (is_refused_beside_others(search, demand) || !search.has_answer_without(demand)) return;
  const std::size_t row = search.demand(demand).subject;
  Demands changed = search.question().demands;
  const Gpu& gpu = *changed.fleet[row].gpu;
  // A quarter more than the weights is the least for what else is in the memory.
  const std::uint64_t share = changed.weight_bytes / std::max(1U, changed.fleet[row].count) / 4 * 5;
  for (const Gpu* const other : others_like(search.question().catalog, gpu, share)) {
    changed.fleet[row].gpu = other;
    if (!resolves_on(search, row, changed.fleet[row])) continue;
    return search.take(demand,
                       fmt::format("run it on {} instead of {}",
                                   other->name,
                                   machines_text(search.question().demands, row)),
                       fix_cost::other_gpu,
                       std::move(changed));
  }
}

}  // namespace mlpack
