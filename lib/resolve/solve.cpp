#include "lib/resolve/solve.h"

#include "lib/catalog/runtimes.h"
#include "lib/oci/reference.h"
#include "lib/resolve/base_choice.h"
#include "lib/resolve/base_release.h"
#include "lib/resolve/conflict_reasons.h"
#include "lib/resolve/cuda_libraries.h"
#include "lib/resolve/cudnn_floors.h"
#include "lib/resolve/fixes.h"
#include "lib/resolve/fixes_together.h"
#include "lib/resolve/for_processors.h"
#include "lib/resolve/library_wheels.h"
#include "lib/resolve/spec_demands.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

const Option* option_of(const Problem& problem, const Assignment& answer, std::size_t component) {
  const auto& index = answer.options[component];
  return index ? &problem.components[component].options[*index] : nullptr;
}

// Why an option that nothing stands against is in no frame with the others.
std::string why_apart(const Option& option, const Frame& frame) {
  const auto has_wheels = [&](const Version& python) { return python == *frame.python; };
  const bool is_without = frame.python && !option.python.empty() &&
                          std::none_of(option.python.begin(), option.python.end(), has_wheels);
  if (is_without) return fmt::format("it has no wheels for Python {}", frame.python->text());
  const auto& major = frame.cuda_major;
  if (option.cuda && major && option.cuda->part(0) != *major)
    return fmt::format("it is for CUDA {}, and the rest for CUDA {}", option.cuda->part(0), *major);
  const auto& cudnn = frame.cudnn_major;
  if (option.cudnn_major && cudnn && *option.cudnn_major != *cudnn)
    return fmt::format("it needs cuDNN {}, and the rest cuDNN {}", *option.cudnn_major, *cudnn);
  return "it does not go with the rest";
}

// Why not a newer one: of those that the pins allow, what keeps the best out, and the last before
// the answer.
std::vector<Ruling> why_not_newer(const Question& question,
                                  const Assignment& answer,
                                  std::size_t component,
                                  const DemandSet& demands) {
  const DemandSet pins = pins_of(question.list) & demands;
  const Component& asked = question.problem.components[component];
  const Frame& frame = question.problem.frames[answer.frame];
  std::vector<Ruling> because;
  for (std::size_t i = 0; i < *answer.options[component]; ++i) {
    const Option& option = asked.options[i];
    if (is_pinned_away(option, pins)) continue;
    const Veto* const veto = veto_of(option, frame.compat, demands);
    const auto refusal = veto == nullptr && belongs(option, frame)
                             ? cudnn_refusal(question, answer, component, i)
                             : std::nullopt;
    Ruling ruling =
        veto != nullptr
            ? *veto->ruling
            : refusal.value_or(Ruling{Verdict::no, why_apart(option, frame), {option.row}});
    ruling.reason = fmt::format("not {}: {}", option.name, ruling.reason);
    if (because.size() == 2) because.pop_back();
    because.push_back(std::move(ruling));
  }
  return because;
}

// How the spec pins a component, in words; empty where it does not.
std::string pin_of(const Question& question, const Component& component) {
  for (const Demand& demand : question.list) {
    const bool is_version =
        demand.kind == Kind::runtime_version || demand.kind == Kind::package_version;
    if (is_version && demand.text.starts_with(component.name)) return demand.text;
    const bool is_toolkit = component.name == component::cuda && demand.kind == Kind::cuda;
    if (is_toolkit) return demand.text;
  }
  return {};
}

// Why a component that the spec does not pin is what it is.
std::string why_newest(const Question& question, const Component& component, const Option& option) {
  const Demands& demands = question.demands;
  const BaseRelease* const of_base = release_of_base(demands);
  const bool is_the_bases =
      component.name == demands.runtime && of_base != nullptr && of_base->release == option.name;
  if (is_the_bases) return "the base has it";
  const bool has_releases = option.row != nullptr || component.options.size() > 1;
  if (!has_releases) return "its releases are not in the catalog: it is that of the base";
  return fmt::format("the newest{}{}, within what is pinned",
                     demands.as_of.empty() ? "" : " by " + demands.as_of,
                     demands.fleet.empty() ? "" : " that runs on the whole fleet");
}

