#pragma once

#include "lib/oci/image.h"
#include "lib/oci/weights_image.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Media types and annotations of the CNCF's ModelPack (github.com/modelpack/model-spec, v1).
namespace modelpack {
inline constexpr std::string_view artifact_type = "application/vnd.cncf.model.manifest.v1+json";
inline constexpr std::string_view config = "application/vnd.cncf.model.config.v1+json";
inline constexpr std::string_view weight = "application/vnd.cncf.model.weight.v1.tar";
inline constexpr std::string_view weight_config = "application/vnd.cncf.model.weight.config.v1.tar";
inline constexpr std::string_view file_path = "org.cncf.model.filepath";
inline constexpr std::string_view file_metadata = "org.cncf.model.file.metadata+json";
}  // namespace modelpack

/// What the config of a ModelPack says of the model. What is not known is empty, and left out.
struct ModelPackFacts {
  std::string name;
  std::string created;  // RFC 3339
  std::vector<std::string> licenses;
  std::string family;        // `llama`
  std::string format;        // `safetensors`, `gguf`
  std::string param_size;    // `8b`
  std::string precision;     // `bfloat16`
  std::string quantization;  // `awq`
};

/// The weights of an image as a ModelPack: a manifest over the same blobs, under its own media
/// types. A layer in which no file holds tensors is one of `weight.config`. Each layer says what
/// file it holds, or in which folder its files lie: the paths that they have in the image.
Image modelpack_artifact(const std::vector<WeightLayer>& weights, const ModelPackFacts& facts);

/// Whether `manifest` is that of a ModelPack.
bool is_modelpack(const Manifest& manifest);

/// A layer of weights of a ModelPack as one of an image, which it is under another type; nullopt
/// for one of another form or for something else.
std::optional<Descriptor> plain_layer(const Descriptor& layer);

/// `8b`, `1.5b`, `109m`, `0.5k`: how ModelPack writes how many parameters there are; empty where
/// there are next to none.
std::string param_size_text(std::uint64_t parameters);
/// `bfloat16`, `float16,float8_e4m3`: the names that ModelPack has for `dtypes`, those of
/// safetensors, with what they take. Of tensors of numbers with a point and without, the first are
/// what is computed with. Empty where one of `dtypes` has no name there.
std::string precision_text(const std::map<std::string, std::uint64_t>& dtypes);

}  // namespace mlpack
