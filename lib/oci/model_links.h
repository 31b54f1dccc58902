#pragma once

#include "lib/oci/recipe.h"
#include "lib/oci/weights_image.h"

#include <string>
#include <vector>

namespace mlpack {

/// An entry of weights, and where the image has it.
struct WeightsPlace {
  std::string name;    // of the entry, and of its layers
  std::string target;  // absolute
};

/// Relative links by which those find a model who do not ask where it lies. With one entry in
/// `places` every name in its target is there in `/models` (KServe shows that folder as
/// `/mnt/models`) and at the root (which KubeAI mounts); with several, those that lie elsewhere are
/// in `/models` under their names. What is there in `weights` already, or would be in the way of
/// what makes a container, is passed over. A layer of role `config`, without entries where no link
/// is needed.
LayerRecipe model_links(const std::vector<WeightLayer>& weights,
                        const std::vector<WeightsPlace>& places);

}  // namespace mlpack
