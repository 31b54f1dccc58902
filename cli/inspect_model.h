#pragma once

#include "cli/images.h"
#include "cli/session.h"

namespace mlpack {

/// `inspect --model`: says what model is in the weights of `found`, or, where no layer is said to
/// be for weights, in any layer. Of what lies in the user's files, the store or a layout only
/// headers are read, of other layers all up to the last file. Fault::input where there is none.
void inspect_model(const NamedImage& found, Session& session);

}  // namespace mlpack
