#pragma once

#include "layers/deb_paths.h"
#include "layers/recipes.h"

#include <string>
#include <vector>

namespace mlpack {

/// As check_overlaps, with what is known of the image below the layers: Fault::usage where a folder
/// is a file of `base`, or where its links make one path of two. `origins` has one for each layer.
void check_on_base(const std::vector<LayerRecipe>& layers,
                   const std::vector<Origin>& origins,
                   const RootPaths& root,
                   const std::string& base);

}  // namespace mlpack
