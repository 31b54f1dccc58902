#pragma once

#include "layers/tar_reader.h"
#include "lib/digest.h"
#include "lib/oci/image.h"
#include "lib/parallel.h"
#include "lib/store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// An entry of a layer as people see it.
struct LayerFile {
  TarEntry entry;
  std::optional<Digest> content;  // of a file, where it was asked for
};

enum class Contents { skip, hash };

/// The entries of `layer`, from the recipe of `store` where that suffices (no byte is read then),
/// else from its bytes.
std::vector<LayerFile> files_of_layer(const Descriptor& layer,
                                      const OpenBlob& open,
                                      const Store& store,
                                      const Stop& stop,
                                      Contents contents = Contents::skip);

/// `-rw-r--r--`
std::string mode_text(const TarEntry& entry);

}  // namespace mlpack
