#pragma once

#include "lib/catalog/compat.h"
#include "lib/catalog/distributions.h"
#include "lib/catalog/gpus.h"
#include "lib/catalog/registries.h"
#include "lib/catalog/row.h"
#include "lib/catalog/runtimes.h"

/// What the generator (compile_tables.cpp) makes of templates/: defined in generated sources.
namespace mlpack::tables {

extern const std::span<const CatalogTable* const> catalog;

// Tables of the catalog that are typed too, called as they are there.
extern const std::span<const CudaToolkit> cuda_toolkits;
extern const std::span<const NvccTargets> nvcc_archs;
extern const std::span<const Architecture> architectures;
extern const std::span<const TargetFamily> target_families;
extern const std::span<const DriverBranch> drivers;
extern const std::span<const CompatPackage> forward_compat;
extern const std::span<const ImageRequirement> image_requirements;
extern const std::span<const Gpu> gpus;
extern const std::span<const MigProfile> mig_profiles;
extern const std::span<const QuantisationLimit> quantisations;
extern const std::span<const MemoryOverhead> memory_overheads;
extern const std::span<const GpuMemory> gpu_memory;
extern const std::span<const TorchRelease> torch;
extern const std::span<const TorchBuild> torch_builds;
extern const std::span<const TensorRtRelease> tensorrt;
extern const std::span<const RuntimeRelease> runtime_releases;
extern const std::span<const CudaImage> cuda_images;
extern const std::span<const Distro> distros;
extern const std::span<const ManylinuxTag> manylinux;
extern const std::span<const Fact> facts;

extern const std::span<const GpuFamily> gpu_families;
extern const std::span<const std::string_view> gpu_names;  // models, aliases and families
extern const std::span<const OtherVendor> other_vendors;
extern const std::span<const ServingRuntime> runtimes;
extern const std::span<const Distribution> distributions;
extern const std::string_view keyring_folder;
extern const std::span<const Registry> registries;

}  // namespace mlpack::tables
