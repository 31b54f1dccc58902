#include "lib/resolve/fixes.h"

#include "lib/resolve/releases.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

constexpr std::size_t most_fixes = 3;

// How much a change asks of its users.
namespace cost {
constexpr unsigned version = 10;  // and a step for each release between
constexpr unsigned same_branch = 15;
constexpr unsigned python = 25;
constexpr unsigned cuda_version = 26;
constexpr unsigned base = 30;
constexpr unsigned branch = 35;  // of all drivers of a group
constexpr unsigned weights = 50;
constexpr unsigned without_group = 60;
constexpr unsigned other_gpu = 70;
constexpr std::size_t most_steps = 14;
}  // namespace cost

class Fixer {
 public:
  Fixer(const Question& question, const DemandSet& conflict, const DemandSet& others)
      : question_(question), conflict_(conflict), held_(conflict | others) {}

  std::vector<Fix> find() {
    for (std::size_t i = 0; i < question_.list.size(); ++i) {
      if (conflict_.test(i)) change(i);
    }
    if (fixes_.size() < most_fixes) change_gpus();
    std::stable_sort(
        fixes_.begin(), fixes_.end(), [](const Fix& a, const Fix& b) { return a.cost < b.cost; });
    if (fixes_.size() > most_fixes) fixes_.resize(most_fixes);
    return std::move(fixes_);
  }

 private:
  void add(std::string text, unsigned cost, Demands changed) {
    fixes_.push_back({std::move(text), cost, std::move(changed)});
  }

  DemandSet rest(std::size_t demand) const {
    DemandSet others = held_;
    return others.reset(demand);
  }

  void change(std::size_t demand) {
    switch (question_.list[demand].kind) {
      case Kind::driver:
        return raise_driver(demand);
      case Kind::runtime_version:
        return change_release(demand, question_.demands.runtime);
      case Kind::package_version:
        return change_release(demand,
                              question_.demands.packages[question_.list[demand].subject].name);
      case Kind::cuda:
        return change_cuda(demand);
      case Kind::python:
        return change_python(demand);
      case Kind::base:
        return free_base(demand);
      case Kind::quantisation:
        return drop(demand,
                    fmt::format("take weights that are not {}", question_.demands.quantisation),
                    cost::weights);
      case Kind::gpu:
      case Kind::no_gpu:
        return drop_group(demand);
      case Kind::runtime:
      case Kind::package:
        return;
    }
  }

  void drop(std::size_t demand, std::string text, unsigned cost) {
    if (!best_answer(question_.problem, rest(demand))) return;
    add(std::move(text), cost, without(question_.demands, question_.list[demand]));
  }

  // mlpack's own choice has not what any base may have, so it is tried as such.
  void free_base(std::size_t demand) {
    const Demands changed = without(question_.demands, question_.list[demand]);
    DemandSet below;
    for (std::size_t i = 0; i < demand; ++i)
      below.set(i);
    const DemandSet held = (held_ & below) | ((held_ >> 1) & ~below);
    const Problem problem = make_problem(question_.catalog, changed, list_demands(changed));
    if (best_answer(problem, held))
      add("let mlpack choose the base: `base: auto`", cost::base, changed);
  }

  // Whether there is an answer with `group` in the place of the machines `row`. What stands against
  // the others is known; so only this group is compared.
  bool resolves_on(std::size_t row, const FleetGroup& group) const {
    Demands alone = question_.demands;
    alone.fleet = {group};
    const std::vector<Demand> list = list_demands(alone);
    DemandSet others = held_;
    DemandSet own;
    for (std::size_t i = 0; i < question_.list.size(); ++i) {
      Demand demand = question_.list[i];
      const bool is_machine = demand.kind == Kind::gpu || demand.kind == Kind::driver;
      if (is_machine && demand.subject != row) continue;
      if (is_machine) others.reset(i);
      if (is_machine) demand.subject = 0;
      const auto same = std::find_if(list.begin(), list.end(), [&](const Demand& other) {
        return other.kind == demand.kind && other.subject == demand.subject;
      });
      if (held_.test(i) && same != list.end())
        own.set(static_cast<std::size_t>(same - list.begin()));
    }
    const Problem problem = make_problem(question_.catalog, alone, list);
    Restriction restriction;
    restriction.also = &problem;
    restriction.demands = own;
    return best_answer(question_.problem, others, restriction).has_value();
  }

  // Drivers newer than `above` that something begins to run with on `gpu`: by minor-version
  // compatibility first, then those that toolkits were made with. Oldest first.
  std::vector<Version> later_drivers(const Gpu& gpu, const Version& above) const {
    std::set<Version> floors;
    std::set<Version> own;
    for (const CudaToolkit& toolkit : question_.catalog.cuda_toolkits()) {
      const auto floor = driver_floor(question_.catalog, toolkit.cuda, gpu);
      if (floor && floor->driver > above) floors.insert(floor->driver);
      if (toolkit.driver && *toolkit.driver > above) own.insert(*toolkit.driver);
    }
    std::vector<Version> found(floors.begin(), floors.end());
    found.insert(found.end(), own.begin(), own.end());
    return found;
  }

