#pragma once

#include "lib/digest.h"
#include "lib/oci/descriptor.h"
#include "lib/parallel.h"
#include "lib/sink.h"

#include <memory>

namespace mlpack {

/// Moves the bytes of `layer` from `source` to `sink`, and decompresses them on the way, in bounded
/// memory. Fault::integrity naming the layer where they do not uncompress to the bytes of
/// `diff_id`; `sink` may have all of them by then. Of a type that is no layer's nothing is known.
void move_checked(std::unique_ptr<Source> source,
                  Sink& sink,
                  const Descriptor& layer,
                  const Digest& diff_id,
                  const Stop& stop);

}  // namespace mlpack
