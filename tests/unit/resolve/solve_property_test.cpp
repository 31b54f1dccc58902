#include "lib/resolve/releases.h"
#include "lib/resolve/rules_code.h"
#include "lib/resolve/rules_image.h"
#include "lib/resolve/solve.h"
#include "tests/unit/resolve/rules_support.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>

using namespace mlpack;
using namespace mlpack::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int random_specs = 500;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr int random_specs = 500;
#else
constexpr int random_specs = 10000;
#endif
#else
constexpr int random_specs = 10000;
#endif

// Demands made by chance, of the kinds that a spec can have.
class RandomDemands {
 public:
  explicit RandomDemands(unsigned seed) : random_(seed) {}

  Demands make() {
    Demands demands;
    for (std::size_t i = pick(3) + 1; i > 0; --i)
      add_group(demands);
    if (chance(3)) demands.cuda = any(catalog().cuda_toolkits()).cuda;
    if (chance(3)) {
      const RuntimeRelease& release = any(catalog().runtime_releases());
      demands.runtime = release.runtime;
      if (chance(2)) demands.runtime_version = release.release;
    }
    if (chance(2)) add_torch(demands);
    if (chance(6)) demands.quantisation = any(catalog().quantisations()).method;
    if (chance(5)) demands.base = base_demand(catalog(), BaseReference{any_base()}, std::nullopt);
    return demands;
  }

 private:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool chance(std::size_t one_in) { return pick(one_in) == 0; }

  template <class T>
  const T& any(std::span<const T> rows) {
    return rows[pick(rows.size())];
  }

  std::string any_base() {
    constexpr std::array bases{"nvidia/cuda:12.4.1-base-ubuntu22.04",
                               "nvidia/cuda:13.0.0-base-ubuntu24.04",
                               "python:3.9-slim-bookworm",
                               "ubuntu:18.04",
                               "example.com/own:1"};
    return bases[pick(bases.size())];
  }

  void add_group(Demands& demands) {
    FleetGroup group;
    if (!chance(12)) group.gpu = &any(catalog().gpus());
    if (group.gpu != nullptr && chance(2)) {
      const CudaToolkit& toolkit = any(catalog().cuda_toolkits());
      group.driver = toolkit.driver ? *toolkit.driver : toolkit.min_driver;
    }
    for (const FleetGroup& other : demands.fleet) {
      const bool same_driver = group.driver.has_value() == other.driver.has_value() &&
                               (!group.driver || *group.driver == *other.driver);
      if (other.gpu == group.gpu && same_driver) return;
    }
    demands.fleet.push_back(group);
  }

  void add_torch(Demands& demands) {
    const TorchRelease& release = any(catalog().torch_releases());
    PackageDemand package{"torch", {}, {}, {}};
    if (chance(2))
      package.specifier = "==" + std::string(release.release.text());
    else if (chance(3))
      package.specifier = "<" + std::string(release.release.text());
    demands.packages.push_back(package);
    demands.needs_python = true;
    if (chance(3)) demands.python = any(release.python);
  }

  std::mt19937 random_;
};

// A build of PyTorch, or a toolkit, with all that the image would be: judged by the rules alone.
struct Candidate {
  Version cuda;
  std::optional<GpuCode> code;  // nullopt: what the toolkit compiles for
  CompatInImage compat = CompatInImage::no;
};

bool runs_on(const Candidate& candidate, const FleetGroup& group) {
  const Gpu& gpu = *group.gpu;
  const bool has_code =
      candidate.code && gpu.kind != Gpu::Kind::jetson && !candidate.code->sm.empty();
  std::optional<Version> driver_cuda = candidate.cuda;
  if (group.driver) {
    if (driver_supports_gpu(catalog(), *group.driver, gpu).verdict == Verdict::no) return false;
    const Ruling runs =
        driver_runs_cuda(catalog(), candidate.cuda, *group.driver, gpu, candidate.compat);
    if (runs.verdict == Verdict::no) return false;
    const auto native = native_cuda(catalog(), *group.driver);
    if (candidate.compat == CompatInImage::no || (native && *native > candidate.cuda)) {
      driver_cuda = native;
    }
  }
  if (has_code) {
    return code_runs(catalog(), *candidate.code, gpu.compute_capability, driver_cuda).verdict !=
           Verdict::no;
  }
  if (candidate.code && gpu.kind == Gpu::Kind::jetson && !candidate.code->sm.empty()) return true;
  return toolkit_supports_gpu(catalog(), candidate.cuda, gpu.compute_capability).verdict !=
         Verdict::no;
}

bool runs_on_all(const Candidate& candidate, const Demands& demands) {
  return std::all_of(demands.fleet.begin(), demands.fleet.end(), [&](const FleetGroup& group) {
    return group.gpu == nullptr || runs_on(candidate, group);
  });
}

