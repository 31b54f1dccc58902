#pragma once

#include "lib/catalog/row.h"
#include "lib/catalog/version.h"

#include <optional>
#include <span>
#include <string_view>

namespace mlpack {

// Rows of templates/compat, typed; the comments of each file there say more of the columns. Members
// are called as the columns are. What is optional or empty is not known. Everything lives as long
// as its Catalog.

/// A release of the CUDA toolkit.
struct CudaToolkit {
  const CatalogRow* row;
  Version release;  // `12.4.1`
  Version cuda;     // `12.4`
  std::string_view released;
  unsigned driver_branch;         // that it was made with
  std::optional<Version> driver;  // the same, as a release
  Version min_driver;             // the oldest that runs it
  bool minor_compat;              // by minor-version compatibility
};

/// What the compiler of a toolkit makes: compute capabilities of cubins, and of PTX.
struct NvccTargets {
  const CatalogRow* row;
  Version cuda;
  std::span<const Version> sm;
  std::span<const Version> ptx;
};

/// How long a compute capability is supported; without a last one, it still is.
struct Architecture {
  const CatalogRow* row;
  Version compute_capability;
  std::string_view architecture;
  Version first_cuda;
  std::optional<Version> last_cuda;
  std::optional<unsigned> first_driver_branch;
  std::optional<unsigned> last_driver_branch;
};

/// The devices that run code for the family-specific target `target`.
struct TargetFamily {
  const CatalogRow* row;
  Version target;
  std::span<const Version> members;
};

/// A branch of the Linux driver.
struct DriverBranch {
  const CatalogRow* row;
  unsigned branch;
  std::string_view kind;
  std::string_view released;
  std::string_view eol;
  Version native_cuda;
  std::optional<unsigned> max_cuda_major;
  Version gpu_min_cc;
};

/// Whether the forward-compatibility package of a CUDA version works on a driver branch.
struct CompatPackage {
  enum class Verdict {
    supported,
    unneeded,  // the driver is of that generation itself
    missing    // NVIDIA has no such combination
  };
  const CatalogRow* row;
  Version cuda;
  unsigned host_branch;
  Verdict verdict;
  std::string_view package;
};

/// What NVIDIA_REQUIRE_CUDA of an official image takes.
struct ImageRequirement {
  const CatalogRow* row;
  Version cuda;
  std::string_view expression;  // `cuda>=12.4`
  /// Older branches that it takes on some GPUs, too.
  std::span<const unsigned> driver_branches;
};

struct MigProfile {
  const CatalogRow* row;
  std::string_view gpu;  // the `mig` of a Gpu
  std::string_view profile;
  unsigned max;                        // slices of this profile on one card
  std::optional<unsigned> memory_gib;  // of one; nullopt: the profile does not divide the memory
};

/// The lowest compute capability that a way to quantise runs on; nullopt: any.
struct QuantisationLimit {
  const CatalogRow* row;
  std::string_view method;
  std::string_view title;
  std::optional<Version> min_cc;
};

/// What a serving runtime takes of a GPU's memory besides weights, keys and values.
struct MemoryOverhead {
  /// How several GPUs share a model.
  enum class Split { tensor, layers, single };
  const CatalogRow* row;
  std::string_view runtime;  // `other`: those without a row
  Split split;
  unsigned utilisation_percent;
  unsigned weight_growth_percent;
  unsigned base_gib_hundredths;
  unsigned weight_share_percent;
  unsigned cache_percent;
  unsigned block_tokens;
  unsigned batched_tokens;
  std::optional<unsigned> graph_batch;
};

struct GpuMemory {
  const CatalogRow* row;
  std::string_view gpu;  // the name of a Gpu
  unsigned visible_mib;
};

struct TorchRelease {
  const CatalogRow* row;
  Version release;
  std::string_view released;
  std::span<const Version> python;
  std::string_view default_build;  // of the wheel on PyPI: `cu124`
  std::string_view wheel_tag;
  Version glibc_min;
  std::optional<Version> triton;
};

/// A CUDA build of a PyTorch release; without `sm` nothing is known of its code.
struct TorchBuild {
  const CatalogRow* row;
  Version torch;
  std::string_view build;
  Version cuda;
  std::span<const Version> sm;
  std::span<const Version> ptx;
  std::span<const Version> arm_sm;  // of the wheel for Arm; empty: not known
  std::span<const Version> arm_ptx;
  std::optional<Version> cudnn;
  std::optional<Version> nccl;
  std::string_view wheel_tag;
  Version min_driver;
};

/// A release, or an inclusive range of minor versions (`1.21-1.23`), of another framework.
struct FrameworkRelease {
  const CatalogRow* row;
  std::string_view framework;
  std::string_view release;
  std::string_view released;
  std::string_view python;
  std::span<const Version> builds;  // the oldest CUDA version of each
  std::string_view cudnn;           // `9.3`, `>=9.8`, `8.x`
  std::span<const Version> min_cc;  // of each build
  std::string_view wheel_tag;
  std::span<const std::string_view> extras;  // of each build: `cuda12 cuda12-local`
};

/// What a cuDNN release supports, as the package of it for one CUDA major.
struct CudnnSupport {
  const CatalogRow* row;
  Version cudnn;
  unsigned package_cuda_major;
  std::span<const Version> cuda;
  Version min_driver;
  std::span<const Version> compute_capability;
};

struct TensorRtRelease {
  const CatalogRow* row;
  Version tensorrt;
  std::string_view released;
  std::span<const Version> cuda_builds;
  std::span<const Version> oss_sm;
};

/// A release of a serving runtime; its numbers are not always versions (`0.8.5.post1`).
struct RuntimeRelease {
  const CatalogRow* row;
  std::string_view runtime;
  std::string_view release;
  std::optional<Version> cuda;
  std::string_view python;
  std::optional<Version> min_cc;
  std::optional<Version> min_driver;
  std::optional<Version> old_gpu_cc;      // of GPUs up to this one
  std::optional<Version> old_gpu_driver;  // the oldest driver, where that is another
  std::string_view wheel_tag;
  std::string_view image;
};

/// Since when a runtime's official images for GPUs are for a processor besides x86-64.
struct RuntimeProcessor {
  const CatalogRow* row;
  std::string_view runtime;
  std::string_view architecture;  // `arm64`
  std::string_view since;         // the first release with such an image; empty: none has
};

/// An image of nvidia/cuda: the tag is CUDA-FLAVOUR-DISTRO.
struct CudaImage {
  const CatalogRow* row;
  Version cuda;
  std::string_view distro;
  std::string_view os;  // the id of a Distro
  std::span<const std::string_view> arch;
  std::span<const std::string_view> flavours;
  std::optional<Version> cudnn;
  std::optional<Version> nccl;
};

struct Distro {
  enum class Libc { glibc, musl };
  const CatalogRow* row;
  std::string_view id;  // `ubuntu-22.04`
  Libc libc;
  std::optional<Version> glibc;
  std::optional<Version> glibcxx;
  std::optional<Version> python;
  std::string_view codename;
  std::string_view cuda_image_distro;
  std::string_view eol;
};

struct ManylinuxTag {
  const CatalogRow* row;
  std::string_view tag;
  std::span<const std::string_view> aliases;
  Version glibc_min;
  Version glibcxx_max;
};

/// A sentence of a document.
struct Fact {
  const CatalogRow* row;
  std::string_view id;  // `cuda.cubin`
  std::string_view fact;
};

}  // namespace mlpack
