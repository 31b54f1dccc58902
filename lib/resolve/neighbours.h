#pragma once

#include "lib/resolve/option_vetoes.h"

#include <string_view>

namespace mlpack {

/// Has `option`, a release of a runtime that has no row, say what keeps both of the releases that
/// lie next to it in the catalog off a machine of the fleet: one between them will hardly run
/// there. Nothing where one of the two is missing, or runs.
void doubt_by_neighbours(Option& option,
                         std::string_view runtime,
                         std::string_view release,
                         const Vetoes& vetoes);

}  // namespace mlpack
