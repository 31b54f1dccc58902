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
  std::optional<Digest> content;         // of a file, where it was asked for
  std::optional<std::string> text = {};  // of a RECORD, where it was asked for and is no giant
};

/// What is read beside the entries: nothing, the RECORDs of Python's packages, or those and the
/// digest of every file.
enum class Contents { skip, records, hash };

/// The entries of a layer of `image`, from the recipe of the store where that suffices (no byte is
/// read then; it does unless digests are asked for), else from its bytes. Where those are damaged,
/// Fault::integrity.
std::vector<LayerFile> files_of_layer(const Descriptor& layer,
                                      const NamedImage& image,
                                      const Session& session,
                                      Contents contents = Contents::skip);

/// Whether files in the network are looked at there, or in the layer that was made of them.
enum class RemoteLook { at_source, in_layer };

/// The recipe of `layer`, where all files that it is made of are as they were; with
/// RemoteLook::in_layer not where some are in the network.
std::optional<LayerRecipe> usable_recipe(const Digest& layer, const Store& store, RemoteLook look);

/// The file of the layout or store that is `layer`; nullopt where there is none.
std::optional<fs::path> file_of_layer(const Descriptor& layer,
                                      const NamedImage& found,
                                      const Session& session);

/// `-rw-r--r--`
std::string mode_text(const TarEntry& entry);

}  // namespace mlpack
