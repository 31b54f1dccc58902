#include "lib/resolve/problem.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

namespace mlpack {
namespace {

// Whether `option` is for `cuda`, or may be.
bool goes_with(const Option& option, const Version& cuda) {
  if (!option.cuda || option.cuda->same_minor(cuda)) return true;
  return option.takes_later_cuda && option.cuda->part(0) == cuda.part(0) && *option.cuda < cuda;
}

// The search for an answer. What demands keep out is the same in all frames that have a compat
// package, and in all that have none.
class Search {
 public:
  Search(const Problem& problem, const DemandSet& demands, const Restriction& restriction)
      : problem_(problem), demands_(demands), restriction_(restriction) {}

  // The best answer in the frame `index`.
  std::optional<Assignment> answer_in(std::size_t index);

 private:
  // Of each component, the options that are not kept out, best first.
  using OpenOptions = std::vector<std::vector<std::size_t>>;

  bool is_asked_for(std::size_t component) const;
  bool allows_frame(std::size_t index) const;
  bool is_open(std::size_t component, std::size_t option, CompatInImage compat) const;
  const OpenOptions& open_options(CompatInImage compat);

  const Problem& problem_;
  const DemandSet& demands_;
  const Restriction& restriction_;
  std::map<CompatInImage, OpenOptions> open_;
};

bool Search::is_asked_for(std::size_t component) const {
  return is_asked(problem_.components[component], demands_);
}

bool Search::allows_frame(std::size_t index) const {
  const Frame& frame = problem_.frames[index];
  if (holding(frame.vetoes, demands_) != nullptr) return false;
  const auto& python = restriction_.python;
  if (python && !(frame.python && frame.python->same_minor(*python))) return false;
  if (restriction_.also == nullptr) return true;
  return holding(restriction_.also->frames[index].vetoes, restriction_.demands) == nullptr;
}

bool Search::is_open(std::size_t component, std::size_t index, CompatInImage compat) const {
  const auto& only = restriction_.only;
  if (only && only->component == component && only->option != index) return false;
  const Option& option = problem_.components[component].options[index];
  if (restriction_.cuda && !goes_with(option, *restriction_.cuda)) return false;
  if (veto_of(option, compat, demands_) != nullptr) return false;
  if (restriction_.allows && !restriction_.allows(option)) return false;
  if (restriction_.also == nullptr) return true;
  const Option& other = restriction_.also->components[component].options[index];
  return veto_of(other, compat, restriction_.demands) == nullptr;
}

const Search::OpenOptions& Search::open_options(CompatInImage compat) {
  const auto [found, is_new] = open_.try_emplace(compat, problem_.components.size());
  OpenOptions& open = found->second;
  for (std::size_t i = 0; is_new && i < open.size(); ++i) {
    const std::size_t count = is_asked_for(i) ? problem_.components[i].options.size() : 0;
    for (std::size_t option = 0; option < count; ++option) {
      if (is_open(i, option, compat)) open[i].push_back(option);
    }
  }
  return open;
}

std::optional<Assignment> Search::answer_in(std::size_t index) {
  if (!allows_frame(index)) return std::nullopt;
  const Frame& frame = problem_.frames[index];
  const OpenOptions& open = open_options(frame.compat);
  Assignment answer{index, {}};
  for (std::size_t i = 0; i < open.size(); ++i) {
    answer.options.emplace_back();
    if (!is_asked_for(i)) continue;
    const auto& options = problem_.components[i].options;
    const auto first = std::find_if(open[i].begin(), open[i].end(), [&](std::size_t option) {
      return belongs(options[option], frame);
    });
    if (first == open[i].end()) return std::nullopt;
    answer.options.back() = *first;
  }
  return answer;
}

}  // namespace

bool is_better(const Problem& problem, const Assignment& a, const Assignment& b) {
  const auto rank = [&](const Assignment& answer) {
    return std::tuple(
        problem.frames[answer.frame].compat == CompatInImage::yes, answer.options, answer.frame);
  };
  return rank(a) < rank(b);
}

bool is_asked(const Component& component, const DemandSet& demands) {
  const auto& other = component.other_demand;
  return !component.demand || demands.test(*component.demand) || (other && demands.test(*other));
}

const Veto* holding(const std::vector<Veto>& vetoes, const DemandSet& demands) {
  const auto found = std::find_if(vetoes.begin(), vetoes.end(), [&](const Veto& veto) {
    return (veto.demands & ~demands).none();
  });
  return found == vetoes.end() ? nullptr : &*found;
}

const Veto* veto_of(const Option& option, CompatInImage compat, const DemandSet& demands) {
  if (const Veto* veto = holding(option.vetoes, demands)) return veto;
  return holding(compat == CompatInImage::yes ? option.with_compat : option.without_compat,
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
  Search search(problem, demands, restriction);
  std::optional<Assignment> best;
  for (std::size_t i = 0; i < problem.frames.size(); ++i) {
    const auto answer = search.answer_in(i);
    if (answer && (!best || is_better(problem, *answer, *best))) best = answer;
  }
  return best;
}

std::optional<Assignment> best_answer(const Problem& problem, const DemandSet& demands) {
  return best_answer(problem, demands, {});
}

DemandSet minimal_conflict(const Problem& problem, DemandSet demands) {
  std::vector<DemandSet> first{{}};  // so many of `demands`, in their order
  for (std::size_t i = 0; i < max_demands; ++i) {
    if (demands.test(i)) first.push_back(DemandSet(first.back()).set(i));
  }
  DemandSet conflict;
  while (best_answer(problem, conflict)) {
    // The shortest beginning that has no answer with what was found ends with a member.
    const auto end = std::partition_point(first.begin(), first.end(), [&](const DemandSet& some) {
      return best_answer(problem, some | conflict).has_value();
    });
    const DemandSet before = *std::prev(end);
    conflict |= *end & ~before;
    first.erase(end, first.end());
  }
  return conflict;
}

}  // namespace mlpack
