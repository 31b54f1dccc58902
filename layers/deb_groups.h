#pragma once

#include "layers/deb_root.h"
#include "lib/catalog/distributions.h"

#include <cstddef>
#include <string>
#include <vector>

namespace mlpack {

/// Some packages that share a layer: places in the list of units, by name.
struct DebGroup {
  std::string name;
  std::vector<std::size_t> members;
};

/// Which packages share a layer, lowest first: `base` (those always installed and what they
/// depend on), each package of more than 32 MiB (at most the 16 largest), `packages`. Groups
/// without packages are left out, `base` is always first.
std::vector<DebGroup> group_packages(const std::vector<DebUnit>& units,
                                     const Distribution& distribution);

}  // namespace mlpack
