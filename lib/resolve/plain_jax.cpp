#include "lib/resolve/plain_jax.h"

#include "lib/resolve/candidates.h"
#include "lib/resolve/framework_options.h"

#include <fmt/format.h>

#include <functional>
#include <set>
#include <string>

namespace mlpack {
namespace {

std::set<unsigned, std::greater<>> majors_of_jax(const Catalog& catalog) {
  std::set<unsigned, std::greater<>> majors;
  for (const FrameworkRelease& release : catalog.framework_releases()) {
    if (release.framework != "jax") continue;
    for (const Version& build : release.builds)
      majors.insert(build.part(0));
  }
  return majors;
}

// Whether `demands` have an answer in which a known build of their package `index` has CUDA.
bool has_cuda_build(const Catalog& catalog, const Demands& demands, std::size_t index) {
  const std::vector<Demand> list = list_demands(demands);
  const Problem problem = make_problem(catalog, demands, list);
  const auto answer = best_answer(problem, all_of(list));
  for (std::size_t i = 0; answer && i < problem.components.size(); ++i) {
    const Component& component = problem.components[i];
    if (!component.demand || !answer->options[i]) continue;
    const Demand& demand = list[*component.demand];
    const bool is_it = demand.kind == Demand::Kind::package && demand.subject == index;
    if (is_it) return component.options[*answer->options[i]].cuda.has_value();
  }
  return false;
}

// The newest build for CUDA that goes with the rest; empty where none does.
std::string fitting_extra(const Catalog& catalog, Demands demands, std::size_t index) {
  for (const unsigned major : majors_of_jax(catalog)) {
    std::string& extra = demands.packages[index].build;
    extra = fmt::format("cuda{}", major);
    if (has_cuda_build(catalog, demands, index)) return extra;
  }
  return {};
}

}  // namespace

std::optional<Ruling> told_of_plain_jax(const Question& question, std::size_t index) {
  const Demands& demands = question.demands;
  if (!has_gpus(demands) || !is_plain_jax(demands.packages[index])) return std::nullopt;
  const std::string extra = fitting_extra(question.catalog, demands, index);
  const std::string reason =
      extra.empty()
          ? "`jax` without an extra uses no GPU, and none of its builds for CUDA goes with the rest"
          : fmt::format("`jax` without an extra such as `jax[{}]` uses no GPU", extra);
  return Ruling{Verdict::unknown, reason, {&question.catalog.fact_row("jax.extra")}};
}

}  // namespace mlpack
