#include "cli/artifact.h"

#include "cli/result.h"
#include "lib/oci/modelpack.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

std::string kind_of(const Image& artifact) {
  return is_modelpack(artifact.manifest) ? "ModelPack" : "artifact";
}

std::string path_of(const Descriptor& layer) {
  const auto found = layer.annotations.find(std::string(modelpack::file_path));
  return found == layer.annotations.end() ? std::string() : found->second;
}

}  // namespace

std::string artifact_text(const Image& artifact) {
  const Manifest& manifest = artifact.manifest;
  std::string text = columns(
      {{"digest", artifact.digest().text()},
       {"kind", kind_of(artifact) + ", not an image that runs"},
       {"config", printable(manifest.config.media_type)},
       {"size",
        fmt::format(
            "{} in {} layers", human_size(artifact.total_size()), manifest.layers.size())}});
  std::vector<std::vector<std::string>> rows{{"SIZE", "DIGEST", "TYPE", "PATH"}};
  for (const Descriptor& layer : manifest.layers) {
    rows.push_back({human_size(layer.size),
                    layer.digest.short_hex(),
                    printable(layer.media_type),
                    printable(path_of(layer))});
  }
  return text + columns(rows);
}

Json artifact_json(const Image& artifact) {
  Json json{{"kind", is_modelpack(artifact.manifest) ? "modelpack" : "artifact"},
            {"digest", artifact.digest().text()},
            {"mediaType", artifact.media_type},
            {"configMediaType", artifact.manifest.config.media_type},
            {"size", artifact.total_size()},
            {"layers", Json::array()}};
  for (const Descriptor& layer : artifact.manifest.layers) {
    json["layers"].push_back({{"mediaType", layer.media_type},
                              {"digest", layer.digest.text()},
                              {"size", layer.size},
                              {"path", path_of(layer)}});
  }
  return json;
}

}  // namespace mlpack
