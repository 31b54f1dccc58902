#include "lib/resolve/problem.h"

#include <algorithm>
#include <tuple>

namespace mlpack {
namespace {

bool is_asked_for(const Component& component, const DemandSet& demands) {
  return !component.demand || demands.test(*component.demand);
}

// The first option that may be taken.
std::optional<std::size_t> first_of(const Component& component,
                                    const Frame& frame,
                                    const DemandSet& demands) {
  for (std::size_t i = 0; i < component.options.size(); ++i) {
    const Option& option = component.options[i];
    if (belongs(option, frame) && veto_of(option, frame, demands) == nullptr) return i;
  }
  return std::nullopt;
}

// An option that has to be the one of its component.
struct Forced {
  std::size_t component;
  std::size_t option;
};

std::optional<std::size_t> option_in(const Problem& problem,
                                     std::size_t component,
                                     const Frame& frame,
                                     const DemandSet& demands,
                                     const std::optional<Forced>& forced) {
  const Component& asked = problem.components[component];
  if (!forced || forced->component != component) return first_of(asked, frame, demands);
  const Option& option = asked.options[forced->option];
  if (!belongs(option, frame) || veto_of(option, frame, demands) != nullptr) return std::nullopt;
  return forced->option;
}

std::optional<Assignment> answer_in(const Problem& problem,
                                    std::size_t index,
                                    const DemandSet& demands,
                                    const std::optional<Forced>& forced) {
  const Frame& frame = problem.frames[index];
  if (holding(frame.vetoes, demands) != nullptr) return std::nullopt;
  Assignment answer{index, {}};
  for (std::size_t i = 0; i < problem.components.size(); ++i) {
    answer.options.emplace_back();
    if (!is_asked_for(problem.components[i], demands)) continue;
    answer.options.back() = option_in(problem, i, frame, demands, forced);
    if (!answer.options.back()) return std::nullopt;
  }
  return answer;
}

bool is_better(const Problem& problem, const Assignment& a, const Assignment& b) {
  const auto rank = [&](const Assignment& answer) {
    return std::tuple(
        problem.frames[answer.frame].compat == CompatInImage::yes, answer.options, answer.frame);
  };
  return rank(a) < rank(b);
}

std::optional<Assignment> best_of_frames(const Problem& problem,
                                         const DemandSet& demands,
                                         const std::optional<Forced>& forced) {
  if (holding(problem.vetoes, demands) != nullptr) return std::nullopt;
  std::optional<Assignment> best;
  for (std::size_t i = 0; i < problem.frames.size(); ++i) {
    const auto answer = answer_in(problem, i, demands, forced);
    if (answer && (!best || is_better(problem, *answer, *best))) best = answer;
  }
  return best;
}

}  // namespace

const Veto* holding(const std::vector<Veto>& vetoes, const DemandSet& demands) {
  const auto found = std::find_if(vetoes.begin(), vetoes.end(), [&](const Veto& veto) {
    return (veto.demands & ~demands).none();
  });
  return found == vetoes.end() ? nullptr : &*found;
}

const Veto* veto_of(const Option& option, const Frame& frame, const DemandSet& demands) {
  if (const Veto* veto = holding(option.vetoes, demands)) return veto;
  return holding(frame.compat == CompatInImage::yes ? option.with_compat : option.without_compat,
                 demands);
}

bool belongs(const Option& option, const Frame& frame) {
  if (option.cuda && frame.cuda_major != option.cuda->part(0)) return false;
  if (option.python.empty() || !frame.python) return true;
  return std::find(option.python.begin(), option.python.end(), *frame.python) !=
         option.python.end();
}

std::optional<Assignment> best_answer(const Problem& problem, const DemandSet& demands) {
  return best_of_frames(problem, demands, std::nullopt);
}

std::optional<Assignment> answer_with(const Problem& problem,
                                      const DemandSet& demands,
                                      std::size_t component,
                                      std::size_t option) {
  return best_of_frames(problem, demands, Forced{component, option});
}

DemandSet minimal_conflict(const Problem& problem, DemandSet demands) {
  for (std::size_t i = max_demands; i-- > 0;) {
    if (!demands.test(i)) continue;
    demands.reset(i);
    if (best_answer(problem, demands)) demands.set(i);
  }
  return demands;
}

}  // namespace mlpack
