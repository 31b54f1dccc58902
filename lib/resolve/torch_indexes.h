#pragma once

#include "lib/catalog/compat.h"
#include "lib/resolve/demands.h"
#include "lib/resolve/problem.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The builds of a release of torch that the indexes of PyTorch's which are named lead to. Of one
/// release pip takes the highest version, whose label is the last by the order of texts (PEP 440);
/// uv looks for it in the first of the indexes alone: mlpack asks uv, and pip where it has none.
struct IndexBuilds {
  std::string first = {};               // that is looked at first; empty: none is named
  bool is_open = true;                  // they decide nothing: any build may be meant
  std::optional<std::string> uv = {};   // nullopt: uv takes none
  std::optional<std::string> pip = {};  // the same of pip
  /// Whether one of them takes `build`.
  bool has(std::string_view build) const;
  bool is_none() const { return !is_open && !uv && !pip; }
};
IndexBuilds index_builds(const Catalog& catalog,
                         const PackageDemand& torch,
                         const TorchRelease& release);

/// What there is to say where uv and pip do not take the same.
std::optional<Ruling> told_apart(const IndexBuilds& builds, const TorchRelease& release);

/// Of each release in `options`, which are in the order of their names, the build that uv takes
/// first.
void prefer_first_index(const Catalog& catalog,
                        const PackageDemand& torch,
                        std::vector<Option>& options);

}  // namespace mlpack
