#pragma once

#include "lib/python/lock.h"
#include "lib/python/pylock.h"
#include "lib/python/requirements_file.h"

#include <vector>

namespace mlpack {

/// Adds to the packages of `lock` that are folders of sources the wheels that were built of them:
/// those in the folder's dist/, and in the folder itself. Files alone are read.
void add_built_wheels(Pylock& lock);

/// The wheels that were built in a folder of sources, of the project and the version that its
/// pyproject.toml says; none of a path that is no folder.
std::vector<fs::path> built_wheels(const LocalRequirement& local);

/// Adds what of `local` is for a Python with `facts` to the selection: the wheel itself, or of
/// those that were built in a folder, of the project and the version that its pyproject.toml says,
/// the best of the newest version. What there is no wheel of is a problem, and so is another
/// version of a package that the selection has. Fault::integrity for other bytes than a hash says.
void add_local_wheels(const std::vector<LocalRequirement>& local,
                      const PythonFacts& facts,
                      PythonSelection& selection);

}  // namespace mlpack
