#include "lib/resolve/fix_search.h"

#include <algorithm>
#include <utility>

namespace mlpack {

DemandSet FixSearch::rest(std::size_t demand) const {
  DemandSet others = held_;
  return others.reset(demand);
}

bool FixSearch::has_answer_without(std::size_t demand, const Restriction& restriction) const {
  return best_answer(question_.problem, rest(demand), restriction).has_value();
}

bool FixSearch::resolves(const Demands& changed, const IsEnough& is_enough) const {
  const std::vector<Demand> list = list_demands(changed);
  const auto& known = question_.list;
  DemandSet held;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto same = std::find_if(known.begin(), known.end(), [&](const Demand& other) {
      return other.kind == list[i].kind && other.subject == list[i].subject;
    });
    held.set(i, same == known.end() || held_.test(static_cast<std::size_t>(same - known.begin())));
  }
  const Given given{held, {}, question_.problem.rulings};
  const Problem problem = make_problem(question_.catalog, changed, list, &given);
  const auto answer = best_answer(problem, held);
  return answer && (!is_enough || is_enough({question_.catalog, changed, list, problem}, *answer));
}

bool FixSearch::add(std::size_t demand, std::string text, unsigned cost, Demands changed) {
  if (!resolves(changed)) return false;
  take(demand, std::move(text), cost, std::move(changed));
  return true;
}

void FixSearch::take(std::size_t demand, std::string text, unsigned cost, Demands changed) {
  fixes_.push_back({std::move(text), cost, std::move(changed), question_.list[demand].text});
}

void FixSearch::drop(std::size_t demand, std::string text, unsigned cost) {
  if (!has_answer_without(demand)) return;
  take(demand, std::move(text), cost, without(question_.demands, question_.list[demand]));
}

std::vector<Fix> FixSearch::found() {
  std::stable_sort(
      fixes_.begin(), fixes_.end(), [](const Fix& a, const Fix& b) { return a.cost < b.cost; });
  if (fixes_.size() > most_fixes) fixes_.resize(most_fixes);
  return std::move(fixes_);
}

std::vector<Version> nearest(const std::set<Version>& versions, const Version& pinned) {
  std::vector<Version> newer;
  std::vector<Version> older;
  for (const Version& version : versions) {
    if (version > pinned && !version.same_minor(pinned)) newer.push_back(version);
    if (version < pinned && !version.same_minor(pinned)) older.insert(older.begin(), version);
  }
  std::vector<Version> found;
  for (std::size_t i = 0; i < std::max(newer.size(), older.size()); ++i) {
    if (i < newer.size()) found.push_back(newer[i]);
    if (i < older.size()) found.push_back(older[i]);
  }
  return found;
}

}  // namespace mlpack
