#pragma once

#include "cli/locked_layers.h"
#include "cli/python_pins.h"
#include "cli/session.h"
#include "layers/deb_paths.h"
#include "layers/root_view.h"
#include "lib/lock/lock.h"
#include "lib/oci/image.h"
#include "lib/oci/recipe.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What an image is built on, found but not unpacked.
struct FoundBase {
  BaseFacts facts;
  BaseImage image;                  // whose layers are used as they are
  std::vector<LayerRecipe> system;  // layers made of the distribution's packages
  std::vector<LayerRecipe> python;  // layers made of wheels
  std::vector<Layer> made;          // in place of both, where the registry has those layers
  std::vector<Layer> weights;       // layers of other images that are reused above those
  RootView root = RootView::empty();
  std::vector<std::string> passwd;  // the distribution's lines of /etc/passwd and /etc/group
  std::vector<std::string> group;
  std::optional<RootPaths> files;    // of an image, where its layers are at hand: for checks alone
  std::size_t layers_fetched = 0;    // into the store
  std::optional<LockedBase> locked;  // for the lock: the image,
  std::optional<LockedSystem> locked_system;                     // and the packages
  std::optional<LockedPython> locked_python;                     // and the wheels,
  enum class Wheels { chosen, pinned } wheels = Wheels::chosen;  // which are those of the lock
  std::optional<LockedRoot> sketch;  // of the root, where layers are `made`
};

/// What becomes of the layers of an image in a registry: `keep` fetches them into the store.
enum class BaseLayers { leave, keep };

/// How much of a base is wanted, and what is known of it.
struct BaseUse {
  BaseLayers layers = BaseLayers::leave;
  /// `resolve`: packages and wheels are chosen, but neither fetched nor laid out.
  /// `leave`: they are what `pins` says, if anything, and no layer of a layout is taken.
  enum class Packages { lay_out, resolve, leave } packages = Packages::lay_out;
  const LockedPlatform* pins = nullptr;  // what the lock says; it is right for the spec
  LockedLayers* registry = nullptr;      // has layers that need not be made; may be absent
  PythonPins python = {};                // what is known of wheels
};

/// Finds the base of `spec` for `platform`: of an image only manifest and config are fetched, the
/// layers of a layout are taken into the store, packages are downloaded into the store's cache.
/// `system_packages` on an image need its list of packages, and `python` its interpreter: its
/// layers are read through once, from where they are, and what was found is kept by their digests.
/// Wheels are downloaded into the store's cache. What `use.pins` pins is neither looked for nor
/// chosen again.
FoundBase find_base(const Spec& spec,
                    const Platform& platform,
                    Session& session,
                    Offline offline,
                    const BaseUse& use = {});

}  // namespace mlpack
