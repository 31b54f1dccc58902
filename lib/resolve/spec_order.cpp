#include "lib/resolve/spec_order.h"

#include "lib/resolve/candidates.h"

#include <algorithm>
#include <tuple>

namespace mlpack {
namespace {

// Machines without a GPU last, older GPUs first: a conflict names the first that it is about.
auto rank(const FleetGroup& group) {
  const std::optional<Version> capability =
      group.gpu == nullptr ? std::nullopt : std::optional(group.gpu->compute_capability);
  return std::tuple(group.gpu == nullptr,
                    capability,
                    group.gpu == nullptr ? std::string_view() : group.gpu->name,
                    group.driver,
                    group.driver ? group.driver->text() : std::string_view());
}

// PyTorch first: it is the one that an image is made for most often, and CUDA is that of the first.
auto rank(const PackageDemand& package) {
  return std::tuple(package.name != component::torch,
                    std::string_view(package.name),
                    std::string_view(package.specifier),
                    std::string_view(package.build));
}

template <class Rows>
void sort_by_rank(Rows& rows) {
  std::stable_sort(
      rows.begin(), rows.end(), [](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

}  // namespace

void put_in_order(Demands& demands) {
  sort_by_rank(demands.fleet);
  sort_by_rank(demands.packages);
  std::sort(demands.platforms.begin(), demands.platforms.end());
}

}  // namespace mlpack
