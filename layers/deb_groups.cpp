#include "layers/deb_groups.h"

#include "layers/deb_index.h"
#include "layers/deb_stanza.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

namespace mlpack {
namespace {

constexpr std::uint64_t large = std::uint64_t{32} << 20;
constexpr std::size_t most_large = 16;

// Who answers to a name: packages by their own and by what they provide.
std::multimap<std::string, std::size_t> names_of(const std::vector<DebUnit>& units) {
  std::multimap<std::string, std::size_t> names;
  for (std::size_t i = 0; i < units.size(); ++i) {
    names.emplace(units[i].package.name, i);
    for (const auto& item : dependencies(deb_field(units[i].listing.control, "Provides")))
      names.emplace(dependency_name(item.front()), i);
  }
  return names;
}

std::set<std::size_t> base_set(const std::vector<DebUnit>& units,
                               const Distribution& distribution) {
  const auto names = names_of(units);
  std::set<std::size_t> found;
  std::vector<std::size_t> pending;
  const auto take = [&](std::string_view name) {
    const auto [first, last] = names.equal_range(std::string(name));
    for (auto entry = first; entry != last; ++entry) {
      if (found.insert(entry->second).second) pending.push_back(entry->second);
    }
  };
  for (const std::string_view name : distribution.always_installed)
    take(name);
  while (!pending.empty()) {
    const DebUnit& unit = units[pending.back()];
    pending.pop_back();
    for (const auto& need : needs_of(unit.listing.control, distribution.never_installed)) {
      for (const std::string_view alternative : need)
        take(dependency_name(alternative));
    }
  }
  return found;
}

std::uint64_t size_of(const DebUnit& unit) {
  return std::accumulate(unit.listing.files.begin(),
                         unit.listing.files.end(),
                         std::uint64_t{0},
                         [](std::uint64_t sum, const DebFile& file) { return sum + file.size; });
}

std::set<std::size_t> large_set(const std::vector<DebUnit>& units,
                                const std::set<std::size_t>& base) {
  std::vector<std::tuple<std::uint64_t, std::size_t>> sizes;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::uint64_t size = size_of(units[i]);
    if (base.count(i) == 0 && size > large) sizes.emplace_back(size, units.size() - i);
  }
  std::sort(sizes.rbegin(), sizes.rend());
  if (sizes.size() > most_large) sizes.resize(most_large);
  std::set<std::size_t> found;
  for (const auto& [size, from_the_end] : sizes)
    found.insert(units.size() - from_the_end);
  return found;
}

}  // namespace

std::vector<DebGroup> group_packages(const std::vector<DebUnit>& units,
                                     const Distribution& distribution) {
  const std::set<std::size_t> base = base_set(units, distribution);
  const std::set<std::size_t> alone = large_set(units, base);
  std::vector<DebGroup> groups{{"base", {base.begin(), base.end()}}};
  for (const std::size_t unit : alone)
    groups.push_back({units[unit].package.name, {unit}});
  DebGroup rest{"packages", {}};
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (base.count(i) == 0 && alone.count(i) == 0) rest.members.push_back(i);
  }
  if (!rest.members.empty()) groups.push_back(std::move(rest));
  return groups;
}

}  // namespace mlpack
