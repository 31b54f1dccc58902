#pragma once

#include "lib/resolve/option_vetoes.h"

#include <optional>
#include <string_view>
#include <vector>

namespace mlpack {

/// Of a release of a runtime that has no row, what keeps both of the releases that lie next to it
/// in the catalog off a machine of the fleet: one between them will hardly run there. Nothing where
/// one of the two is missing, or runs. `cuda` is its own, where that is known.
std::vector<Ruling> neighbour_doubts(std::string_view runtime,
                                     std::string_view release,
                                     const std::optional<Version>& cuda,
                                     const Vetoes& vetoes);

}  // namespace mlpack
