#pragma once

#include "lib/catalog/compat.h"
#include "lib/catalog/distributions.h"
#include "lib/catalog/gpus.h"
#include "lib/catalog/registries.h"
#include "lib/catalog/row.h"
#include "lib/catalog/runtimes.h"
#include "lib/catalog/typed_table.h"

/// What the generator (compile_tables.cpp) makes of templates/: defined in generated sources.
namespace mlpack::tables {

extern const std::span<const CatalogTable* const> catalog;

// Tables of the catalog that are typed too, called as they are there.
extern const TypedTable<CudaToolkit> cuda_toolkits;
extern const TypedTable<NvccTargets> nvcc_archs;
extern const TypedTable<Architecture> architectures;
extern const TypedTable<TargetFamily> target_families;
extern const TypedTable<DriverBranch> drivers;
extern const TypedTable<CompatPackage> forward_compat;
extern const TypedTable<ImageRequirement> image_requirements;
extern const TypedTable<Gpu> gpus;
extern const TypedTable<GpuFamily> gpu_families;
extern const TypedTable<GpuProcessor> gpu_processors;
extern const TypedTable<MigProfile> mig_profiles;
extern const TypedTable<QuantisationLimit> quantisations;
extern const TypedTable<MemoryOverhead> memory_overheads;
extern const TypedTable<GpuMemory> gpu_memory;
extern const TypedTable<TorchRelease> torch;
extern const TypedTable<TorchBuild> torch_builds;
extern const TypedTable<FrameworkRelease> frameworks;
extern const TypedTable<CudnnSupport> cudnn;
extern const TypedTable<TensorRtRelease> tensorrt;
extern const TypedTable<RuntimeRelease> runtime_releases;
extern const TypedTable<RuntimeProcessor> runtime_processors;
extern const TypedTable<CudaImage> cuda_images;
extern const TypedTable<Distro> distros;
extern const TypedTable<ManylinuxTag> manylinux;
extern const TypedTable<Fact> facts;

extern const std::span<const OtherVendor> other_vendors;
extern const std::span<const ServingRuntime> runtimes;
extern const std::span<const Distribution> distributions;
extern const std::string_view keyring_folder;
extern const std::span<const Registry> registries;

}  // namespace mlpack::tables
