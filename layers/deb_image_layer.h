#pragma once

#include "layers/deb_paths.h"
#include "layers/deb_root.h"
#include "lib/oci/recipe.h"

#include <vector>

namespace mlpack {

/// Where dpkg lists what is installed, and where images without dpkg do.
inline constexpr const char* dpkg_status = "var/lib/dpkg/status";
inline constexpr const char* dpkg_status_folder = "var/lib/dpkg/status.d";

/// The layer that puts `units` on an image: pure, see layer_on_image.
LayerRecipe assemble_on_image(const std::vector<DebUnit>& units, RootPaths root);

}  // namespace mlpack
