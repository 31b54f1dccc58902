#pragma once

#include "layers/deb_index.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A smallest sensible set of packages that holds all of `wanted` and satisfies all dependencies
/// but those on `ignored`, by name (libsolv). Fault::usage for a name that no package has, with
/// what may have been meant; Fault::incompatible with libsolv's reasons where there is no such set.
/// `installed` are the paragraphs of packages that are there and stay: they satisfy dependencies,
/// are not part of the result, and where only another version of one would do, that is named.
std::vector<const IndexedDeb*> solve(const DebIndex& index,
                                     std::span<const std::string> wanted,
                                     std::span<const std::string_view> ignored,
                                     std::span<const std::string> installed = {});

}  // namespace mlpack
