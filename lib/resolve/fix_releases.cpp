#include "lib/resolve/fix_search.h"
#include "lib/resolve/releases.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

std::optional<std::size_t> component_of(const Problem& problem, std::string_view name) {
  for (std::size_t i = 0; i < problem.components.size(); ++i) {
    if (problem.components[i].name == name) return i;
  }
  return std::nullopt;
}

std::string_view plain_release(const Option& option) {
  return std::string_view(option.name).substr(0, option.name.find('+'));
}

// Where the release that `text` pins would be, of which no build is known.
std::size_t pinned_rank(const Component& component,
                        const std::vector<std::size_t>& ranks,
                        std::string_view text) {
  const std::string_view release =
      text.substr(std::min(text.find_first_of("0123456789"), text.size()));
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (compare_releases(plain_release(component.options[i]), release) <= 0) return ranks[i];
  }
  return ranks.empty() ? 0 : ranks.back();
}

// The options of a component by the releases between them and those that the demand takes: other
// builds of the same release first, the newer of two.
std::vector<std::pair<std::size_t, std::size_t>> by_distance(const FixSearch& search,
                                                             const Component& component,
                                                             std::size_t demand) {
  const auto is_taken = [&](const Option& option) {
    return std::none_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
      return veto.demands.count() == 1 && veto.demands.test(demand);
    });
  };
  std::vector<std::size_t> ranks;  // of their releases
  std::optional<std::size_t> pinned;
  const auto& options = component.options;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const bool is_next = i > 0 && plain_release(options[i]) != plain_release(options[i - 1]);
    ranks.push_back(i == 0 ? 0 : ranks.back() + (is_next ? 1 : 0));
    // What has no row stands at the end, wherever its release belongs.
    const bool is_known = options[i].row != nullptr;
    if (!pinned && is_known && is_taken(options[i])) pinned = ranks.back();
  }
  if (!pinned) pinned = pinned_rank(component, ranks, search.demand(demand).text);
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i].row == nullptr || is_taken(options[i])) continue;
    found.emplace_back(ranks[i] < *pinned ? *pinned - ranks[i] : ranks[i] - *pinned, i);
  }
  std::stable_sort(found.begin(), found.end());
  return found;
}

// The extra that asks for the build of an option, where the spec asks for one with an extra.
std::string extra_of(const Demands& demands, const Demand& demand, const Option& option) {
  const bool is_asked = demand.kind == Demand::Kind::package_version &&
                        !demands.packages[demand.subject].build.empty();
  const std::size_t plus = option.name.find('+');
  return is_asked && plus != std::string::npos ? option.name.substr(plus + 1) : std::string();
}

Demands with_release(Demands changed,
                     const Demand& demand,
                     const std::string& release,
                     const std::string& extra) {
  if (demand.kind == Demand::Kind::runtime_version) {
    changed.runtime_version = release;
  } else {
    changed.packages[demand.subject].specifier = "==" + release;
    changed.packages[demand.subject].build = extra;
  }
  return changed;
}

}  // namespace

void change_release(FixSearch& search, std::size_t demand, std::string_view name) {
  const Question& question = search.question();
  const auto index = component_of(question.problem, name);
  if (!index) return;
  const Component& component = question.problem.components[*index];
  const Demand& pin = search.demand(demand);
  for (const auto& [distance, option] : by_distance(search, component, demand)) {
    Restriction restriction;
    restriction.only = Restriction::Only{*index, option};
    if (!search.has_answer_without(demand, restriction)) continue;
    // The build is mlpack's to choose.
    const std::string release(last_release(plain_release(component.options[option])));
    const auto steps = static_cast<unsigned>(std::min(distance, fix_cost::most_steps));
    const std::string extra = extra_of(question.demands, pin, component.options[option]);
    return search.add(fmt::format("take {}{} {} instead of {}",
                                  name,
                                  extra.empty() ? "" : "[" + extra + "]",
                                  release,
                                  pin.text),
                      fix_cost::version + steps,
                      with_release(question.demands, pin, release, extra));
  }
}

}  // namespace mlpack
