#pragma once

#include "lib/file.h"
#include "lib/python/marker.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A package, and the version that a lock pins it to.
struct LockedVersion {
  std::string name;     // normalised
  std::string version;  // may have a local label
};

/// What a uv.lock (a file of that name) or else a pylock.toml installs in any of `images`, whose
/// extras and groups are those that are wanted: packages by name, each once. One with builds for
/// several images has the release of them, one with several releases is left out, and so are
/// sources without a version. Fault::input for what is no TOML, for a pylock.toml that breaks its
/// rules, and for a uv.lock with more dependencies than anybody has; of what else is wrong in one,
/// uv tells.
std::vector<LockedVersion> locked_versions(std::string_view text,
                                           const fs::path& path,
                                           const std::vector<MarkerEnvironment>& images);

}  // namespace mlpack
