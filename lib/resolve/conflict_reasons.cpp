#include "lib/resolve/conflict_reasons.h"

#include "lib/resolve/candidates.h"
#include "lib/resolve/release_dates.h"
#include "lib/resolve/rules_image.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <set>
#include <tuple>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

constexpr std::size_t most_reasons = 6;

bool is_release(const Demand& demand) {
  return demand.kind == Kind::runtime_version || demand.kind == Kind::package_version;
}

// A demand for one version, which says of every other that it is another.
bool is_pin(const Demand& demand) {
  return is_release(demand) || demand.kind == Kind::cuda || demand.kind == Kind::python;
}

DemandSet releases_of(const std::vector<Demand>& list) {
  DemandSet releases;
  for (std::size_t i = 0; i < list.size(); ++i)
    releases.set(i, is_release(list[i]));
  return releases;
}

class Reasons {
 public:
  Reasons(const Question& question, const DemandSet& conflict)
      : question_(question),
        conflict_(conflict),
        pins_(pins_of(question.list) & conflict),
        releases_(releases_of(question.list)) {
    for (const Component& component : question.problem.components) {
      if (is_asked(component, conflict)) components_.push_back(&component);
    }
    take_base_python();
    take(question.problem.vetoes);
    if (!found.empty()) return;  // the base or the machines alone contradict each other
    for (const Component* component : components_)
      take_of(*component,
              of_itself(*component, pins_ | releases_) | (chosen_by_base(*component) & conflict_));
    for (const Component* component : components_) {
      const DemandSet bases = chosen_by_base(*component) & conflict_;
      if (found.empty() && bases.any())
        take_of(*component, of_itself(*component, releases_) | bases);
    }
    if (found.empty()) {
      for (const Component* component : components_)
        take_of(*component, of_itself(*component, pins_));
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
    const bool is_there = component.name == component::cuda ||
                          (base && base->official && base->official->runtime == component.name);
    DemandSet bases;
    for (std::size_t i = 0; is_there && i < question_.list.size(); ++i)
      bases.set(i, question_.list[i].kind == Kind::base);
    return bases;
  }

  // The pins but for those to releases of others: what a release has against them is a reason.
  DemandSet of_itself(const Component& component, DemandSet pins) const {
    const Demands& demands = question_.demands;
    for (std::size_t i = 0; i < question_.list.size(); ++i) {
      const Demand& demand = question_.list[i];
      if (!is_release(demand)) continue;
      const std::string& name = demand.kind == Kind::runtime_version
                                    ? demands.runtime
                                    : demands.packages[demand.subject].name;
      if (name != component.name) pins.reset(i);
    }
    return pins;
  }

  void take_of(const Component& component, const DemandSet& pins) {
    for (const Option& option : component.options) {
      if (is_pinned_away(option, pins)) continue;
      take(option.vetoes);
      take(option.without_compat);
      if (holding(option.vetoes, conflict_) == nullptr) take_python(component, option);
    }
  }

  // Where the pins alone contradict each other: what they say of the options that miss fewest.
  void take_pins() {
    if (conflict_.count() == 1 && has(Kind::cuda)) {
      const Version& cuda = *question_.demands.cuda;
      auto later = ReleaseDates(question_.catalog, question_.demands)
                       .came_later(component::cuda, [&](std::string_view release) {
                         return release == cuda.text();
                       });
      if (!later) return take_nothing(fmt::format("CUDA {}", cuda.text()));
      return found.push_back(std::move(*later));
    }
    std::vector<std::string> names;
    std::vector<Version> cudas;
    std::vector<unsigned> cudnns;
    std::stable_partition(components_.begin(), components_.end(), [&](const Component* component) {
      return std::any_of(
          component->options.begin(), component->options.end(), [&](const Option& option) {
            return is_of_other_release(*component, option);
          });
    });
    for (const Component* component : components_) {
      const Option* nearest = nullptr;
      const auto rank = [&](const Option& option) {
        const bool is_apart =
            !cudas.empty() && option.cuda && option.cuda->part(0) != cudas.front().part(0);
        return std::tuple(misses(option),
                          is_of_other_release(*component, option),
                          is_apart,
                          from_pinned_cuda(option));
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

  bool is_of_other_release(const Component& component, const Option& option) const {
    return is_pinned_away(option, of_itself(component, releases_));
  }

  // How many minor versions lie between the CUDA of an option and the one that is pinned; of
  // another major they say nothing.
  int from_pinned_cuda(const Option& option) const {
    const auto& pinned = question_.demands.cuda;
    if (!pinned || !option.cuda || !has(Kind::cuda)) return 0;
    if (option.cuda->part(0) != pinned->part(0)) return INT_MAX;
    return std::abs(static_cast<int>(pinned->part(1)) - static_cast<int>(option.cuda->part(1)));
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
      if (veto.ruling->evidence.empty() && !found.empty()) continue;
      if (found.size() >= most_reasons || !seen_.insert(veto.demands.to_string()).second) continue;
      found.push_back(*veto.ruling);
    }
  }

  const Question& question_;
  DemandSet conflict_;
  DemandSet pins_;      // of the conflict
  DemandSet releases_;  // the pins to a release, whether or not the conflict needs them
  std::vector<const Component*> components_;  // that the conflict is about
  std::set<std::string> seen_;
};

// What of the machines and packages of `conflict` is not in `other`: `torch==2.9.0 on L4`.
std::string difference(const Conflict& conflict, const Conflict& other) {
  std::string machine;
  std::string package;
  for (const Demand& fact : conflict.facts) {
    const bool is_shared =
        std::any_of(other.facts.begin(), other.facts.end(), [&](const Demand& theirs) {
          return theirs.kind == fact.kind && theirs.subject == fact.subject;
        });
    if (is_shared) continue;
    if (fact.kind == Kind::gpu) machine = fact.text;
    if (fact.kind == Kind::package_version) package = fact.text;
  }
  return machine.empty() || package.empty() ? machine + package : package + " on " + machine;
}

}  // namespace

DemandSet pins_of(const std::vector<Demand>& list) {
  DemandSet pins;
  for (std::size_t i = 0; i < list.size(); ++i)
    pins.set(i, is_pin(list[i]));
  return pins;
}

bool is_pinned_away(const Option& option, const DemandSet& pins) {
  return std::any_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
    return veto.demands.count() == 1 && (veto.demands & pins).any();
  });
}

std::vector<Ruling> reasons_of(const Question& question, const DemandSet& conflict) {
  return Reasons(question, conflict).found;
}

void tell_apart(std::vector<Conflict>& conflicts) {
  if (conflicts.size() < 2) return;
  const std::vector<Conflict> told = conflicts;
  const auto same_as = [&](std::size_t conflict, const std::string& reason) {
    return std::find_if(told.begin(), told.end(), [&](const Conflict& other) {
      return &other != &told[conflict] &&
             std::any_of(other.because.begin(), other.because.end(), [&](const Ruling& ruling) {
               return ruling.reason == reason;
             });
    });
  };
  for (std::size_t i = 0; i < conflicts.size(); ++i) {
    for (Ruling& ruling : conflicts[i].because) {
      const auto other = same_as(i, ruling.reason);
      const std::string what = other == told.end() ? "" : difference(told[i], *other);
      if (!what.empty()) ruling.reason = fmt::format("{}: {}", what, ruling.reason);
    }
  }
}

}  // namespace mlpack
