#include "lib/catalog/runtimes.h"

#include "lib/catalog/tables.h"

namespace mlpack {

const ServingRuntime* find_runtime(std::string_view name) {
  for (const ServingRuntime& runtime : tables::runtimes) {
    if (runtime.name == name) return &runtime;
  }
  return nullptr;
}

std::span<const ServingRuntime> serving_runtimes() {
  return tables::runtimes;
}

}  // namespace mlpack
