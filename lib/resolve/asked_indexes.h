#pragma once

#include "lib/resolve/spec_demands.h"

namespace mlpack {

/// Where the packages of `demands` are looked for: what is known of PyTorch's indexes that `python`
/// or its requirements name, and whether there may be builds of others. What comes from an index of
/// nightly builds is not compared.
void add_indexes(const Catalog& catalog,
                 Demands& demands,
                 const Python& python,
                 const DemandSources& sources);

}  // namespace mlpack
