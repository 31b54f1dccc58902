#include "cli/registry_limits.h"

#include "layers/recipes.h"
#include "lib/catalog/registries.h"

namespace mlpack {

void check_registry_limits(const std::vector<PackJob>& jobs, const std::vector<Reference>& names) {
  for (const Reference& name : names) {
    const Registry* registry = find_registry(name.host());
    if (registry == nullptr) continue;
    for (const PackJob& job : jobs) {
      if (job.compression != Compression::none) continue;
      check_layer_size(job.recipe, registry->largest_layer, name.host());
    }
  }
}

}  // namespace mlpack
