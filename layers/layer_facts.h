#pragma once

#include "layers/spool.h"
#include "layers/tar_reader.h"
#include "lib/check/layer_facts.h"
#include "lib/oci/image.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "lib/store/store.h"

#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// What there is to know of the bytes of a file of an image at `path`; nullopt: nothing. Parts of
/// `file` are read: the front of every file, all of what a loader loads, of the rest what says
/// whether it is dangerous.
std::optional<FileContent> read_content(const std::string& path, const ReadAt& file);

/// Reads an uncompressed layer once, to its last byte, in flat memory. Files that must be looked at
/// here and there are kept in a temporary file of `create` meanwhile, where they are large.
LayerFacts read_layer_facts(TarReader& tar, const NewTemporary& create, const Stop& stop);

/// The same of an uncompressed layer in the file `path`, of which only what matters is read.
LayerFacts read_layer_facts(const fs::path& path, const Stop& stop);

/// The same of a layer whose recipe is known; nullopt where some content is neither in memory nor
/// in files as they were.
std::optional<LayerFacts> read_layer_facts(const LayerRecipe& recipe, const Stop& stop);

/// The facts as text that `parse_layer_facts` reads back.
std::string write_layer_facts(const LayerFacts& facts);
/// nullopt where `text` is not of this version.
std::optional<LayerFacts> parse_layer_facts(std::string_view text);

}  // namespace mlpack
