#include "lib/resolve/candidates.h"
#include "lib/resolve/fix_search.h"
#include "lib/resolve/framework_options.h"
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

// Newer ones first, each once.
std::vector<std::string_view> releases_of(const Component& component) {
  std::vector<std::string_view> releases;
  for (const Option& option : component.options)
    releases.push_back(plain_release(option));
  std::sort(
      releases.begin(), releases.end(), [](auto a, auto b) { return compare_releases(a, b) > 0; });
  releases.erase(std::unique(releases.begin(), releases.end()), releases.end());
  return releases;
}

// Where `release` is among them, or would be.
std::size_t rank_of(const std::vector<std::string_view>& releases, std::string_view release) {
  const auto at = std::find_if(releases.begin(), releases.end(), [&](std::string_view other) {
    return compare_releases(other, release) <= 0;
  });
  return static_cast<std::size_t>(at - releases.begin());
}

// The options of a component by the releases between them and those that the demand takes: other
// builds of the same release first, the newer of two.
std::vector<std::pair<std::size_t, std::size_t>> by_distance(const FixSearch& search,
                                                             const Component& component,
                                                             std::size_t demand) {
  const auto is_taken = [&](const Option& option) {
    return option.row != nullptr &&
           std::none_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
             return veto.demands.count() == 1 && veto.demands.test(demand);
           });
  };
  const auto& options = component.options;
  const std::vector<std::string_view> releases = releases_of(component);
  const auto taken = std::find_if(options.begin(), options.end(), is_taken);
  const std::string_view text = search.demand(demand).text;
  // Behind an extra, which may have a number, too.
  const std::size_t digit = text.find_first_of("0123456789", text.find(']') + 1);
  const std::string_view named = text.substr(std::min(digit, text.size()));
  const std::string_view wanted = taken == options.end() ? named : plain_release(*taken);
  const std::size_t pinned = wanted.empty() ? 0 : rank_of(releases, wanted);
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i].row == nullptr || is_taken(options[i])) continue;
    const std::size_t rank = rank_of(releases, plain_release(options[i]));
    found.emplace_back(rank < pinned ? pinned - rank : rank - pinned, i);
  }
  std::stable_sort(found.begin(), found.end());
  return found;
}

// The extra that asks for the build of an option, where the spec asks for one with an extra.
std::string extra_of(const Demands& demands, const Demand& demand, const Option& option) {
  const bool is_asked = demand.kind == Demand::Kind::package_version &&
                        !demands.packages[demand.subject].build.empty();
  if (is_asked && demands.packages[demand.subject].build == "cpu") return "cpu";
  return is_asked && option.cuda ? extra_of_build(option) : std::string();
}

// A build without CUDA stays one.
std::string_view label_of(const Demands& demands, const Demand& demand) {
  const bool is_package = demand.kind == Demand::Kind::package_version;
  const bool is_cpu =
      is_package && local_label(demands.packages[demand.subject].specifier) == "cpu";
  return is_cpu ? "+cpu" : "";
}

// What a lock pins without a label, but with CUDA, is of PyPI, and what it is locked to then.
void lock_anew(PackageDemand& package) {
  const bool is_of_pypi = package.pinned_cuda && local_label(package.specifier).empty();
  if (is_of_pypi) package.default_index = PackageDemand::Default::pypi;
  package.pinned_cuda.reset();
}

Demands with_release(Demands changed,
                     const Demand& demand,
                     const std::string& release,
                     const std::string& extra) {
  if (demand.kind == Demand::Kind::runtime_version) {
    changed.runtime_version = release;
  } else {
    PackageDemand& package = changed.packages[demand.subject];
    if (package.is_locked_together) lock_anew(package);
    package.specifier = "==" + release;
    if (!extra.empty()) {
      std::erase_if(package.extras, [](const auto& other) { return other.starts_with("cuda"); });
      package.extras.push_back(extra);
    }
    package.build = extra.substr(0, extra.find('-'));
    package.wheel_tags.clear();
  }
  return changed;
}

// Of the same release another build, which libraries of CUDA that are named beside it keep out.
bool is_no_change(const Demand& pin, const Demands& changed) {
  return pin.kind == Demand::Kind::package_version &&
         changed.packages[pin.subject].text() == pin.text;
}

// What a runtime or another package brings is not chosen beside it: the release that it pins.
void change_brought(FixSearch& search, std::size_t demand, std::string_view name) {
  const Question& question = search.question();
  const Demand& pin = search.demand(demand);
  const auto answer = best_answer(question.problem, search.rest(demand));
  for (std::size_t i = 0; answer && i < answer->options.size(); ++i) {
    if (!answer->options[i]) continue;
    const Option& option = question.problem.components[i].options[*answer->options[i]];
    const std::string release(option.row == nullptr ? "" : option.row->at(name));
    if (release.empty()) continue;
    search.add(demand,
               fmt::format("take {} {} instead of {}", name, release, pin.text),
               fix_cost::brought,
               with_release(question.demands, pin, release, {}));
    return;
  }
}

}  // namespace

void change_release(FixSearch& search, std::size_t demand, std::string_view name) {
  const Question& question = search.question();
  const auto index = component_of(question.problem, name);
  if (!index && name == component::torch) return change_brought(search, demand, name);
  if (!index || !search.has_answer_without(demand)) return;
  const Component& component = question.problem.components[*index];
  const Demand& pin = search.demand(demand);
  for (const auto& [distance, option] : by_distance(search, component, demand)) {
    Restriction restriction;
    restriction.only = Restriction::Only{*index, option};
    if (!search.has_answer_without(demand, restriction)) continue;
    // The build is mlpack's to choose.
    const std::string release = fmt::format("{}{}",
                                            last_release(plain_release(component.options[option])),
                                            label_of(question.demands, pin));
    const auto steps = static_cast<unsigned>(std::min(distance, fix_cost::most_steps));
    const std::string extra = extra_of(question.demands, pin, component.options[option]);
    Demands changed = with_release(question.demands, pin, release, extra);
    if (is_no_change(pin, changed)) continue;
    if (search.add(demand,
                   fmt::format("take {}{} {} instead of {}",
                               name,
                               extra.empty() ? "" : "[" + extra + "]",
                               release,
                               pin.text),
                   fix_cost::version + steps,
                   std::move(changed))) {
      return;
    }
  }
}

}  // namespace mlpack
