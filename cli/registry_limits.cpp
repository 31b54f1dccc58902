#include "cli/registry_limits.h"

#include "layers/recipes.h"
#include "lib/catalog/registries.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {

std::uint64_t largest_layer(std::uint64_t max_size, const std::vector<Reference>& names) {
  for (const Reference& name : names) {
    const Registry* registry = find_registry(name.host());
    if (registry != nullptr) max_size = std::min(max_size, registry->largest_layer);
  }
  return max_size;
}

std::vector<std::string> check_registry_limits(const std::vector<PackJob>& jobs,
                                               const std::vector<Reference>& names) {
  std::vector<std::string> warnings;
  for (const Reference& name : names) {
    const Registry* registry = find_registry(name.host());
    if (registry == nullptr) continue;
    for (const PackJob& job : jobs) {
      const auto problem = layer_size_problem(job.recipe, registry->largest_layer, name.host());
      if (!problem) continue;
      if (job.compression == Compression::none) throw Error(*problem);
      warnings.push_back(
          fmt::format("before it is compressed, {}; {}", problem->what(), problem->hint()));
    }
  }
  return warnings;
}

}  // namespace mlpack
