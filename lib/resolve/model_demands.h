#pragma once

#include "lib/resolve/spec_demands.h"

namespace mlpack {

/// What the model that is served, and the numbers that its runtime is told to compute with, ask of
/// GPUs.
void add_model_demands(Demands& demands,
                       const Catalog& catalog,
                       const Spec& spec,
                       const DemandSources& sources);

}  // namespace mlpack