Choice choice_of(const Question& question,
                 const Assignment& answer,
                 std::size_t component,
                 const DemandSet& demands) {
  const Component& asked = question.problem.components[component];
  const Option& option = *option_of(question.problem, answer, component);
  const std::string pin = pin_of(question, asked);
  Ruling first{
      Verdict::yes,
      pin.empty() ? why_newest(question, asked, option) : fmt::format("the spec asks for {}", pin),
      {}};
  if (option.row != nullptr) first.evidence.push_back(option.row);
  Choice choice{asked.name, option.name, {std::move(first)}};
  for (Ruling& ruling : why_not_newer(question, answer, component, demands))
    choice.because.push_back(std::move(ruling));
  // What has a row, the rows speak of.
  for (const Ruling& doubt : option.doubts) {
    if (option.row == nullptr && !doubt.evidence.empty()) choice.because.push_back(doubt);
  }
  return choice;
}

// The oldest driver for `cuda` on any GPU of the fleet: what another needs beyond it, its machines
// have, as no older driver drives it.
void add_floor(Stack& stack, const Catalog& catalog, const Demands& demands, const Version& cuda) {
  std::optional<Version> oldest;
  for (const FleetGroup& group : demands.fleet) {
    if (group.gpu == nullptr) continue;
    const auto floor = driver_floor(catalog, cuda, *group.gpu);
    if (floor && (!oldest || floor->driver < *oldest)) oldest = floor->driver;
  }
  if (oldest && (!stack.min_driver || *oldest > *stack.min_driver)) stack.min_driver = oldest;
}

std::string base_of(const Stack& stack, const Catalog& catalog, const Demands& demands) {
  if (demands.base) return {};
  if (!demands.runtime.empty()) {
    const RuntimeRelease* const release =
        catalog.find_runtime_release(demands.runtime, stack.choices.front().chosen);
    return release == nullptr ? std::string() : runtime_image_reference(*release, demands);
  }
  if (stack.python) return python_image_reference(catalog, *stack.python);
  return stack.cuda ? cuda_image_reference(catalog, *stack.cuda) : std::string();
}

void add_doubts(Stack& stack, const std::vector<Ruling>& doubts) {
  for (const Ruling& doubt : doubts) {
    const bool is_known =
        std::any_of(stack.doubts.begin(), stack.doubts.end(), [&](const Ruling& other) {
          return other.reason == doubt.reason;
        });
    if (!is_known) stack.doubts.push_back(doubt);
  }
}

void add_branch(std::vector<unsigned>& branches, unsigned branch) {
  const auto at = std::lower_bound(branches.begin(), branches.end(), branch);
  if (at == branches.end() || *at != branch) branches.insert(at, branch);
}

// Which machines need the compat package of the base.
void add_compat(Stack& stack, const Question& question) {
  Choice choice{"compat package", "of the base", {}};
  for (const FleetGroup& group : question.demands.fleet) {
    if (group.gpu == nullptr || !group.driver || !stack.cuda) continue;
    const auto runs = [&](CompatInImage compat) {
      return driver_runs_cuda(question.catalog, *stack.cuda, *group.driver, *group.gpu, compat);
    };
    if (runs(CompatInImage::no).verdict != Verdict::no) continue;
    choice.because.push_back(runs(CompatInImage::yes));
    add_branch(stack.compat_branches, group.driver->part(0));
    if (choice.because.back().verdict == Verdict::unknown)
      add_doubts(stack, {choice.because.back()});
  }
  if (choice.because.empty()) return;
  stack.choices.push_back(std::move(choice));
  const ServingRuntime* const runtime = find_runtime(question.demands.runtime);
  if (runtime == nullptr || runtime->compat_switch.empty()) return;
  add_doubts(stack,
             {{Verdict::unknown,
               fmt::format("machines with older drivers need the compat package of the image: the "
                           "NVIDIA container toolkit takes it from 1.18 on, older ones with {}=1",
                           runtime->compat_switch),
               {&question.catalog.fact_row("container.compat_hook")},
               {},
               fmt::format("ask these machines with `nvidia-ctk --version`, or write `{}: \"1\"` "
                           "into `env`",
                           runtime->compat_switch)}});
}

