#include "lib/oci/weights_image.h"

namespace mlpack {

Image weights_image(const std::vector<WeightLayer>& weights, const WeightsImageFacts& facts) {
  std::vector<Layer> layers;
  layers.reserve(weights.size());
  for (const WeightLayer& one : weights)
    layers.push_back(one.layer);
  ImageConfig config;
  config.platform = facts.platform;
  config.created = facts.created;
  config.labels = facts.labels;
  return assemble(
      {}, layers, std::move(config), {{"org.opencontainers.image.created", facts.created}});
}

}  // namespace mlpack