  void raise_driver(std::size_t demand) {
    if (!best_answer(question_.problem, rest(demand))) return;
    const std::size_t row = question_.list[demand].subject;
    const FleetGroup& group = question_.demands.fleet[row];
    Demands changed = question_.demands;
    for (const Version& driver : later_drivers(*group.gpu, *group.driver)) {
      changed.fleet[row].driver = driver;
      if (!resolves_on(row, changed.fleet[row])) continue;
      return add(fmt::format("raise the driver of {} from {} to {} or newer",
                             group.gpu->name,
                             group.driver->text(),
                             driver.text()),
                 driver.part(0) == group.driver->part(0) ? cost::same_branch : cost::branch,
                 changed);
    }
    keep_driver(demand, changed);
  }

  // Newer branches do not drive old GPUs.
  void keep_driver(std::size_t demand, Demands& changed) {
    const std::size_t row = question_.list[demand].subject;
    const FleetGroup& group = question_.demands.fleet[row];
    std::set<unsigned, std::greater<>> branches;
    for (const DriverBranch& branch : question_.catalog.driver_branches()) {
      if (branch.branch < group.driver->part(0)) branches.insert(branch.branch);
    }
    for (const unsigned branch : branches) {
      changed.fleet[row].driver = Version::parse(std::to_string(branch));
      if (!resolves_on(row, changed.fleet[row])) continue;
      return add(fmt::format("keep {} on driver branch {}", group.gpu->name, branch),
                 cost::branch,
                 changed);
    }
  }

  std::optional<std::size_t> component_of(std::string_view name) const {
    const auto& components = question_.problem.components;
    for (std::size_t i = 0; i < components.size(); ++i) {
      if (components[i].name == name) return i;
    }
    return std::nullopt;
  }

