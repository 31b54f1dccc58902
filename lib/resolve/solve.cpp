#include "lib/resolve/solve.h"

#include "lib/resolve/base_choice.h"
#include "lib/resolve/base_release.h"
#include "lib/resolve/fixes.h"
#include "lib/resolve/rules_image.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

constexpr std::size_t most_reasons = 6;

const Option* option_of(const Problem& problem, const Assignment& answer, std::size_t component) {
  const auto& index = answer.options[component];
  return index ? &problem.components[component].options[*index] : nullptr;
}

// A demand for one version, which says of every other that it is another.
bool is_pin(const Demand& demand) {
  return demand.kind == Kind::runtime_version || demand.kind == Kind::package_version ||
         demand.kind == Kind::cuda || demand.kind == Kind::python;
}

// The demands that are nothing but pins.
DemandSet pins_of(const std::vector<Demand>& list) {
  DemandSet pins;
  for (std::size_t i = 0; i < list.size(); ++i)
    pins.set(i, is_pin(list[i]));
  return pins;
}

bool is_pinned_away(const Option& option, const DemandSet& pins, const DemandSet& demands) {
  return std::any_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
    return veto.demands.count() == 1 && (veto.demands & pins & demands).any();
  });
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
  const DemandSet pins = pins_of(question.list);
  const Component& asked = question.problem.components[component];
  const Frame& frame = question.problem.frames[answer.frame];
  std::vector<Ruling> because;
  for (std::size_t i = 0; i < *answer.options[component]; ++i) {
    const Option& option = asked.options[i];
    if (is_pinned_away(option, pins, demands)) continue;
    const Veto* const veto = veto_of(option, frame, demands);
    Ruling ruling = veto != nullptr ? veto->ruling
                                    : Ruling{Verdict::no, why_apart(option, frame), {option.row}};
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
    const bool is_toolkit = !component.demand && demand.kind == Kind::cuda;
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
    if (choice.because.back().verdict == Verdict::unknown)
      add_doubts(stack, {choice.because.back()});
  }
  if (!choice.because.empty()) stack.choices.push_back(std::move(choice));
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
  add_doubts(stack, question.problem.doubts);
  if (frame.compat == CompatInImage::yes) add_compat(stack, question);
  stack.python = frame.python;
  stack.compat = frame.compat;
  stack.base = base_of(stack, question.catalog, question.demands);
  return stack;
}

// What a conflict's demands have against all that its pins allow: of each set of them, what was
// said of the best option.
class Reasons {
 public:
  Reasons(const Question& question, const DemandSet& conflict)
      : question_(question), conflict_(conflict), pins_(pins_of(question.list)) {
    for (const Component& component : question.problem.components) {
      const bool is_concerned = !component.demand || conflict.test(*component.demand);
      if (is_concerned) components_.push_back(&component);
    }
    take_base_python();
    take(question.problem.vetoes);
    if (!found.empty()) return;  // the base or the machines alone contradict each other
    for (const Component* component : components_)
      take_of(*component, pins_ | chosen_by_base(*component));
    if (found.empty()) {
      for (const Component* component : components_)
        take_of(*component, pins_);
    }
    for (const Frame& frame : question.problem.frames)
      take(frame.vetoes);
    if (found.empty()) take_pins();
  }

  std::vector<Ruling> found;

