#pragma once

#include "lib/resolve/solve.h"

#include <vector>

namespace mlpack {

/// Of what ends the conflicts of `found`, which `demands` have, changes that end all of them if
/// they are made one after the other. Empty where one does so alone, or none are known. `rulings`
/// are those of the problem that they are of.
std::vector<Fix> find_fixes_together(const Catalog& catalog,
                                     const Demands& demands,
                                     const Resolution& found,
                                     const std::shared_ptr<Rulings>& rulings);

}  // namespace mlpack
