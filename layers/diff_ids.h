#pragma once

#include "lib/oci/image.h"
#include "lib/parallel.h"

#include <map>
#include <set>
#include <vector>

namespace mlpack {

/// What images of a local archive or layout say that their layers are uncompressed, to be held
/// against the layers' bytes. Callable from any thread.
class DiffIds {
 public:
  /// Fault::integrity for an uncompressed layer, whose digest alone shows that it is another one.
  /// `stop` must outlive it.
  DiffIds(const std::vector<Image>& images, const Stop& stop);

  /// Blobs of `open`, of which no layer ends well that is not what every image says (see
  /// open_checked).
  OpenBlob checked(OpenBlob open) const;

  /// Reads `blob` to its end through `open` where only that can show what it is: a compressed
  /// layer.
  void check(const Descriptor& blob, const OpenBlob& open) const;

 private:
  std::map<Digest, std::set<Digest>> known_;  // of each compressed layer
  const Stop* stop_;
};

}  // namespace mlpack
