#include "lib/resolve/option_lists.h"

#include "lib/resolve/releases.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {

void sort_options(std::vector<Option>& options) {
  // An option is much to move.
  std::vector<Option*> order;
  for (Option& option : options)
    order.push_back(&option);
  std::stable_sort(order.begin(), order.end(), [](const Option* a, const Option* b) {
    return compare_releases(a->name, b->name) > 0;
  });
  std::vector<Option> sorted;
  sorted.reserve(order.size());
  for (Option* const option : order)
    sorted.push_back(std::move(*option));
  options = std::move(sorted);
}

void add_unknown(Component& component, const DemandSet& version, Option option) {
  const bool is_known =
      std::any_of(component.options.begin(), component.options.end(), [&](const Option& option) {
        return std::none_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
          return veto.demands == version;
        });
      });
  if (is_known || version.none()) return;
  component.options.push_back(std::move(option));
}

Ruling nothing_known(std::string_view name, const std::string& release) {
  return {Verdict::unknown,
          fmt::format("{} {} is not in the catalog: what it needs was not compared", name, release),
          {}};
}

}  // namespace mlpack
