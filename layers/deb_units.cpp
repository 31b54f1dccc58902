#include "layers/deb_units.h"

#include <optional>

namespace mlpack {
namespace {

constexpr const char* listing_fact = "deb listing 1";

std::optional<DebListing> known_listing(const DebPackage& package, const Store& store) {
  const auto fact = store.fact(listing_fact, package.sha256);
  return fact ? parse_listing(*fact) : std::nullopt;
}

}  // namespace

std::vector<DebUnit> read_packages(const DebianPlan& plan, const DebianContext& context) {
  fetch_debian(plan, context);
  std::vector<DebUnit> units;
  std::vector<std::size_t> unread;
  for (const DebPackage& package : plan.packages) {
    auto listing = known_listing(package, context.store);
    if (!listing) unread.push_back(units.size());
    units.push_back({package, listing ? std::move(*listing) : DebListing{}});
  }
  parallel_for(unread.size(), context.jobs, [&](std::size_t index) {
    context.stop.check();
    DebUnit& unit = units[unread[index]];
    unit.listing = list_deb(context.store.cache_path(unit.package.sha256), unit.package);
  });
  for (const std::size_t unit : unread) {
    context.store.put_fact(
        listing_fact, units[unit].package.sha256, write_listing(units[unit].listing));
  }
  return units;
}

}  // namespace mlpack
