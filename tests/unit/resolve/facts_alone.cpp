#include "tests/unit/resolve/facts_alone.h"

#include "lib/resolve/candidates.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mlpack::test {
namespace {

// A version is said of what it is the version of, and a driver of a GPU.
bool is_said(const Demand& demand, const std::vector<Demand>& facts) {
  using Kind = Demand::Kind;
  return std::any_of(facts.begin(), facts.end(), [&](const Demand& fact) {
    if (fact.subject != demand.subject) return false;
    switch (demand.kind) {
      case Kind::runtime:
        return fact.kind == Kind::runtime || fact.kind == Kind::runtime_version;
      case Kind::package:
        return fact.kind == Kind::package || fact.kind == Kind::package_version;
      case Kind::gpu:
        return fact.kind == Kind::gpu || fact.kind == Kind::driver;
      default:
        return fact.kind == demand.kind;
    }
  });
}

bool is_gpu(const Demand& demand) {
  return demand.kind == Demand::Kind::gpu;
}

// A spec that says `facts` and nothing else, for GPUs if it was. Later demands go first: so the
// others keep their index.
Demands with_facts_alone(const Demands& demands, std::vector<Demand> facts) {
  const std::vector<Demand> list = list_demands(demands);
  const auto first = std::find_if(list.begin(), list.end(), is_gpu);
  const bool has_any = std::any_of(facts.begin(), facts.end(), is_gpu);
  if (first != list.end() && !has_any) facts.push_back(*first);
  Demands alone = demands;
  for (auto demand = list.rbegin(); demand != list.rend(); ++demand) {
    if (!is_said(*demand, facts)) alone = without(std::move(alone), *demand);
  }
  // One without an extra is another package: JAX for processors.
  for (PackageDemand& package : alone.packages) {
    const auto same = std::find_if(
        demands.packages.begin(), demands.packages.end(), [&](const PackageDemand& asked) {
          return asked.name == package.name && asked.build.starts_with("cuda");
        });
    if (same != demands.packages.end() && package.build.empty()) package.build = "cuda";
  }
  return alone;
}

// Beside vLLM's wheel, whose torch is another where a build of it is named: what one fact says
// changes what others are about.
bool are_entangled(const Demands& demands) {
  const auto has = [&](std::string_view name) {
    return std::any_of(demands.packages.begin(), demands.packages.end(), [&](const auto& package) {
      return package.name == name;
    });
  };
  return has("vllm") && has("torch");
}

}  // namespace

bool contradict_alone(const std::vector<Demand>& facts, const Demands& demands) {
  if (are_entangled(demands)) return true;
  const Demands alone = with_facts_alone(demands, facts);
  const std::vector<Demand> list = list_demands(alone);
  return !best_answer(make_problem(catalog(), alone, list), all_of(list));
}

}  // namespace mlpack::test
