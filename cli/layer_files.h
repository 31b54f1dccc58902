#pragma once

#include "cli/images.h"
#include "layers/tar_reader.h"
#include "lib/digest.h"

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

/// The entries of a layer of `image`, from the recipe of the store where that suffices (no byte is
/// read then), else from its bytes. Where those are damaged, Fault::integrity; Fault::input in an
/// archive or layout whose digest is that of the damaged bytes.
std::vector<LayerFile> files_of_layer(const Descriptor& layer,
                                      const NamedImage& image,
                                      const Session& session,
                                      Contents contents = Contents::skip);

/// `-rw-r--r--`
std::string mode_text(const TarEntry& entry);

}  // namespace mlpack
