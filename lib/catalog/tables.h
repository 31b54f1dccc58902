#pragma once

#include "lib/catalog/distributions.h"
#include "lib/catalog/gpus.h"
#include "lib/catalog/registries.h"
#include "lib/catalog/runtimes.h"

/// What the generator (compile_tables.cpp) makes of templates/: defined in generated sources.
namespace mlpack::tables {

struct GpuFamily {
  std::string_view name;
  const Gpu* gpu;  // the member with the least memory
};

struct OtherVendor {
  std::string_view vendor;
  std::span<const std::string_view> begins;  // lower case
};

extern const std::span<const Gpu> gpus;
extern const std::span<const GpuFamily> gpu_families;
extern const std::span<const std::string_view> gpu_names;  // models, aliases and families
extern const std::span<const OtherVendor> other_vendors;
extern const std::span<const ServingRuntime> runtimes;
extern const std::span<const Distribution> distributions;
extern const std::string_view keyring_folder;
extern const std::span<const Registry> registries;

}  // namespace mlpack::tables
