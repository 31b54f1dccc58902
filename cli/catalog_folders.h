#pragma once

#include "cli/world.h"
#include "lib/catalog/catalog.h"

#include <string>

namespace mlpack {

/// What is compiled in, with the rows of the folder `mlpack.d` in `folder`, where there is one, and
/// with those of `--catalog DIR`, which win.
Catalog catalog_in(const fs::path& folder, const World& world);

/// The same beside the spec at `path`, which may be its folder.
Catalog catalog_of_spec(const std::string& path, const World& world);

}  // namespace mlpack
