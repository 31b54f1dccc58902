#pragma once

#include "layers/debs.h"
#include "lib/catalog/distributions.h"

#include <string>
#include <string_view>

namespace mlpack {

/// Where the archives of a distribution are, ready for `/dists/…` and `/pool/…` to be appended.
struct DebianMirror {
  std::string main;
  std::string security;
};

/// The mirror for `base`, from the first of: base.mirror, context.environment_mirror, the host's
/// apt configuration. `security` is base.security_mirror, else the entry of the apt configuration
/// (where the main one came from there), else the sibling archive of the main one. A snapshot is
/// worked into both. Fault::usage where nothing names a mirror, or one is not an http(s) or file
/// URL without password.
DebianMirror find_mirror(const DebianBase& base,
                         const Distribution& distribution,
                         const DebianContext& context);

/// The entry of apt's configuration below `apt_folder` (sources.list, then sources.list.d/*.list
/// and
/// *.sources by name; sources.list(5)) that serves the distribution's family: best one that names
/// the release itself, else another release of the family. Entries of other signers, other
/// components or other architectures, disabled ones and those with other URLs are passed over.
/// Empty where there is none.
DebianMirror mirror_of_host(const fs::path& apt_folder,
                            const Distribution& distribution,
                            std::string_view architecture);

}  // namespace mlpack