Stack make_stack(const Question& question, const Assignment& answer, const DemandSet& demands) {
  Stack stack;
  const Frame& frame = question.problem.frames[answer.frame];
  for (std::size_t i = 0; i < answer.options.size(); ++i) {
    const Option* const option = option_of(question.problem, answer, i);
    if (option == nullptr) continue;
    stack.choices.push_back(choice_of(question, answer, i, demands));
    if (!stack.cuda && option->cuda) {
      stack.cuda = option->cuda;
      stack.cuda_from = stack.choices.size() - 1;
    }
    if (!stack.code) stack.code = option->code;
    if (!stack.arm_code) stack.arm_code = option->arm_code;
    if (option->cuda) add_floor(stack, question.catalog, question.demands, *option->cuda);
    add_doubts(stack, option->doubts);
  }
  add_doubts(stack, told_of_processor_packages(question));
  const auto missing = missing_libraries(question, answer);
  stack.libraries = missing ? Stack::Libraries::missing : Stack::Libraries::there;
  add_doubts(stack, doubts_of_other_cuda(question, answer));
  add_doubts(stack, missing ? std::vector{missing->told} : cudnn_doubts(question, answer));
  add_doubts(stack, question.problem.doubts);
  if (frame.compat == CompatInImage::yes) add_compat(stack, question);
  stack.python = frame.python;
  stack.compat = frame.compat;
  stack.base = base_of(stack, question.catalog, question.demands);
  return stack;
}

// Whether all that `slim` has of components is in `other`.
bool keeps_choices(const Stack& slim, const Stack& other) {
  return std::equal(
      slim.choices.begin(),
      slim.choices.end(),
      other.choices.begin(),
      other.choices.end(),
      [](const Choice& a, const Choice& b) { return a.what == b.what && a.chosen == b.chosen; });
}

std::vector<Ruling> why_image(const CudnnImage& image, const MissingLibraries& missing) {
  return {{Verdict::yes,
           fmt::format(
               "`base: auto` is the smallest official image with what {} of CUDA {} and "
               "cuDNN {}, which no wheel brings; `python3` of its distribution is added",
               missing.by + (missing.by.find(" and ") == std::string::npos ? " loads" : " load"),
               missing.cuda.part(0),
               missing.cudnn->text()),
           {image.image->row}}};
}

// A slim Python has no libraries of CUDA: where wheels do not bring them, `auto` is an official
// image that does, if all that was chosen stays as it is.
Stack with_libraries(const Question& question, const Assignment& answer, Stack slim) {
  const Demands& asked = question.demands;
  const bool is_slim = !asked.base && asked.runtime.empty() && asked.needs_python;
  if (!is_slim || asked.auto_base == Demands::Auto::slim) return slim;
  const auto missing = missing_libraries(question, answer);
  if (!missing) return slim;
  for (const CudnnImage& image : images_with(question, *missing)) {
    auto demands = on_image(question.catalog, asked, image.name);
    if (!demands) continue;
    // With its compat package a newer release may be the best: what was chosen is looked for.
    demands->base->compat = CompatInImage::no;
    const std::vector<Demand> list = list_demands(*demands);
    const Problem problem = make_problem(question.catalog, *demands, list);
    const auto on = best_answer(problem, all_of(list));
    if (!on) continue;
    Stack stack = make_stack({question.catalog, *demands, list, problem}, *on, all_of(list));
    const bool has_all = stack.libraries == Stack::Libraries::there;
    if (!has_all || !keeps_choices(slim, stack)) continue;
    stack.choices = std::move(slim.choices);
    stack.compat = slim.compat;
    stack.base = parse_reference(image.name).with_default_host().text();
    stack.base_packages = {"python3"};
    stack.base_because = why_image(image, *missing);
    return stack;
  }
  return slim;
}

// Conflicts, and what they have to do with each other.
struct Sets {
  std::vector<DemandSet> conflicts;
  DemandSet common;         // is in each of them: a change of anything else leaves one
  DemandSet rest;           // has no conflict
  std::vector<Fix> of_all;  // what ends all of them
};

