#include "lib/resolve/asked_indexes.h"

#include "lib/resolve/asked_packages.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/releases.h"
#include "lib/text.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Urls = std::vector<std::string>;

bool is_pypi(const std::string& url) {
  return to_lower(url).find("://pypi.org/") != std::string::npos;
}

bool is_well_known(const std::string& url) {
  return url.empty() || !index_build(url).empty() || is_pypi(url);
}

// Whether others may have builds of their own where packages are looked for.
bool may_have_others(const Python& python, const DemandSources& sources) {
  const auto& extra = python.extra_index_urls;
  return sources.wheels == DemandSources::Wheels::seen ||
         sources.builds == PackageDemand::Builds::any || !python.find_links.empty() ||
         !is_well_known(python.index_url) || !is_well_known(sources.index_url) ||
         !std::all_of(extra.begin(), extra.end(), is_well_known);
}

// All releases are there for processors alone, and higher than those without a label.
void take_indexes(PackageDemand& torch, const std::string& url, const Urls& extra) {
  torch.index = index_build(url);
  auto& beside = torch.extra_indexes;
  for (const std::string& other : extra) {
    std::string build = index_build(other);
    const bool is_new = std::find(beside.begin(), beside.end(), build) == beside.end();
    if (!build.empty() && build != torch.index && is_new) beside.push_back(std::move(build));
  }
  if (!torch.index.empty() || beside != std::vector<std::string>{"cpu"}) return;
  torch.index = "cpu";
  beside.clear();
}

bool is_nightly(const std::string& url) {
  return url.find("/whl/nightly") != std::string::npos;
}

// Those with builds for GPUs of others.
std::vector<std::string> other_folders(const Urls& urls) {
  std::vector<std::string> found;
  for (const std::string& url : urls) {
    const std::string_view folder = index_folder(url);
    const bool is_new = std::find(found.begin(), found.end(), folder) == found.end();
    if (!other_gpus(folder).empty() && is_new) found.emplace_back(folder);
  }
  return found;
}

// Where a release is pinned, and looked for elsewhere too, it is none of a day.
bool is_of_nightly(const PackageDemand& torch, const std::string& url, const Urls& extra) {
  const bool is_pinned = !pinned_release(torch.specifier).empty();
  return is_nightly(url) || (!is_pinned && std::any_of(extra.begin(), extra.end(), is_nightly));
}

// The table has the wheels of PyPI for x86_64 alone.
bool is_for_amd64(const Catalog& catalog, const Demands& demands) {
  const auto is_amd64 = [](const Platform& one) { return one.architecture == "amd64"; };
  if (!std::all_of(demands.platforms.begin(), demands.platforms.end(), is_amd64)) return false;
  return std::none_of(demands.fleet.begin(), demands.fleet.end(), [&](const FleetGroup& group) {
    return group.gpu != nullptr && arm_machine(catalog, demands, *group.gpu) != ArmMachine::no;
  });
}

// A wheel that is named or was seen is of no index.
bool is_looked_for(const PackageDemand& package, const DemandSources& sources) {
  return sources.wheels == DemandSources::Wheels::asked && package.name == component::torch &&
         package.builds == PackageDemand::Builds::published;
}

// Whether releases before and after the one that is pinned have such a build: the table, which has
// what people looked up, may lack it.
bool may_be_overlooked(const Catalog& catalog, const PackageDemand& torch) {
  const std::string pin = pinned_release(torch.specifier);
  const auto release = Version::parse(std::string_view(pin).substr(0, pin.find('+')));
  bool is_before = false;
  bool is_after = false;
  for (const TorchBuild& build : catalog.torch_builds()) {
    if (!release || build.build != torch.torch_build()) continue;
    if (build.torch == *release) return false;
    is_before = is_before || build.torch < *release;
    is_after = is_after || build.torch > *release;
  }
  return is_before && is_after;
}

}  // namespace

void add_indexes(const Catalog& catalog,
                 Demands& demands,
                 const Python& python,
                 const DemandSources& sources) {
  const bool is_open = may_have_others(python, sources);
  const bool is_named = !python.index_url.empty() || !python.extra_index_urls.empty();
  const bool is_of_pypi = is_pypi(python.index_url) && is_for_amd64(catalog, demands);
  const std::string& url = python.index_url.empty() ? sources.index_url : python.index_url;
  Urls extra = python.extra_index_urls;
  extra.insert(extra.end(), sources.extra_index_urls.begin(), sources.extra_index_urls.end());
  std::erase_if(demands.packages, [&](const PackageDemand& package) {
    const bool is_left_out = is_looked_for(package, sources) && is_of_nightly(package, url, extra);
    if (is_left_out && has_gpus(demands)) demands.uncompared.push_back(package.text());
    return is_left_out;
  });
  for (PackageDemand& package : demands.packages) {
    if (is_looked_for(package, sources)) {
      take_indexes(package, url, extra);
      if (!other_gpus(index_folder(url)).empty()) package.other_index = index_folder(url);
      package.other_extra_indexes = other_folders(extra);
      const bool is_indexed = is_named && package.wheel == PackageDemand::Wheel::open;
      if (is_indexed) package.wheel = PackageDemand::Wheel::indexed;
      if (is_of_pypi && !is_open) package.default_index = PackageDemand::Default::pypi;
    }
    const bool may_be_there =
        package.name == component::torch && may_be_overlooked(catalog, package);
    if (is_open || may_be_there || is_among(sources.locked, package))
      package.builds = PackageDemand::Builds::any;
  }
}

}  // namespace mlpack