 private:
  bool has(Kind kind) const {
    const auto& list = question_.list;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (conflict_.test(i) && list[i].kind == kind) return true;
    }
    return false;
  }

  // Of a Python that the base has not, it does not matter what there are wheels for.
  void take_base_python() {
    const Demands& demands = question_.demands;
    const auto& base = demands.base;
    if (!has(Kind::base) || !has(Kind::python) || !base->python) return;
    if (base->python->same_minor(*demands.python)) return;
    Ruling ruling{
        Verdict::no, fmt::format("{} has Python {}", base->name, base->python->text()), {}};
    if (base->distro != nullptr && base->distro->python == base->python)
      ruling.evidence.push_back(base->distro->row);
    found.push_back(std::move(ruling));
  }

  // A base with a toolkit, or a release of the runtime, has that one: of others, which nobody asked
  // for, it is no news that they do not go with it.
  DemandSet chosen_by_base(const Component& component) const {
    const auto& base = question_.demands.base;
    const bool is_there =
        !component.demand || (base && base->official && base->official->runtime == component.name);
    DemandSet bases;
    for (std::size_t i = 0; is_there && i < question_.list.size(); ++i)
      bases.set(i, question_.list[i].kind == Kind::base);
    return bases;
  }

  void take_of(const Component& component, const DemandSet& pins) {
    for (const Option& option : component.options) {
      if (is_pinned_away(option, pins, conflict_)) continue;
      take(option.vetoes);
      take(option.without_compat);
      take_python(component, option);
    }
  }

  // Where the pins alone contradict each other: what they say of the options that miss fewest.
  void take_pins() {
    if (conflict_.count() == 1 && has(Kind::cuda)) {
      return take_nothing(fmt::format("CUDA {}", question_.demands.cuda->text()));
    }
    std::vector<std::string> names;
    std::vector<Version> cudas;
    std::vector<unsigned> cudnns;
    std::stable_partition(components_.begin(), components_.end(), [&](const Component* component) {
      return std::any_of(component->options.begin(),
                         component->options.end(),
                         [&](const Option& option) { return is_of_other_release(option); });
    });
    for (const Component* component : components_) {
      const Option* nearest = nullptr;
      const auto rank = [&](const Option& option) {
        const bool is_apart =
            !cudas.empty() && option.cuda && option.cuda->part(0) != cudas.front().part(0);
        return std::tuple(misses(option), is_of_other_release(option), is_apart);
      };
      for (const Option& option : component->options) {
        if (nearest == nullptr || rank(option) < rank(*nearest)) nearest = &option;
      }
      if (nearest == nullptr) {
        take_nothing(component->name);
        continue;
      }
      take(nearest->vetoes);
      names.push_back(component->name + " " + nearest->name);
      if (nearest->cuda) cudas.push_back(*nearest->cuda);
      if (nearest->cudnn_major) cudnns.push_back(*nearest->cudnn_major);
    }
    if (!found.empty() || names.size() < 2) return;
    Ruling majors = one_cuda_major(question_.catalog, cudas);
    if (majors.verdict == Verdict::yes)
      majors = one_library_major(question_.catalog, "cuDNN", cudnns);
    found.push_back(std::move(majors));
    found.back().reason =
        fmt::format("{} do not go together: {}", fmt::join(names, " and "), found.back().reason);
  }

  void take_nothing(const std::string& name) {
    const std::string& as_of = question_.demands.as_of;
    const std::string day = as_of.empty() ? "" : fmt::format(" that was released by {}", as_of);
    found.push_back({Verdict::no, fmt::format("no {} is in the catalog{}", name, day), {}});
  }

  // Whether the conflict pins another release than this.
  bool is_of_other_release(const Option& option) const {
    return std::any_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
      if (veto.demands.count() != 1 || (veto.demands & conflict_).none()) return false;
      const auto& list = question_.list;
      for (std::size_t i = 0; i < list.size(); ++i) {
        const bool is_release =
            list[i].kind == Kind::package_version || list[i].kind == Kind::runtime_version;
        if (veto.demands.test(i) && is_release) return true;
      }
      return false;
    });
  }

  std::ptrdiff_t misses(const Option& option) const {
    return std::count_if(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
      return (veto.demands & ~conflict_).none();
    });
  }

  // A release has no wheels for the Python that is pinned, or that the base has.
  void take_python(const Component& component, const Option& option) {
    const auto& demands = question_.demands;
    for (std::size_t i = 0; i < question_.list.size(); ++i) {
      if (!conflict_.test(i)) continue;
      const Kind kind = question_.list[i].kind;
      const std::optional<Version> python = kind == Kind::python ? demands.python
                                            : kind == Kind::base ? demands.base->python
                                                                 : std::nullopt;
      if (!python || option.python.empty() || has_python(option, *python)) continue;
      if (!seen_.insert(component.name + question_.list[i].text).second) continue;
      std::vector<std::string> known;
      for (const Version& version : option.python)
        known.emplace_back(version.text());
      found.push_back(
          {Verdict::no,
           fmt::format("{} {} has wheels for Python {}, not {}{}",
                       component.name,
                       option.name,
                       join(known, ", "),
                       python->text(),
                       kind == Kind::base ? fmt::format(", which {} has", demands.base->name)
                                          : std::string()),
           {option.row}});
    }
  }

  static bool has_python(const Option& option, const Version& python) {
    return std::any_of(option.python.begin(), option.python.end(), [&](const Version& version) {
      return version.same_minor(python);
    });
  }

  void take(const std::vector<Veto>& vetoes) {
    for (const Veto& veto : vetoes) {
      if (veto.demands.none() || (veto.demands & ~conflict_).any()) continue;
      if (veto.ruling.evidence.empty() && !found.empty()) continue;
      if (found.size() >= most_reasons || !seen_.insert(veto.demands.to_string()).second) continue;
      found.push_back(veto.ruling);
    }
  }

  const Question& question_;
  DemandSet conflict_;
  DemandSet pins_;
  std::vector<const Component*> components_;  // that the conflict is about
  std::set<std::string> seen_;
};

Conflict make_conflict(const Question& question, const DemandSet& set, const DemandSet& others) {
  Conflict conflict;
  for (std::size_t i = 0; i < question.list.size(); ++i) {
    if (set.test(i)) conflict.facts.push_back(question.list[i]);
  }
  conflict.because = Reasons(question, set).found;
  conflict.fixes = find_fixes(question, set, others);
  return conflict;
}

// Conflicts that do not go away with each other: of each, the fact that others need least is left
// out before the next is looked for. What holds in the end has an answer.
std::vector<DemandSet> all_conflicts(const Problem& problem, DemandSet& held) {
  std::vector<DemandSet> found;
  while (!best_answer(problem, held)) {
    found.push_back(minimal_conflict(problem, held));
    if (found.back().none()) break;
    for (std::size_t i = max_demands; i-- > 0;) {
      if (!found.back().test(i)) continue;
      held.reset(i);
      break;
    }
  }
  return found;
}

}  // namespace

Resolution solve(const Catalog& catalog, const Demands& demands) {
  const std::vector<Demand> list = list_demands(demands);
  const Problem problem = make_problem(catalog, demands, list);
  const Question question{catalog, demands, list, problem};
  DemandSet all;
  for (std::size_t i = 0; i < list.size(); ++i)
    all.set(i);
  Resolution resolution;
  if (const auto answer = best_answer(problem, all)) {
    resolution.stack = make_stack(question, *answer, all);
    return resolution;
  }
  DemandSet rest = all;
  for (const DemandSet& conflict : all_conflicts(problem, rest))
    resolution.conflicts.push_back(make_conflict(question, conflict, rest));
  return resolution;
}

}  // namespace mlpack
