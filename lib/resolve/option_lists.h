#pragma once

#include "lib/resolve/problem.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Newest release first, then the newest CUDA.
void sort_options(std::vector<Option>& options);

/// Adds `option`, for a pin that no row answers to, where that is so; `version` is the demand that
/// pins.
void add_unknown(Component& component, const DemandSet& version, Option option);

/// Of a release that has no row.
Ruling nothing_known(std::string_view name, const std::string& release);

}  // namespace mlpack
