#include "layers/diff_ids.h"

#include "layers/layer_check.h"
#include "lib/oci/read_blob.h"

#include <memory>
#include <utility>

namespace mlpack {

DiffIds::DiffIds(const std::vector<Image>& images, const Stop& stop) : stop_(&stop) {
  for (const Image& image : images) {
    if (image.manifest.is_artifact()) continue;
    for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
      const Descriptor& layer = image.manifest.layers[i];
      const Digest& diff_id = image.config.diff_ids.at(i);
      if (layer_compression(layer.media_type) == Compression::none) {
        require_diff_id(layer, layer.digest, diff_id);
      } else {
        known_[layer.digest].insert(diff_id);
      }
    }
  }
}

OpenBlob DiffIds::checked(OpenBlob open) const {
  return [this, open = std::move(open)](const Descriptor& blob) {
    std::unique_ptr<Source> source = open(blob);
    const auto found = known_.find(blob.digest);
    if (found == known_.end()) return source;
    for (const Digest& diff_id : found->second)
      source = open_checked(std::move(source), blob, diff_id, *stop_);
    return source;
  };
}

void DiffIds::check(const Descriptor& blob, const OpenBlob& open) const {
  if (known_.count(blob.digest) == 0) return;
  read_blob(open, blob, [](std::unique_ptr<Source> source) {
    FunctionSink nowhere([](Bytes) {});
    copy(*source, nowhere);
  });
}

}  // namespace mlpack
