#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/rules.h"

#include <optional>

namespace mlpack {

/// Whether cuDNN, as its package for `cuda` has it, supports a compute capability (table cudnn:
/// NVIDIA cuDNN Support Matrix). Of a release between two that were read: what both of them say; it
/// is not known which of them dropped an architecture first (cudnn_changes). A fourth part of
/// `cudnn` does not count. On GPUs that are newer than what it lists it is unknown.
Ruling cudnn_runs(const Catalog& catalog,
                  const Version& cudnn,
                  const Version& cuda,
                  const Version& device);

/// Whether cuDNN `release` has an older minor version than `floor`, of the same major: what needs
/// `floor` may not run with it (fact cudnn.compatible).
bool is_older_cudnn(const Version& release, const Version& floor);

/// The oldest cuDNN that a release of a framework takes, as its row says: 9.3 of `9.3`, 9.8 of
/// `>=9.8`, 9 of `9.x`; nullopt where it says none.
std::optional<Version> cudnn_floor(const CatalogRow& framework);

}  // namespace mlpack
