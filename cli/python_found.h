#pragma once

#include "layers/deb_paths.h"
#include "layers/wheels.h"
#include "lib/lock/lock.h"
#include "lib/oci/config.h"
#include "lib/oci/platform.h"
#include "lib/python/lock.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The Python of a base.
struct FoundPython {
  std::string interpreter;  // `/usr/bin/python3.11`, no link
  PythonFacts facts;
  std::vector<std::string> warnings;
};

/// Finds the interpreter that PATH of `config` leads to in `root`, the one of `version` (`3.12`)
/// where that is not empty; what C library there is, and which version of Python it is, where the
/// base says so. Fault::incompatible, naming `base` and what is there, where there is none.
FoundPython find_python(const RootPaths& root,
                        const ImageConfig& config,
                        const Platform& platform,
                        const std::string& version,
                        const std::string& base);

/// The same of packages that nobody laid out: Debian's `python3.N-minimal` and `libc6`. nullopt
/// where there is no interpreter of that series among them; Fault::incompatible where its release
/// is another than `version` names.
std::optional<FoundPython> find_packaged_python(const LockedSystem& system,
                                                const Platform& platform,
                                                const std::string& version,
                                                const std::string& base);

/// Where the interpreter's own packages go: those of Debian's into /usr/local, as its pip has it.
PythonPlaces own_places(const FoundPython& python, const RootPaths& root);

}  // namespace mlpack
