#pragma once

#include "layers/deb_index.h"
#include "lib/error.h"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Fault::usage naming all of `wanted` that no package has, each with what may have been meant and
/// with its place, if `places` has one.
void check_known(const DebIndex& index,
                 std::span<const std::string> wanted,
                 const std::map<std::string, Where>& places = {});

/// A smallest sensible set of packages that holds all of `wanted`, whose names are known, and
/// satisfies all dependencies but those on `ignored`, by name (libsolv). Fault::incompatible with
/// libsolv's reasons where there is no such set.
/// `installed` are the paragraphs of packages that are there and stay: they satisfy dependencies,
/// are not part of the result, and where only another version of one would do, that is named.
std::vector<const IndexedDeb*> solve(const DebIndex& index,
                                     std::span<const std::string> wanted,
                                     std::span<const std::string_view> ignored,
                                     std::span<const std::string> installed = {});

}  // namespace mlpack
