#pragma once

#include "layers/deb_listing.h"
#include "layers/debs.h"
#include "lib/catalog/distributions.h"

#include <string>
#include <vector>

namespace mlpack {

/// A package with what is in it.
struct DebUnit {
  DebPackage package;
  DebListing listing;
};

/// Lays out the root: pure, the same units give the same root. See prepare_debian for what is made
/// beside the packages' own files.
///
/// A path goes through the links of the root made so far, as it would on disk, so `bin/ls` lies at
/// `usr/bin/ls`. Where two packages hold a path, the one that `Replaces` the other wins; folders
/// and equal symlinks may be held by many, and the first one's mode counts. Each layer holds the
/// folders that its files lie in, whatever lies below it.
DebianRoot assemble_root(const std::vector<DebUnit>& units, const Distribution& distribution);

}  // namespace mlpack
