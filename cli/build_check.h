#pragma once

#include "cli/build.h"
#include "cli/check.h"
#include "cli/session.h"

#include <vector>

namespace mlpack {

/// Annotations of an image that say what its maker did not mind: ID → reason.
namespace annotation {
inline constexpr std::string_view ignored = "dev.mlpack.check.ignored.";  // and an id
}  // namespace annotation

Annotations with_ignored(Annotations annotations, const IgnoredFindings& ignored);

/// Checks the images of `built` against the fleet of its spec, and tells what was found. What the
/// store knows of layers is not read again; layers of the base are read from where they are. Where
/// others are in a registry alone, an image is not checked, which is said.
/// Fault::incompatible where it will not run, Fault::gate where something in it is dangerous.
void check_built(BuiltSpec& built, const Wish& wish, const BuildOptions& options, Session& session);

}  // namespace mlpack
