#pragma once

#include "layers/deb_paths.h"
#include "layers/wheels.h"
#include "lib/lock/lock.h"
#include "lib/resolve/plan.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What is said of libraries of NVIDIA's wheels that `base`, called `name`, holds too: of the same
/// soname, and so of the same major version, in whichever folder; with their size, and the base
/// that would save them for a Python of that minor version. nullopt where there is none.
std::optional<Warning> libraries_twice(const std::vector<ListedWheel>& wheels,
                                       const RootPaths& base,
                                       const std::string& name,
                                       unsigned minor);

/// The same before a layer was looked at: for an image of nvidia/cuda, whose tag says what it
/// holds.
std::optional<Warning> libraries_twice(const LockedPython& python, const std::string& name);

}  // namespace mlpack
