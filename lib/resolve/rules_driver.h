#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/rules.h"

#include <optional>

namespace mlpack {

// Which drivers run which CUDA on which GPU. A CUDA version has two parts, or three where one
// release is meant; a driver is a full version, or its branch alone (`535`), which is unknown where
// it depends on the release.

/// Whether `driver` is older than `floor`; nullopt where that depends on the release of its branch.
std::optional<bool> is_older_driver(const Version& driver, const Version& floor);

/// The CUDA version that the driver itself implements (fact driver.nvidia_smi); of a branch that is
/// not in the catalog the newest one below it. nullopt: older than all that are known.
std::optional<Version> native_cuda(const Catalog& catalog, const Version& driver);

/// A driver that implements CUDA x.y runs everything built with an older toolkit (fact
/// cuda.backward: CUDA Toolkit Release Notes), and with x.y from the release on that its toolkit
/// names.
Ruling backward_compatibility(const Catalog& catalog, const Version& cuda, const Version& driver);

/// From CUDA 11 on, all toolkits of a major run on the oldest driver of its family (facts
/// cuda.minor_version, cuda.pre_11: CUDA Compatibility, Minor Version Compatibility). Newer drivers
/// run it anyhow.
Ruling minor_version_compatibility(const Catalog& catalog,
                                   const Version& cuda,
                                   const Version& driver);

/// A compat package in the image replaces the user-mode driver: on data-centre GPUs, and on the
/// driver branches that the matrix names (facts forward_compat.eligible_gpus and
/// forward_compat.eol_branches: CUDA Compatibility, Forward Compatibility). A branch that is no
/// longer in the matrix is taken where the official image of that CUDA version took it.
Ruling forward_compatibility(const Catalog& catalog,
                             const Version& cuda,
                             const Version& driver,
                             const Gpu& gpu);

/// The CUDA version whose PTX is compiled on `gpu`: the driver's own; or that of a compat package
/// of `package`, which brings its own compiler, where GPU and driver take it (fact
/// forward_compat.ptx_jit: CUDA Compatibility, Forward Compatibility). nullopt: not known.
std::optional<Version> ptx_compiler(const Catalog& catalog,
                                    const Version& driver,
                                    const Gpu& gpu,
                                    const std::optional<Version>& package);

/// The branches that drive an architecture (fact driver.last_for_old_gpus: CUDA Toolkit, Driver,
/// and Architecture Matrix).
Ruling driver_supports_gpu(const Catalog& catalog, const Version& driver, const Gpu& gpu);

/// Whether the compiler and the libraries of a toolkit have code for a compute capability: it may
/// be too new for the toolkit, or dropped by it (NVCC documentation; release notes).
Ruling toolkit_supports_gpu(const Catalog& catalog,
                            const Version& cuda,
                            const Version& compute_capability);

/// The oldest driver that runs a CUDA version on a GPU without a compat package: that of the
/// toolkit, or the branch that began to drive the GPU (facts cuda.floor_11_0, driver.mvc;
/// architectures).
struct DriverFloor {
  Version driver;  // a full version, or a branch alone
  const CatalogRow* row;
};

/// nullopt where nothing is known of the CUDA version.
std::optional<DriverFloor> driver_floor(const Catalog& catalog,
                                        const Version& cuda,
                                        const Gpu& gpu);

/// Whether the image brings a compat package: nvidia/cuda's do (fact image.compat).
enum class CompatInImage { yes, no };

/// All of the above: a program built with `cuda` runs on `gpu` with `driver`.
Ruling driver_runs_cuda(const Catalog& catalog,
                        const Version& cuda,
                        const Version& driver,
                        const Gpu& gpu,
                        CompatInImage compat);

}  // namespace mlpack
