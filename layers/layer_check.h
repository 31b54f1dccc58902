#pragma once

#include "lib/digest.h"
#include "lib/oci/descriptor.h"
#include "lib/parallel.h"
#include "lib/sink.h"

#include <memory>

namespace mlpack {

/// Fault::integrity where `layer` uncompresses to `found` instead of `diff_id`.
void require_diff_id(const Descriptor& layer, const Digest& found, const Digest& diff_id);

/// The bytes of `source`, which are decompressed as they pass, in bounded memory. The last of them
/// are given away only after they were found to uncompress to the bytes of `diff_id`:
/// Fault::integrity naming the layer else, or where they cannot be decompressed (unless `source`
/// has a fault of its own to tell). Of a type that is no layer's nothing is known. `stop` must
/// outlive it.
std::unique_ptr<Source> open_checked(std::unique_ptr<Source> source,
                                     const Descriptor& layer,
                                     const Digest& diff_id,
                                     const Stop& stop);

}  // namespace mlpack
