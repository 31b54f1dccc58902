#pragma once

#include "lib/file.h"
#include "lib/python/marker.h"
#include "lib/python/specifier.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A package that a lock pins.
struct PinnedPackage {
  std::string name;                          // normalised
  std::string version;                       // may have a local label, or be empty
  PythonSpecifiers python = {};              // `requires-python`
  std::vector<std::string> wheel_tags = {};  // of all its wheels; none: it has none
};

/// What a uv.lock or a pylock.toml says of the images that it may be installed in.
struct LockContents {
  PythonSpecifiers python;  // `requires-python`
  std::vector<PinnedPackage> packages;
  /// Markers, of which one must hold (`environments`, of a uv.lock `supported-markers`); none: any.
  std::vector<std::string> environments = {};
  /// Of each image that was asked about, what is installed in it: indices into `packages`.
  std::vector<std::vector<std::size_t>> installed = {};
};

/// Reads the text of a uv.lock (a file of that name) or else of a pylock.toml, for `images`, whose
/// extras and groups are those that are wanted. Fault::input for what is no TOML, for a pylock.toml
/// that breaks its rules, and for a uv.lock with more dependencies than anybody has; of what else
/// is wrong in one, uv tells.
LockContents lock_contents(std::string_view text,
                           const fs::path& path,
                           std::span<const MarkerEnvironment> images);

/// The version that a lock pins a package to.
struct LockedVersion {
  std::string name;     // normalised
  std::string version;  // may have a local label
};

/// What is installed in any of the images with the indices `images`: packages by name, each once.
/// One with builds for several images has the release of them, one with several releases is left
/// out, and so are sources without a version.
std::vector<LockedVersion> locked_versions(const LockContents& lock,
                                           std::span<const std::size_t> images);

}  // namespace mlpack
