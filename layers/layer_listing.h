#pragma once

#include "lib/oci/descriptor.h"
#include "lib/oci/recipe.h"
#include "lib/parallel.h"
#include "lib/sink.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What unpacking a layer of somebody else's image does to a root: names, kinds, rights of folders,
/// links, and what is taken away. Of contents only those few that say what is installed:
/// os-release, the lists and alternatives of dpkg, passwd, group and the bundle of CA certificates.
struct LayerListing {
  std::vector<RecipeEntry> entries;  // in the archive's order; devices and FIFOs as files
  std::vector<std::string> removed;  // paths of the layers below that are gone, with all in them
  std::vector<std::string> emptied;  // folders of which what the layers below put in is gone
  bool operator==(const LayerListing&) const = default;
};

/// Reads a layer as it is in a registry once, to its last byte, in flat memory. Paths are cleaned;
/// those that leave the root are passed over, as tools that unpack refuse them. Fault::integrity
/// for what is damaged, or far larger than any list of packages.
LayerListing list_layer(std::unique_ptr<Source> blob, Compression compression, const Stop& stop);

/// The same of a layer whose recipe is known; nullopt where a content that is wanted is not in it.
std::optional<LayerListing> list_recipe(const LayerRecipe& recipe);

/// The listing as text that `parse_layer_listing` reads back to an equal value.
std::string write_layer_listing(const LayerListing& listing);
/// nullopt where `text` is not a listing of this version.
std::optional<LayerListing> parse_layer_listing(std::string_view text);

}  // namespace mlpack
