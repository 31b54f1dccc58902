#include "lib/oci/descriptor_json.h"

#include <nlohmann/json.hpp>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

// Platforms that are not ours (windows, unknown/unknown) are kept as they are: they are listed, and
// never chosen.
Platform read_platform(const JsonNode& node) {
  Platform given{
      node.at("os").text(), node.at("architecture").text(), node.text_or_empty("variant")};
  return Platform::parse(given.text()).value_or(given);
}

Json platform_json(const Platform& platform) {
  Json json{{"architecture", platform.architecture}, {"os", platform.os}};
  if (!platform.variant.empty()) json["variant"] = platform.variant;
  return json;
}

}  // namespace

Descriptor read_descriptor(const JsonNode& node, std::uint64_t max_size) {
  Descriptor descriptor{node.at("mediaType").text(),
                        node.at("digest").digest(),
                        node.at("size").number(max_size),
                        {},
                        {}};
  if (const auto annotations = node.find("annotations")) {
    descriptor.annotations = annotations->text_map();
  }
  if (const auto platform = node.find("platform")) descriptor.platform = read_platform(*platform);
  descriptor.artifact_type = node.text_or_empty("artifactType");
  return descriptor;
}

Json descriptor_json(const Descriptor& descriptor) {
  Json json{{"mediaType", descriptor.media_type},
            {"digest", descriptor.digest.text()},
            {"size", descriptor.size}};
  if (!descriptor.annotations.empty()) json["annotations"] = descriptor.annotations;
  if (descriptor.platform) json["platform"] = platform_json(*descriptor.platform);
  if (!descriptor.artifact_type.empty()) json["artifactType"] = descriptor.artifact_type;
  return json;
}

}  // namespace mlpack