// Whether a stack keeps what is asked for.
void check_stack(const Stack& stack, const Demands& demands) {
  for (const Choice& choice : stack.choices) {
    const bool is_torch = choice.what == component::torch;
    if (is_torch && choice.chosen.find("+cpu") == std::string::npos) {
      const std::size_t plus = choice.chosen.find('+');
      if (plus == std::string::npos) continue;  // not in the catalog
      const auto release = Version::parse(choice.chosen.substr(0, plus));
      REQUIRE(release);
      const TorchBuild* const build =
          catalog().find_torch_build(*release, choice.chosen.substr(plus + 1));
      REQUIRE(build != nullptr);
      CHECK(takes_release(demands.packages.front().specifier, *release));
      CHECK(runs_on_all({build->cuda, code_of(*build), stack.compat}, demands));
      CHECK((!demands.cuda || demands.cuda->same_minor(build->cuda)));
    }
    if (choice.what == component::cuda) {
      CHECK(runs_on_all({*stack.cuda, std::nullopt, stack.compat}, demands));
      CHECK((!demands.cuda || demands.cuda->same_minor(*stack.cuda)));
    }
    if (choice.what == demands.runtime && !demands.runtime_version.empty()) {
      CHECK(choice.chosen == demands.runtime_version);
    }
  }
  if (demands.python) CHECK(stack.python == demands.python);
}

DemandSet set_of(const std::vector<Demand>& list, const Conflict& conflict) {
  DemandSet set;
  for (std::size_t i = 0; i < list.size(); ++i) {
    set.set(i, std::any_of(conflict.facts.begin(), conflict.facts.end(), [&](const Demand& fact) {
              return fact.kind == list[i].kind && fact.subject == list[i].subject;
            }));
  }
  return set;
}

void check_conflict(const Conflict& conflict, const Demands& demands) {
  const std::vector<Demand> list = list_demands(demands);
  const Problem problem = make_problem(catalog(), demands, list);
  const DemandSet facts = set_of(list, conflict);
  CHECK_MESSAGE(!best_answer(problem, facts), answer_text(conflict));
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!facts.test(i)) continue;
    DemandSet others = facts;
    CHECK_MESSAGE(
        best_answer(problem, others.reset(i)), answer_text(conflict), " without ", list[i].text);
  }
  CHECK_MESSAGE(!conflict.because.empty(), answer_text(conflict));
}

// A specifier that no release of the catalog answers to stands for itself.
std::string newest_torch(const Demands& demands) {
  const std::string& specifier = demands.packages.front().specifier;
  const auto builds = catalog().torch_builds();
  const bool is_known = std::any_of(builds.begin(), builds.end(), [&](const TorchBuild& build) {
    return takes_release(specifier, build.torch);
  });
  if (!is_known) {
    const bool is_driven =
        std::all_of(demands.fleet.begin(), demands.fleet.end(), [](const FleetGroup& group) {
          return !group.gpu || !group.driver ||
                 driver_supports_gpu(catalog(), *group.driver, *group.gpu).verdict != Verdict::no;
        });
    return is_driven ? specifier : std::string();
  }
  std::string best;
  for (const TorchBuild& build : catalog().torch_builds()) {
    if (!takes_release(demands.packages.front().specifier, build.torch)) continue;
    if (demands.cuda && !demands.cuda->same_minor(build.cuda)) continue;
    if (!runs_on_all({build.cuda, code_of(build)}, demands)) continue;
    const std::string name(build.row->name);
    if (best.empty() || compare_releases(name, best) > 0) best = name;
  }
  return best;
}

}  // namespace

TEST_CASE("answers keep every rule, conflicts are minimal and fixes resolve") {
  RandomDemands random(4);
  int conflicts = 0;
  for (int i = 0; i < random_specs; ++i) {
    const Demands demands = random.make();
    const Resolution resolution = solve(catalog(), demands);
    if (resolution.stack) check_stack(*resolution.stack, demands);
    CHECK(resolution.stack.has_value() == resolution.conflicts.empty());
    for (const Conflict& conflict : resolution.conflicts)
      check_conflict(conflict, demands);
    conflicts += resolution.stack ? 0 : 1;
    if (resolution.conflicts.size() != 1) continue;
    for (const Fix& fix : resolution.conflicts.front().fixes)
      CHECK_MESSAGE(solve(catalog(), fix.demands).stack, fix.text);
  }
  CHECK(conflicts > random_specs / 10);
}

TEST_CASE("a search through all builds finds the same newest PyTorch") {
  RandomDemands random(7);
  for (int i = 0; i < random_specs; ++i) {
    Demands demands = random.make();
    const bool on_gpu = std::any_of(
        demands.fleet.begin(), demands.fleet.end(), [](const auto& g) { return g.gpu != nullptr; });
    if (demands.packages.empty() || !on_gpu) continue;
    demands.runtime.clear();
    demands.runtime_version.clear();
    demands.base.reset();
    demands.python.reset();
    demands.quantisation.clear();
    const Resolution resolution = solve(catalog(), demands);
    const std::string wanted = newest_torch(demands);
    CHECK_MESSAGE((resolution.stack ? resolution.stack->choices.front().chosen : "") == wanted,
                  answer_text(resolution));
  }
}
