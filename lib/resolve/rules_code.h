#pragma once

#include "lib/catalog/catalog.h"
#include "lib/catalog/runtimes.h"
#include "lib/resolve/rules.h"

#include <optional>
#include <span>
#include <string_view>

namespace mlpack {

// Which GPU code runs on which GPU. `device` is a compute capability.

/// What code was compiled for: `sm_90a` is {9.0, exact}.
struct CodeTarget {
  enum class Reach {
    plain,
    family,  // `f`: a family of devices
    exact    // `a`: one compute capability alone
  };
  Version capability;
  Reach reach = Reach::plain;

  std::string text() const;  // `9.0a`
};

/// `sm_90a`, `compute_120f`, `90a`; nullopt for anything else.
std::optional<CodeTarget> parse_code_target(std::string_view text);

/// Binary code runs on devices of its major with the same or a higher minor; `a` on its own alone,
/// `f` on those of its family (facts cuda.cubin, cuda.cubin_arch_specific: NVCC documentation;
/// target_families: CUDA Programming Guide).
Ruling cubin_runs(const Catalog& catalog, const CodeTarget& target, const Version& device);

/// PTX is compiled by the driver for its capability and everything after it, as far as the driver's
/// CUDA version is not older than the toolkit that made the PTX, minor-version compatibility or not
/// (facts cuda.ptx, cuda.minor_version: CUDA Compatibility). `driver_cuda` is ptx_compiler() of the
/// driver.
Ruling ptx_runs(const Catalog& catalog,
                const CodeTarget& target,
                const Version& made_by,
                const Version& device,
                const std::optional<Version>& driver_cuda);

/// What a wheel or a library has inside.
struct GpuCode {
  std::span<const Version> sm;
  std::span<const Version> ptx;
  Version made_by;  // the CUDA version
};

/// Of the wheel for x86-64.
GpuCode code_of(const TorchBuild& build);

/// Of the wheel for Arm; nullopt: not known.
std::optional<GpuCode> arm_code_of(const TorchBuild& build);

/// Whether it has binary code for `device`, so that no driver has to compile anything.
bool has_binary_code(const GpuCode& code, const Version& device);

/// Whether any of `code` runs; unknown where nothing is known of it.
Ruling code_runs(const Catalog& catalog,
                 const GpuCode& code,
                 const Version& device,
                 const std::optional<Version>& driver_cuda);

/// Whether a release of a serving runtime takes a GPU (its documentation: runtime_releases).
Ruling runtime_runs(const Catalog& catalog, const RuntimeRelease& release, const Version& device);

/// The oldest driver that a release of a serving runtime takes for a GPU, by its documentation;
/// nullopt: that says none.
std::optional<Version> oldest_driver(const RuntimeRelease& release, const Version& device);

/// Whether `driver` is no older than that.
Ruling runtime_takes_driver(const RuntimeRelease& release,
                            const Version& driver,
                            const Version& device);

/// Whether a GPU has what a way to quantise needs (quantisations: vLLM's documentation).
Ruling quantisation_runs(const Catalog& catalog, std::string_view method, const Version& device);

/// Whether a runtime that is told to compute in bfloat16 starts on a GPU.
Ruling bfloat16_runs(const Catalog& catalog, const ServingRuntime& runtime, const Version& device);

/// The build `build` of a framework's release: the lowest compute capability of its documentation
/// (fact jax.sm), and what its toolkit dropped. On GPUs that came after its toolkit there is PTX at
/// best (fact tensorflow.archs), which is unknown.
Ruling framework_runs(const Catalog& catalog,
                      const FrameworkRelease& release,
                      std::size_t build,
                      const Version& device);

/// What TensorRT is built for: a device below all of it is not supported any more (tables tensorrt
/// and tensorrt_changes). Of a release between two rows the older one is taken.
Ruling tensorrt_runs(const Catalog& catalog, const Version& tensorrt, const Version& device);

}  // namespace mlpack
