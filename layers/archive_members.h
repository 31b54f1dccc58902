#pragma once

#include "layers/tar_view.h"
#include "lib/store/store.h"

namespace mlpack {

/// Opens members of the .deb files and wheels in the store's cache. One opener serves one stream of
/// a layer and one thread.
OpenMember member_opener(const Store& store);

}  // namespace mlpack
