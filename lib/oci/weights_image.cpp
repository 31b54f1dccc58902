#include "lib/oci/weights_image.h"

#include <algorithm>

namespace mlpack {
namespace {

// As a first process `sleep` would not hear a signal that asks it to end.
constexpr const char* wait_for_the_end = "trap 'exit 0' INT TERM; sleep infinity & wait";

// There is no passwd that would know a name.
bool is_in_numbers(const std::string& user) {
  return std::all_of(
      user.begin(), user.end(), [](char c) { return (c >= '0' && c <= '9') || c == ':'; });
}

}  // namespace

Image weights_image(const std::vector<WeightLayer>& weights, const WeightsImageFacts& facts) {
  std::vector<Layer> layers;
  layers.reserve(weights.size() + 2);
  if (facts.shell) layers.push_back(*facts.shell);
  for (const WeightLayer& one : weights)
    layers.push_back(one.layer);
  if (facts.links) layers.push_back(*facts.links);
  ImageConfig config;
  config.platform = facts.platform;
  config.created = facts.created;
  config.labels = facts.labels;
  if (is_in_numbers(facts.user)) config.user = facts.user;
  if (facts.shell) {
    config.set_env("PATH", "/bin");
    config.cmd = {"sh", "-c", wait_for_the_end};
  }
  return assemble(
      {}, layers, std::move(config), {{"org.opencontainers.image.created", facts.created}});
}

}  // namespace mlpack
