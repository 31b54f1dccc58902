#pragma once

#include "lib/model/findings.h"

namespace mlpack {

/// Puts together what the files say; may add warnings.
ModelSummary summarise(Findings& findings);

}  // namespace mlpack
