#pragma once

#include "lib/catalog/compat.h"
#include "lib/catalog/gpus.h"
#include "lib/catalog/row.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// The tables of a catalog. Those that are typed are there twice: as text in `all`, too.
struct CatalogData {
  std::span<const CatalogTable* const> all;
  std::span<const CudaToolkit> cuda_toolkits;
  std::span<const NvccTargets> nvcc_targets;
  std::span<const Architecture> architectures;
  std::span<const TargetFamily> target_families;
  std::span<const DriverBranch> driver_branches;
  std::span<const CompatPackage> compat_packages;
  std::span<const ImageRequirement> image_requirements;
  std::span<const Gpu> gpus;
  std::span<const GpuFamily> gpu_families;
  std::span<const GpuProcessor> gpu_processors;
  std::span<const OtherVendor> other_vendors;
  std::span<const MigProfile> mig_profiles;
  std::span<const QuantisationLimit> quantisations;
  std::span<const MemoryOverhead> memory_overheads;
  std::span<const GpuMemory> gpu_memory;
  std::span<const TorchRelease> torch_releases;
  std::span<const TorchBuild> torch_builds;
  std::span<const FrameworkRelease> framework_releases;
  std::span<const CudnnSupport> cudnn_support;
  std::span<const TensorRtRelease> tensorrt_releases;
  std::span<const RuntimeRelease> runtime_releases;
  std::span<const RuntimeProcessor> runtime_processors;
  std::span<const CudaImage> cuda_images;
  std::span<const Distro> distros;
  std::span<const ManylinuxTag> manylinux_tags;
  std::span<const Fact> facts;
};

/// The compatibility data that everything is decided with. Never changes; rows live as long as it
/// or a copy of it.
class Catalog {
 public:
  /// `storage` is what `data` looks at, where that is not compiled in.
  explicit Catalog(const CatalogData& data, std::shared_ptr<const void> storage = nullptr)
      : data_(data), storage_(std::move(storage)) {}

  /// What is compiled in; it lives as long as the program.
  static const Catalog& built_in();

  /// In the order of the templates.
  std::span<const CatalogTable* const> tables() const { return data_.all; }
  /// The table `name`, in which `-` stands for `_` too; nullptr where there is none.
  const CatalogTable* find_table(std::string_view name) const;
  /// What the name of a row of `table`, or of a table, was meant to be; at most three, best first.
  std::vector<std::string> near_rows(const CatalogTable& table, std::string_view name) const;
  std::vector<std::string> near_tables(std::string_view name) const;

  std::span<const CudaToolkit> cuda_toolkits() const { return data_.cuda_toolkits; }
  std::span<const NvccTargets> nvcc_targets() const { return data_.nvcc_targets; }
  std::span<const Architecture> architectures() const { return data_.architectures; }
  std::span<const TargetFamily> target_families() const { return data_.target_families; }
  std::span<const DriverBranch> driver_branches() const { return data_.driver_branches; }
  std::span<const CompatPackage> compat_packages() const { return data_.compat_packages; }
  std::span<const ImageRequirement> image_requirements() const { return data_.image_requirements; }
  std::span<const Gpu> gpus() const { return data_.gpus; }
  std::span<const MigProfile> mig_profiles() const { return data_.mig_profiles; }
  std::span<const QuantisationLimit> quantisations() const { return data_.quantisations; }
  std::span<const MemoryOverhead> memory_overheads() const { return data_.memory_overheads; }
  std::span<const GpuMemory> gpu_memory() const { return data_.gpu_memory; }
  std::span<const TorchRelease> torch_releases() const { return data_.torch_releases; }
  std::span<const TorchBuild> torch_builds() const { return data_.torch_builds; }
  std::span<const FrameworkRelease> framework_releases() const { return data_.framework_releases; }
  std::span<const CudnnSupport> cudnn_support() const { return data_.cudnn_support; }
  std::span<const TensorRtRelease> tensorrt_releases() const { return data_.tensorrt_releases; }
  std::span<const RuntimeRelease> runtime_releases() const { return data_.runtime_releases; }
  std::span<const CudaImage> cuda_images() const { return data_.cuda_images; }
  std::span<const Distro> distros() const { return data_.distros; }
  std::span<const ManylinuxTag> manylinux_tags() const { return data_.manylinux_tags; }

  /// The row of the fact `id`; Fault::internal where there is none.
  const CatalogRow& fact_row(std::string_view id) const;

  // The first row with a key, or nullptr.
  /// A third part of `cuda` does not count.
  const NvccTargets* find_nvcc_targets(const Version& cuda) const;
  const Architecture* find_architecture(const Version& compute_capability) const;
  /// nullptr: the GPU is a card, for machines with any processor.
  const GpuProcessor* find_gpu_processor(std::string_view gpu) const;
  const DriverBranch* find_driver_branch(std::uint32_t branch) const;
  const QuantisationLimit* find_quantisation(std::string_view method) const;
  const TorchBuild* find_torch_build(const Version& torch, std::string_view build) const;
  const RuntimeRelease* find_runtime_release(std::string_view runtime,
                                             std::string_view release) const;
  /// nullptr: not known.
  const RuntimeProcessor* find_runtime_processor(std::string_view runtime,
                                                 std::string_view architecture) const;
  const Distro* find_distro(std::string_view id) const;
  /// By tag or alias.
  const ManylinuxTag* find_manylinux_tag(std::string_view tag) const;

  /// The model that `name` (a model, an alias or a family) stands for; nullopt where it is unknown.
  /// Upper and lower case matter.
  std::optional<GpuMatch> find_gpu(std::string_view name) const;
  /// Every name that find_gpu knows, in the order of the catalog.
  std::vector<std::string_view> gpu_names() const;
  /// Names that `name` may have been meant to be: equal but for case and punctuation, of the same
  /// series, or a slip of the fingers away; at most `count`, best first.
  std::vector<std::string> near_gpus(std::string_view name, std::size_t count) const;
  /// The vendor, where `name` looks like an accelerator that is not NVIDIA's.
  std::optional<std::string_view> other_vendor(std::string_view name) const;

 private:
  CatalogData data_;
  std::shared_ptr<const void> storage_;
};

}  // namespace mlpack
