#pragma once

#include "lib/oci/image.h"
#include "lib/oci/reference.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "lib/store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// One image, or an index over several: what a tag leads to.
struct ImageSet {
  std::vector<Image> images;        // in the order of the index
  std::optional<Descriptor> index;  // where there is an index: its descriptor, and
  std::string index_bytes;          // its bytes

  /// Of the index, or of the only image's manifest.
  Descriptor root() const;
  /// All but the artifacts that an index may hold beside its images. Valid as long as `images`.
  std::vector<const Image*> runnable() const;
};

struct ExportContext {
  OpenBlob open;                 // for blobs that `store` neither holds nor can make
  const Store* store = nullptr;  // may be absent; blobs and recipes in it are copied by the kernel
  Progress* progress = nullptr;  // may be absent
  const Stop* stop = nullptr;    // may be absent
};

/// Writes `images` to an OCI layout, an OCI archive or a docker-archive (`-`: stdout), named
/// `location.tag` (`latest` where it is empty; in a docker-archive `name`, a reference with tag).
/// Bytes flow through; nothing is written beside the destination. Every blob is compared with its
/// digest, unless the kernel copies it.
///
/// A layout keeps its other tags and blobs, and its index.json is replaced last; an archive
/// appears whole or not at all. Stdout, FIFOs, sockets and devices are written to as they are; a
/// symlink stays, and what it leads to is replaced. A folder that holds something else is
/// Fault::usage, an index in a docker-archive too.
void write_archive(const ArchiveLocation& location,
                   const std::string& name,
                   const ImageSet& images,
                   const ExportContext& context);

/// An image read from a layout or archive, and its blobs.
struct LoadedArchive {
  ImageSet images;
  OpenBlob open;     // verified: wrong bytes are Fault::integrity before the last one is given away
  std::string name;  // the tag or reference that the archive has for it; may be empty
};

/// Reads the image `location.tag`, or the only one, of a layout or archive. The layers of a
/// docker-archive are taken as they are, and an OCI manifest is made for them. Fault::input:
/// nothing there, no such tag (what there is is listed), or malformed; Fault::integrity: a manifest
/// or config that does not match its digest.
LoadedArchive load_archive(const ArchiveLocation& location);

}  // namespace mlpack
