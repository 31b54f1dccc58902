#include "lib/resolve/for_processors.h"

#include "lib/resolve/candidates.h"
#include "lib/resolve/framework_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace mlpack {
namespace {

// A package for processors, and what is installed for GPUs instead.
struct ProcessorPackage {
  std::string_view name;
  std::string_view on_gpus;      // the package of another name
  std::string_view with_extras;  // what is installed
  std::string_view fact;
};
constexpr ProcessorPackage processor_packages[] = {
    {"onnxruntime", "onnxruntime-gpu", "onnxruntime-gpu", "onnxruntime.gpu"},
    {"tensorflow-cpu", "tensorflow", "tensorflow[and-cuda]", "tensorflow.cpu"},
};

const ProcessorPackage* find_processor_package(std::string_view name) {
  for (const ProcessorPackage& package : processor_packages) {
    if (package.name == name) return &package;
  }
  return nullptr;
}

std::set<unsigned, std::greater<>> majors_of_jax(const Catalog& catalog) {
  std::set<unsigned, std::greater<>> majors;
  for (const FrameworkRelease& release : catalog.framework_releases()) {
    if (release.framework != "jax") continue;
    for (const Version& build : release.builds)
      majors.insert(build.part(0));
  }
  return majors;
}

// What the best answer to `demands` takes for their package `index`, where that is a known build
// with CUDA.
std::optional<Option> cuda_build(const Catalog& catalog,
                                 const Demands& demands,
                                 std::size_t index) {
  const std::vector<Demand> list = list_demands(demands);
  const Problem problem = make_problem(catalog, demands, list);
  const auto answer = best_answer(problem, all_of(list));
  for (std::size_t i = 0; answer && i < problem.components.size(); ++i) {
    const Component& component = problem.components[i];
    if (!component.demand || !answer->options[i]) continue;
    const Demand& demand = list[*component.demand];
    const bool is_it = demand.kind == Demand::Kind::package && demand.subject == index;
    const Option& option = component.options[*answer->options[i]];
    if (is_it && option.cuda) return option;
  }
  return std::nullopt;
}

// The newest build for CUDA that goes with the rest; empty where none does.
std::string fitting_extra(const Catalog& catalog, Demands demands, std::size_t index) {
  for (const unsigned major : majors_of_jax(catalog)) {
    demands.packages[index].build = fmt::format("cuda{}", major);
    if (const auto option = cuda_build(catalog, demands, index)) return extra_of_build(*option);
  }
  return {};
}

Ruling told_of_jax(const Question& question, std::size_t index) {
  const std::string extra = fitting_extra(question.catalog, question.demands, index);
  const std::string reason =
      extra.empty()
          ? "`jax` without an extra uses no GPU, and none of its builds for CUDA goes with the rest"
          : fmt::format("`jax` without an extra such as `jax[{}]` uses no GPU", extra);
  return {Verdict::unknown, reason, {&question.catalog.fact_row("jax.extra")}};
}

// The packages that have other names have no wheels with CUDA for Arm.
bool has_gpus_beside_arm(const Question& question) {
  const auto& fleet = question.demands.fleet;
  return std::any_of(fleet.begin(), fleet.end(), [&](const FleetGroup& group) {
    return group.gpu != nullptr &&
           arm_machine(question.catalog, question.demands, *group.gpu) == ArmMachine::no;
  });
}

Ruling told_of_package(const Question& question, const PackageDemand& package) {
  const ProcessorPackage& known = *find_processor_package(package.name);
  Demands demands = question.demands;
  demands.packages.push_back(package);
  demands.packages.back().name = known.on_gpus;
  const bool fits = has_gpus_beside_arm(question) &&
                    cuda_build(question.catalog, demands, demands.packages.size() - 1);
  return {Verdict::unknown,
          fmt::format("`{}` is built for processors: it uses no GPU{}",
                      known.name,
                      fits ? fmt::format(", and `{}` does", known.with_extras)
                           : fmt::format(", and no build of `{}` that is known goes with the rest",
                                         known.on_gpus)),
          {&question.catalog.fact_row(known.fact)}};
}

Ruling told_of_both(const Catalog& catalog, const PackageDemand& package) {
  const ProcessorPackage& known = *find_processor_package(package.name);
  return {Verdict::unknown,
          fmt::format("`{}` and `{}` have the same files: which are there depends on the order",
                      known.name,
                      known.on_gpus),
          {&catalog.fact_row(known.fact)},
          {},
          fmt::format("leave `{}` out", known.name)};
}

}  // namespace

bool is_processor_package(std::string_view name) {
  return find_processor_package(name) != nullptr;
}

bool has_package_for_gpus(std::string_view name, const std::vector<PackageDemand>& packages) {
  const ProcessorPackage* const known = find_processor_package(name);
  return known != nullptr &&
         std::any_of(packages.begin(), packages.end(), [&](const PackageDemand& package) {
           return package.name == known->on_gpus;
         });
}

std::vector<Ruling> told_of_processor_packages(const Question& question) {
  const Demands& demands = question.demands;
  std::vector<Ruling> told;
  if (!has_gpus(demands)) return told;
  for (std::size_t i = 0; i < demands.packages.size(); ++i) {
    if (is_plain_jax(demands.packages[i])) told.push_back(told_of_jax(question, i));
  }
  for (const PackageDemand& package : demands.for_processors)
    told.push_back(told_of_package(question, package));
  for (Ruling& ruling : told)
    ruling.hint = "name a build with CUDA if it should use the GPUs";
  for (const PackageDemand& package : demands.overwritten)
    told.push_back(told_of_both(question.catalog, package));
  return told;
}

}  // namespace mlpack
