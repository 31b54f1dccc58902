#pragma once

#include "lib/oci/recipe.h"

#include <string>

namespace mlpack {

/// `weights base`: the layer of `recipe` for people; the role alone where the name says the same.
std::string layer_label(const LayerRecipe& recipe);

/// "`/data/m/a.gguf` changed although its time stamps did not": the file of `recipe`, or where
/// there are several, that it is one of them; no more of files in the network.
std::string silent_change(const LayerRecipe& recipe);

}  // namespace mlpack
