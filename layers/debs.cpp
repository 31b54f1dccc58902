#include "layers/debs.h"

#include "layers/deb_fetch.h"
#include "layers/deb_listing.h"
#include "layers/deb_root.h"
#include "lib/catalog/distributions.h"
#include "lib/error.h"

#include <optional>

namespace mlpack {
namespace {

constexpr const char* listing_fact = "deb listing 1";

WantedFile wanted_file(const DebPackage& package) {
  return {package.name + " " + package.version, {package.url}, package.size, package.sha256};
}

std::optional<DebListing> known_listing(const DebPackage& package, const Store& store) {
  const auto fact = store.fact(listing_fact, package.sha256);
  return fact ? parse_listing(*fact) : std::nullopt;
}

// Listings that the store knows are taken from it, the other packages are read and remembered.
std::vector<DebUnit> list_packages(const DebianPlan& plan, const DebianContext& context) {
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

}  // namespace

void fetch_debian(const DebianPlan& plan, const DebianContext& context) {
  std::vector<WantedFile> files;
  for (const DebPackage& package : plan.packages)
    files.push_back(wanted_file(package));
  fetch_files(files, "packages of " + plan.codename, context);
}

DebianRoot prepare_debian(const DebianPlan& plan, const DebianContext& context) {
  const Distribution* distribution = find_distribution(plan.codename);
  if (distribution == nullptr) {
    fail(Fault::usage, "`{}` is no distribution that mlpack knows", plan.codename);
  }
  fetch_debian(plan, context);
  return assemble_root(list_packages(plan, context), *distribution);
}

}  // namespace mlpack
