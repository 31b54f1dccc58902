#pragma once

#include "lib/oci/image.h"
#include "lib/oci/platform.h"
#include "lib/oci/recipe.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// A layer of weights, and what lies in it.
struct WeightLayer {
  Layer layer;
  LayerRecipe recipe;
};

/// What an image of weights says of itself, and what it has beside them.
struct WeightsImageFacts {
  Platform platform;    // of the nodes that mount it: runtimes look for theirs
  std::string created;  // RFC 3339
  std::map<std::string, std::string> labels;
  std::string user;            // of the image that serves; taken only where it is in numbers
  std::optional<Layer> shell;  // lies lowest
  std::optional<Layer> links;  // lies on top
};

/// The weights of an image as an image of their own, to be mounted beside another one (image
/// volumes of Kubernetes, KServe): the same layers, so the files lie where they lie in the image
/// that serves. It has no entrypoint, so whoever starts it says what is run; without that, an image
/// with a shell waits until it is told to end. It runs as the user of the image that serves: KServe
/// looks into its root by way of /proc, which only the same user may.
Image weights_image(const std::vector<WeightLayer>& weights, const WeightsImageFacts& facts);

}  // namespace mlpack
