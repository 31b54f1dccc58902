#pragma once

#include "lib/oci/image.h"
#include "lib/oci/platform.h"
#include "lib/oci/recipe.h"

#include <map>
#include <string>
#include <vector>

namespace mlpack {

/// A layer of weights, and what lies in it.
struct WeightLayer {
  Layer layer;
  LayerRecipe recipe;
};

/// What an image of weights says of itself.
struct WeightsImageFacts {
  Platform platform;    // of the nodes that mount it: runtimes look for theirs
  std::string created;  // RFC 3339
  std::map<std::string, std::string> labels;
};

/// The weights of an image as an image of their own, to be mounted beside another one (image
/// volumes of Kubernetes, KServe): the same layers, so the files lie where they lie in the image
/// that serves. It has neither entrypoint nor command, because it has nothing to run.
Image weights_image(const std::vector<WeightLayer>& weights, const WeightsImageFacts& facts);

}  // namespace mlpack
