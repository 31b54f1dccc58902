#pragma once

#include "layers/deb_paths.h"
#include "layers/debs.h"
#include "layers/layer_listing.h"
#include "lib/oci/image.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The root that layers leave behind, the lowest first, as tools that unpack make it: a layer takes
/// away before it adds, what is no folder replaces a folder with all in it, and names go through
/// the links that are there. Everything is `RootPaths::the_base`'s.
RootPaths stack_layers(const std::vector<LayerListing>& layers);

/// The root of an image. Each layer is read once ever, in parallel: its listing is kept in the
/// store by its digest. `open` is asked for the bytes of those that the store does not know,
/// whatever the context says of the network; its faults pass through. Fault::input for what is no
/// layer.
RootPaths read_image_root(const std::vector<Descriptor>& layers,
                          const OpenBlob& open,
                          const DebianContext& context);

/// The same, where that needs no bytes but those in files of the store; else nullopt.
std::optional<RootPaths> local_image_root(const std::vector<Descriptor>& layers,
                                          const OpenBlob& open,
                                          const DebianContext& context);

/// The text at `path`, through links; nullopt where there is none, or none that a listing keeps.
std::optional<std::string> text_in(const RootPaths& root, const std::string& path);

}  // namespace mlpack