// Those that end all conflicts first, then what ends `set` alone.
std::vector<Fix> fixes_of(const Question& question, const DemandSet& set, const Sets& sets) {
  std::vector<Fix> fixes = sets.of_all;
  if (sets.conflicts.size() == 1) return fixes;
  const bool are_few = are_compared(sets.conflicts.size(), question.demands.fleet.size());
  const OtherGpus gpus = are_few ? OtherGpus::always : OtherGpus::where_nothing_else_helps;
  for (Fix& fix : find_fixes(question, set, sets.rest, gpus)) {
    const bool is_known = std::any_of(
        fixes.begin(), fixes.end(), [&](const Fix& other) { return other.text == fix.text; });
    if (is_known || fixes.size() >= most_fixes) continue;
    const bool ends_all =
        are_few && count_conflicts(question.catalog, fix.demands, question.problem.rulings) == 0;
    fix.ends = ends_all ? Fix::Ends::all : Fix::Ends::this_conflict;
    fixes.push_back(std::move(fix));
  }
  std::stable_partition(
      fixes.begin(), fixes.end(), [](const Fix& fix) { return fix.ends == Fix::Ends::all; });
  return fixes;
}

Conflict make_conflict(const Question& question, const DemandSet& set, const Sets& sets) {
  Conflict conflict;
  for (std::size_t i = 0; i < question.list.size(); ++i) {
    if (set.test(i)) conflict.facts.push_back(question.list[i]);
  }
  conflict.because = reasons_of(question, set);
  conflict.fixes = fixes_of(question, set, sets);
  return conflict;
}

// Conflicts that do not go away with each other: of each, the fact that others need least is left
// out before the next is looked for. What holds in the end has an answer.
Sets all_conflicts(const Problem& problem, const DemandSet& all) {
  Sets sets{{}, all, all, {}};
  while (!best_answer(problem, sets.rest)) {
    const DemandSet found = minimal_conflict(problem, sets.rest);
    sets.conflicts.push_back(found);
    sets.common &= found;
    if (found.none()) break;
    for (std::size_t i = max_demands; i-- > 0;) {
      if (!found.test(i)) continue;
      sets.rest.reset(i);
      break;
    }
  }
  return sets;
}

// Of the answer that is preferred to `best`, which is the best of all.
Stack stack_of(const Question& question, const Assignment& best) {
  const DemandSet all = all_of(question.list);
  const Assignment answer =
      missing_libraries(question, best) ? best : with_cudnn_taken(question, best);
  return with_libraries(question, answer, make_stack(question, answer, all));
}

enum class Told { all, first };

Resolution solve(const Catalog& catalog,
                 const Demands& demands,
                 Told told,
                 const std::shared_ptr<Rulings>& rulings) {
  const std::vector<Demand> list = list_demands(demands);
  const Given given{{}, {}, rulings};
  const Problem problem = make_problem(catalog, demands, list, &given);
  const Question question{catalog, demands, list, problem};
  const DemandSet all = all_of(list);
  Resolution resolution;
  if (const auto best = best_answer(problem, all)) {
    const auto preferred = with_their_cuda(question, *best);
    resolution.stack =
        preferred ? stack_of({catalog, demands, list, *preferred}, *best_answer(*preferred, all))
                  : stack_of(question, *best);
    return resolution;
  }
  Sets sets = all_conflicts(problem, all);
  sets.of_all = find_fixes(question, sets.common, all, OtherGpus::always);
  for (const DemandSet& conflict : sets.conflicts) {
    const bool is_told = told == Told::all || resolution.conflicts.empty();
    if (is_told) resolution.conflicts.push_back(make_conflict(question, conflict, sets));
  }
  tell_apart(resolution.conflicts);
  return resolution;
}

}  // namespace

Resolution solve_first(const Catalog& catalog,
                       const Demands& demands,
                       const std::shared_ptr<Rulings>& rulings) {
  return solve(catalog, demands, Told::first, rulings);
}

std::size_t count_conflicts(const Catalog& catalog,
                            const Demands& demands,
                            const std::shared_ptr<Rulings>& rulings) {
  const std::vector<Demand> list = list_demands(demands);
  const Given given{{}, {}, rulings};
  return all_conflicts(make_problem(catalog, demands, list, &given), all_of(list)).conflicts.size();
}

Resolution solve(const Catalog& catalog, const Demands& demands) {
  const auto rulings = std::make_shared<Rulings>();
  Resolution resolution = solve(catalog, demands, Told::all, rulings);
  if (resolution.conflicts.size() > 1)
    resolution.together = find_fixes_together(catalog, demands, resolution, rulings);
  return resolution;
}

}  // namespace mlpack
