#pragma once

#include "lib/catalog/catalog.h"
#include "lib/catalog/runtimes.h"
#include "lib/oci/platform.h"
#include "lib/resolve/rules.h"

#include <span>
#include <string_view>

namespace mlpack {

/// Whether NVIDIA has a driver for `platform` (fact driver.platforms: Driver Installation Guide).
Ruling driver_is_for(const Catalog& catalog, const Platform& platform);

/// Whether machines with `gpu` run an image for `platform`: some are one module with their
/// processor (table gpu_processors); others are in machines that NVIDIA has a driver for.
Ruling platform_runs_gpu(const Catalog& catalog, const Platform& platform, const Gpu& gpu);

/// The same of the best of `platforms`; with none the machines decide.
Ruling platforms_run_gpu(const Catalog& catalog,
                         std::span<const Platform> platforms,
                         const Gpu& gpu);

/// Whether the official image for GPUs of `release` of a runtime is for `architecture` (table
/// runtime_processors); yes where nothing is known against it.
Ruling image_is_for(const Catalog& catalog,
                    const ServingRuntime& runtime,
                    std::string_view release,
                    std::string_view architecture);

}  // namespace mlpack
