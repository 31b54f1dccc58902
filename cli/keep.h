#pragma once

#include "cli/also_layers.h"
#include "cli/build.h"
#include "cli/session.h"
#include "cli/targets.h"

namespace mlpack {

/// Names what was built in the store: the image, one as itself and several under an index, and what
/// else is made of its weights.
void keep_all(BuiltSpec& built, const Wish& wish, const Shells& shells, Session& session);

}  // namespace mlpack
