#pragma once

#include "lib/model/model.h"

#include <string>
#include <vector>

namespace mlpack {

/// Which of `paths` (sorted) hold weights that others of them hold too, by their names: beside the
/// weights of transformers `consolidated*` (Mistral's) and the folder `original/` (Meta's); beside
/// .safetensors the same in formats of other libraries.
std::vector<ModelChoice> choose_weights(const std::vector<std::string>& paths);

}  // namespace mlpack
