#pragma once

#include "layers/debs.h"
#include "lib/oci/recipe.h"

namespace mlpack {

/// A shell with the programs that are typed in it most (ln, ls, sleep and so on), links to one
/// static program: `busybox-static` of the distribution that `base` names, and of that package what
/// it takes to run. Its copyright and its entry in the list of packages are there too. The packages
/// of `base` do not matter. Role `system`; the same package, the same recipe.
///
/// Faults: as resolve_debian and prepare_debian have them.
LayerRecipe busybox_layer(DebianBase base, const DebianContext& context);

}  // namespace mlpack
