#pragma once

#include "cli/python_pins.h"
#include "lib/catalog/catalog.h"
#include "lib/oci/platform.h"

namespace mlpack {

/// Which torch the solver chooses for `spec`, as it was written, on `platform`. Both must outlive
/// the result.
TorchWishOf torch_wish_of(const Catalog& catalog, const Spec& spec, const Platform& platform);

}  // namespace mlpack
