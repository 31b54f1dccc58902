#pragma once

#include "lib/catalog/catalog.h"
#include "lib/check/finding.h"
#include "lib/host/smoke.h"

#include <optional>
#include <vector>

namespace mlpack {

/// Bytes a second of the GPU's datasheet; nullopt: not known, or it is a slice of one.
std::optional<double> datasheet_bandwidth(const Catalog& catalog, const GpuRun& run);

/// What runs on the GPUs showed; `runs` is empty where there was no GPU to run on. Pure.
Findings check_host_run(const Catalog& catalog, const std::vector<GpuRun>& runs);

}  // namespace mlpack
