#pragma once

#include "cli/session.h"
#include "layers/recipes.h"
#include "lib/oci/image.h"
#include "lib/oci/recipe.h"
#include "lib/spec/spec.h"

#include <vector>

namespace mlpack {

/// What layers that are reused put where, as far as `layers` could meet it: a recipe without
/// contents for each `oci://` entry of `spec`, for check_overlaps.
struct ReusedFiles {
  std::vector<LayerRecipe> layers;
  std::vector<Origin> origins;
};

/// `reused` are the layers of all `oci://` entries of `spec`. Where nothing of `layers`, nor of
/// another entry, lies where one of them has its files, its layers are not looked into; else the
/// headers of their tar are read once, from where they are, and remembered.
ReusedFiles reused_files(const Spec& spec,
                         const std::vector<Layer>& reused,
                         const std::vector<LayerRecipe>& layers,
                         Session& session,
                         Offline offline);

}  // namespace mlpack
