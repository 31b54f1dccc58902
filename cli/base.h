#pragma once

#include "cli/session.h"
#include "layers/root_view.h"
#include "lib/oci/image.h"
#include "lib/oci/recipe.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <vector>

namespace mlpack {

/// What an image is built on, found but not unpacked.
struct FoundBase {
  BaseFacts facts;
  BaseImage image;                  // whose layers are used as they are
  std::vector<LayerRecipe> system;  // layers made of the distribution's packages
  RootView root = RootView::empty();
  std::vector<std::string> passwd;  // the distribution's lines of /etc/passwd and /etc/group
  std::vector<std::string> group;
};

/// Finds the base of `spec` for `platform`: of an image only manifest and config are fetched, the
/// layers of a layout are taken into the store, packages are downloaded into the store's cache.
FoundBase find_base(const Spec& spec, const Platform& platform, Session& session, Offline offline);

}  // namespace mlpack