  // The options of a component by the releases between them and those that the demand takes: other
  // builds of the same release first, the newer of two.
  std::vector<std::pair<std::size_t, std::size_t>> by_distance(const Component& component,
                                                               std::size_t demand) const {
    const auto is_taken = [&](const Option& option) {
      return std::none_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
        return veto.demands.count() == 1 && veto.demands.test(demand);
      });
    };
    std::vector<std::size_t> ranks;  // of their releases
    std::optional<std::size_t> pinned;
    const auto& options = component.options;
    for (std::size_t i = 0; i < options.size(); ++i) {
      const bool is_next = i > 0 && release_of(options[i]) != release_of(options[i - 1]);
      ranks.push_back(i == 0 ? 0 : ranks.back() + (is_next ? 1 : 0));
      // What has no row stands at the end, wherever its release belongs.
      const bool is_known = options[i].row != nullptr;
      if (!pinned && is_known && is_taken(options[i])) pinned = ranks.back();
    }
    if (!pinned) pinned = pinned_rank(component, ranks, demand);
    std::vector<std::pair<std::size_t, std::size_t>> found;
    for (std::size_t i = 0; i < options.size(); ++i) {
      if (options[i].row == nullptr || is_taken(options[i])) continue;
      found.emplace_back(ranks[i] < *pinned ? *pinned - ranks[i] : ranks[i] - *pinned, i);
    }
    std::stable_sort(found.begin(), found.end());
    return found;
  }

  static std::string_view release_of(const Option& option) {
    return std::string_view(option.name).substr(0, option.name.find('+'));
  }

  // Where a pinned release would be that no build is known of.
  std::size_t pinned_rank(const Component& component,
                          const std::vector<std::size_t>& ranks,
                          std::size_t demand) const {
    const std::string& text = question_.list[demand].text;
    const std::string_view release =
        std::string_view(text).substr(std::min(text.find_first_of("0123456789"), text.size()));
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (compare_releases(release_of(component.options[i]), release) <= 0) return ranks[i];
    }
    return ranks.empty() ? 0 : ranks.back();
  }

  void change_release(std::size_t demand, std::string_view name) {
    const auto index = component_of(name);
    if (!index) return;
    const Component& component = question_.problem.components[*index];
    for (const auto& [distance, option] : by_distance(component, demand)) {
      Restriction restriction;
      restriction.only = Restriction::Only{*index, option};
      if (!best_answer(question_.problem, rest(demand), restriction)) continue;
      // The build is mlpack's to choose.
      const std::string release(release_of(component.options[option]));
      const auto steps = static_cast<unsigned>(std::min(distance, cost::most_steps));
      const std::string extra = extra_of(question_.list[demand], component.options[option]);
      return add(fmt::format("take {}{} {} instead of {}",
                             name,
                             extra.empty() ? "" : "[" + extra + "]",
                             release,
                             question_.list[demand].text),
                 cost::version + steps,
                 with_release(question_.list[demand], release, extra));
    }
  }

  // The extra that asks for the build of an option, where the spec asks for one with an extra.
  std::string extra_of(const Demand& demand, const Option& option) const {
    const bool is_asked = demand.kind == Kind::package_version &&
                          !question_.demands.packages[demand.subject].build.empty();
    const std::size_t plus = option.name.find('+');
    return is_asked && plus != std::string::npos ? option.name.substr(plus + 1) : std::string();
  }

  Demands with_release(const Demand& demand,
                       const std::string& release,
                       const std::string& extra) const {
    Demands changed = question_.demands;
    if (demand.kind == Kind::runtime_version) {
      changed.runtime_version = release;
    } else {
      changed.packages[demand.subject].specifier = "==" + release;
      changed.packages[demand.subject].build = extra;
    }
    return changed;
  }

  void change_cuda(std::size_t demand) {
    if (!best_answer(question_.problem, rest(demand))) return;
    std::set<Version> versions;
    for (const Component& component : question_.problem.components) {
      for (const Option& option : component.options) {
        if (option.cuda)
          versions.insert(
              *Version::parse(fmt::format("{}.{}", option.cuda->part(0), option.cuda->part(1))));
      }
    }
    const Version pinned = *question_.demands.cuda;
    for (const Version& version : nearest(versions, pinned)) {
      Restriction restriction;
      restriction.cuda = version;
      if (!best_answer(question_.problem, rest(demand), restriction)) continue;
      Demands changed = question_.demands;
      changed.cuda = version;
      return add(fmt::format("take CUDA {} instead of {}", version.text(), pinned.text()),
                 cost::cuda_version,
                 changed);
    }
    drop(demand, fmt::format("leave `cuda` out instead of {}", pinned.text()), cost::cuda_version);
  }

  void change_python(std::size_t demand) {
    if (!best_answer(question_.problem, rest(demand))) return;
    std::set<Version> versions;
    for (const Frame& frame : question_.problem.frames) {
      if (frame.python) versions.insert(*frame.python);
    }
    const Version pinned = *question_.demands.python;
    for (const Version& version : nearest(versions, pinned)) {
      Restriction restriction;
      restriction.python = version;
      if (!best_answer(question_.problem, rest(demand), restriction)) continue;
      Demands changed = question_.demands;
      changed.python = version;
      return add(fmt::format("take Python {} instead of {}", version.text(), pinned.text()),
                 cost::python,
                 changed);
    }
  }

  // Others than `pinned`, by how many are between; the newer of two first.
  static std::vector<Version> nearest(const std::set<Version>& versions, const Version& pinned) {
    std::vector<Version> newer;
    std::vector<Version> older;
    for (const Version& version : versions) {
      if (version > pinned && !version.same_minor(pinned)) newer.push_back(version);
      if (version < pinned && !version.same_minor(pinned)) older.insert(older.begin(), version);
    }
    std::vector<Version> found;
    for (std::size_t i = 0; i < std::max(newer.size(), older.size()); ++i) {
      if (i < newer.size()) found.push_back(newer[i]);
      if (i < older.size()) found.push_back(older[i]);
    }
    return found;
  }

  void drop_group(std::size_t demand) {
    const Demand& group = question_.list[demand];
    const bool is_only = question_.demands.fleet.size() < 2;
    if (is_only) return;
    drop(demand,
         fmt::format("take {} out of `fleet`, and build an image of its own for it", group.text),
         cost::without_group);
  }

  void change_gpus() {
    for (std::size_t i = 0; i < question_.list.size(); ++i) {
      if (conflict_.test(i) && question_.list[i].kind == Kind::gpu) other_gpu(i);
    }
  }

  // The GPU with the next higher or lower compute capability, and the nearest memory, that runs it.
  void other_gpu(std::size_t demand) {
    const std::size_t row = question_.list[demand].subject;
    const Gpu& gpu = *question_.demands.fleet[row].gpu;
    if (!best_answer(question_.problem, rest(demand))) return;
    std::set<Version> capabilities;
    for (const Gpu& other : question_.catalog.gpus())
      capabilities.insert(other.compute_capability);
    for (const Version& capability : nearest(capabilities, gpu.compute_capability)) {
      const Gpu* const other = most_like(gpu, capability);
      if (other == nullptr) continue;
      Demands changed = question_.demands;
      changed.fleet[row].gpu = other;
      if (!resolves_on(row, changed.fleet[row])) continue;
      return add(fmt::format("run it on {} instead of {}", other->name, gpu.name),
                 cost::other_gpu,
                 changed);
    }
  }

  const Gpu* most_like(const Gpu& gpu, const Version& capability) const {
    const Gpu* best = nullptr;
    const auto difference = [&](const Gpu& other) {
      return other.memory_gib < gpu.memory_gib ? gpu.memory_gib - other.memory_gib
                                               : other.memory_gib - gpu.memory_gib;
    };
    for (const Gpu& other : question_.catalog.gpus()) {
      if (other.compute_capability != capability || other.kind != gpu.kind) continue;
      if (best == nullptr || difference(other) < difference(*best)) best = &other;
    }
    return best;
  }

  const Question& question_;
  DemandSet conflict_;
  DemandSet held_;
  std::vector<Fix> fixes_;
};

}  // namespace

std::vector<Fix> find_fixes(const Question& question,
                            const DemandSet& conflict,
                            const DemandSet& others) {
  return Fixer(question, conflict, others).find();
}

}  // namespace mlpack
