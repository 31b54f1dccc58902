#include "lib/resolve/problem.h"

#include <algorithm>
#include <tuple>

namespace mlpack {
namespace {

bool is_asked_for(const Component& component, const DemandSet& demands) {
  return !component.demand || demands.test(*component.demand);
}

// Whether what `restriction` says of the component's options lets this one through.
bool allows(const Restriction& restriction,
            const Assignment& at,
            const Frame& frame,
            const Option& option) {
  const std::size_t component = at.options.size() - 1;
  if (restriction.cuda && option.cuda && !option.cuda->same_minor(*restriction.cuda)) return false;
  if (restriction.also == nullptr) return true;
  const std::size_t index = *at.options.back();
  return veto_of(restriction.also->components[component].options[index],
                 frame,
                 restriction.demands) == nullptr;
}

// Takes the first option of the last component of `answer` that may be taken.
bool take_first(const Problem& problem,
                Assignment& answer,
                const DemandSet& demands,
                const Restriction& restriction) {
  const std::size_t component = answer.options.size() - 1;
  const auto& options = problem.components[component].options;
  const Frame& frame = problem.frames[answer.frame];
  const bool is_forced = restriction.only && restriction.only->component == component;
  const std::size_t first = is_forced ? restriction.only->option : 0;
  const std::size_t end = is_forced ? first + 1 : options.size();
  for (std::size_t i = first; i < end; ++i) {
    answer.options.back() = i;
    const Option& option = options[i];
    if (belongs(option, frame) && veto_of(option, frame, demands) == nullptr &&
        allows(restriction, answer, frame, option)) {
      return true;
    }
  }
  return false;
}

bool allows_frame(const Restriction& restriction, std::size_t index, const Frame& frame) {
  const auto& python = restriction.python;
  if (python && !(frame.python && frame.python->same_minor(*python))) return false;
  if (restriction.also == nullptr) return true;
  return holding(restriction.also->frames[index].vetoes, restriction.demands) == nullptr;
}

std::optional<Assignment> answer_in(const Problem& problem,
                                    std::size_t index,
                                    const DemandSet& demands,
                                    const Restriction& restriction) {
  const Frame& frame = problem.frames[index];
  if (holding(frame.vetoes, demands) != nullptr) return std::nullopt;
  if (!allows_frame(restriction, index, frame)) return std::nullopt;
  Assignment answer{index, {}};
  for (const Component& component : problem.components) {
    answer.options.emplace_back();
    if (!is_asked_for(component, demands)) continue;
    if (!take_first(problem, answer, demands, restriction)) return std::nullopt;
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
  if (option.cudnn_major && frame.cudnn_major && *option.cudnn_major != *frame.cudnn_major) {
    return false;
  }
  if (option.python.empty() || !frame.python) return true;
  return std::find(option.python.begin(), option.python.end(), *frame.python) !=
         option.python.end();
}

std::optional<Assignment> best_answer(const Problem& problem,
                                      const DemandSet& demands,
                                      const Restriction& restriction) {
  if (holding(problem.vetoes, demands) != nullptr) return std::nullopt;
  const Problem* const also = restriction.also;
  if (also != nullptr && holding(also->vetoes, restriction.demands) != nullptr) return std::nullopt;
  std::optional<Assignment> best;
  for (std::size_t i = 0; i < problem.frames.size(); ++i) {
    const auto answer = answer_in(problem, i, demands, restriction);
    if (answer && (!best || is_better(problem, *answer, *best))) best = answer;
  }
  return best;
}

std::optional<Assignment> best_answer(const Problem& problem, const DemandSet& demands) {
  return best_answer(problem, demands, {});
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
