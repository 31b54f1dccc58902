#include "lib/resolve/fixes.h"

#include "lib/catalog/runtimes.h"
#include "lib/resolve/fix_search.h"

#include <fmt/format.h>

#include <optional>
#include <set>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

void change_cuda(FixSearch& search, std::size_t demand) {
  if (!search.has_answer_without(demand)) return;
  std::set<Version> versions;
  for (const Component& component : search.question().problem.components) {
    for (const Option& option : component.options) {
      if (option.cuda)
        versions.insert(
            *Version::parse(fmt::format("{}.{}", option.cuda->part(0), option.cuda->part(1))));
    }
  }
  const Version pinned = *search.question().demands.cuda;
  for (const Version& version : nearest(versions, pinned)) {
    Restriction restriction;
    restriction.cuda = version;
    if (!search.has_answer_without(demand, restriction)) continue;
    Demands changed = search.question().demands;
    changed.cuda = version;
    const std::string text =
        fmt::format("take CUDA {} instead of {}", version.text(), pinned.text());
    if (search.add(demand, text, fix_cost::cuda_version, std::move(changed))) return;
  }
  // What is pinned has options that nothing else has: without it they are others.
  search.add(demand,
             "leave `cuda` out",
             fix_cost::cuda_version,
             without(search.question().demands, search.demand(demand)));
}

void change_python(FixSearch& search, std::size_t demand) {
  if (!search.has_answer_without(demand)) return;
  std::set<Version> versions;
  for (const Frame& frame : search.question().problem.frames) {
    if (frame.python) versions.insert(*frame.python);
  }
  const Version pinned = *search.question().demands.python;
  for (const Version& version : nearest(versions, pinned)) {
    Restriction restriction;
    restriction.python = version;
    if (!search.has_answer_without(demand, restriction)) continue;
    Demands changed = search.question().demands;
    changed.python = version;
    const std::string text =
        fmt::format("take Python {} instead of {}", version.text(), pinned.text());
    if (search.add(demand, text, fix_cost::python, std::move(changed))) return;
  }
}

// mlpack's own choice has not what any base may have, so it is tried as such.
void free_base(FixSearch& search, std::size_t demand) {
  Demands changed = without(search.question().demands, search.demand(demand));
  search.add(
      demand, "let mlpack choose the base: `base: auto`", fix_cost::base, std::move(changed));
}

// Where the catalog has no image of a runtime for `machines`, there may be one.
void name_base(FixSearch& search, std::size_t demand, std::string_view machines) {
  const Demands& demands = search.question().demands;
  const ServingRuntime* const runtime = find_runtime(demands.runtime);
  if (runtime == nullptr || demands.base) return;
  Demands changed = demands;
  changed.base = BaseDemand{};
  changed.base->name = "an image of your own";
  search.add(demand,
             fmt::format("name a base that has {} for {}: `base: IMAGE`", runtime->title, machines),
             fix_cost::base,
             std::move(changed));
}

void name_arm_base(FixSearch& search, std::size_t demand) {
  const Question& question = search.question();
  const FleetGroup& group = question.demands.fleet[search.demand(demand).subject];
  const auto processor = arm_machine(question.catalog, question.demands, *group.gpu);
  if (processor == ArmMachine::always) name_base(search, demand, "linux/arm64");
}

void change_quantisation(FixSearch& search, std::size_t demand) {
  const Demands& demands = search.question().demands;
  const std::string& method = demands.quantisation;
  if (demands.quantised_by == Demands::QuantisedBy::args) {
    return search.drop(demand, fmt::format("take `{}` out of `args`", method), fix_cost::argument);
  }
  search.drop(demand, fmt::format("take weights that are not {}", method), fix_cost::weights);
}

// Of an index with builds for GPUs of others.
void leave_index(FixSearch& search, std::size_t demand) {
  Demands changed = search.question().demands;
  std::string& index = changed.packages[search.demand(demand).subject].other_index;
  if (index.empty()) return;
  const std::string text = fmt::format("look for torch elsewhere than on whl/{}", index);
  index.clear();
  search.add(demand, text, fix_cost::version, std::move(changed));
}

void change_demand(FixSearch& search, std::size_t demand) {
  const Demands& demands = search.question().demands;
  switch (search.demand(demand).kind) {
    case Kind::driver:
      name_compat_base(search, demand);
      return raise_driver(search, demand);
    case Kind::runtime_version:
      return change_release(search, demand, demands.runtime);
    case Kind::package_version:
      return change_release(search, demand, demands.packages[search.demand(demand).subject].name);
    case Kind::cuda:
      return change_cuda(search, demand);
    case Kind::python:
      return change_python(search, demand);
    case Kind::base:
      return free_base(search, demand);
    case Kind::python_file:
      return search.drop(
          demand,
          fmt::format("make {} for a Python that goes with the rest", demands.python_file->name),
          fix_cost::python_file);
    case Kind::platform:
      return change_platform(search, demand);
    case Kind::quantisation:
      return change_quantisation(search, demand);
    case Kind::bfloat16:
      return search.drop(demand, "say `dtype: half` in `args`", fix_cost::argument);
    case Kind::no_gpu:
      if (!has_gpus(demands)) name_base(search, demand, "machines without a GPU");
      return change_group(search, demand);
    case Kind::gpu:
      name_arm_base(search, demand);
      return change_group(search, demand);
    case Kind::package:
      return leave_index(search, demand);
    case Kind::runtime:
      return;
  }
}

}  // namespace

std::vector<Fix> find_fixes(const Question& question,
                            const DemandSet& conflict,
                            const DemandSet& others,
                            OtherGpus gpus) {
  FixSearch search(question, conflict, others);
  for (std::size_t i = 0; i < question.list.size(); ++i) {
    if (conflict.test(i)) change_demand(search, i);
  }
  const std::size_t enough = gpus == OtherGpus::always ? most_fixes : 1;
  for (std::size_t i = 0; search.count() < enough && i < question.list.size(); ++i) {
    if (conflict.test(i) && question.list[i].kind == Kind::gpu) change_gpu(search, i);
  }
  return search.found();
}

}  // namespace mlpack
