#pragma once

#include "cli/session.h"
#include "layers/archive.h"
#include "lib/oci/image.h"

#include <optional>
#include <string>

namespace mlpack {

/// What IMAGE on the command line leads to.
struct NamedImage {
  enum class Place { store, registry, archive };
  std::string name;
  ImageSet set;
  OpenBlob open;
  Place place = Place::store;
  std::optional<fs::path> layout = std::nullopt;  // the folder, where it is one
  std::string archived_as = {};  // the tag or reference that an archive has for it; may be empty
};

/// The image `text` of the store, of a layout or of an archive; Fault::input where there is none.
NamedImage find_local_image(const std::string& text, Session& session);

/// As find_local_image; a name with a registry's host that the store lacks is looked up there.
NamedImage find_image(const std::string& text, Session& session);

/// The image `name` of its registry; without a host docker.io's.
NamedImage find_registry_image(const Reference& name, Session& session);

}  // namespace mlpack
