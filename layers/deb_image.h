#pragma once

#include "layers/deb_paths.h"
#include "layers/debs.h"
#include "lib/oci/platform.h"
#include "lib/oci/recipe.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// `system_packages` on a base that is an image.
struct ImagePackages {
  std::string base;  // the image, as messages name it
  Platform platform;
  std::vector<std::string> packages;
  std::map<std::string, Where> places = {};  // as DebianBase has them
};

/// Which packages must be added to the image whose root is `root` (read_image_root) so that it has
/// those that are wanted; no package of the image is replaced or removed. See resolve_debian for
/// mirrors and signatures.
///
/// Faults: incompatible (no Debian or Ubuntu, or one that is not known; no list of packages; a
/// package of the image would be replaced), as resolve_debian else.
DebianPlan resolve_on_image(const ImagePackages& wanted,
                            const RootPaths& root,
                            const DebianContext& context);

/// The layer that adds the packages of `plan` to that image; nullopt where there are none. See
/// prepare_debian for what is done instead of maintainer scripts. The layer holds
///
/// - the packages' files, where the links of the image lead. What the image has below /etc stays;
/// - /var/lib/dpkg/status with the new packages behind the old ones and a list of files for each,
/// or
///   where the image has no database of dpkg, /var/lib/dpkg/status.d;
/// - alternatives, added to those of the image; a choice whose priority nobody knows stays;
/// - the bundle of CA certificates, lines of passwd and group, where something must be added.
///
/// Faults: incompatible (a file of the image would be replaced), as prepare_debian else.
std::optional<LayerRecipe> layer_on_image(const DebianPlan& plan,
                                          const RootPaths& root,
                                          const DebianContext& context);

/// What the image's root says of itself: a release that mlpack knows, and the paragraphs of the
/// packages that are installed for `platform`. The same faults.
std::string codename_of_image(const RootPaths& root, const std::string& base);
std::vector<std::string> packages_of_image(const RootPaths& root,
                                           const std::string& base,
                                           const Platform& platform);

}  // namespace mlpack
