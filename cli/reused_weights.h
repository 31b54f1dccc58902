#pragma once

#include "cli/base.h"
#include "cli/session.h"
#include "lib/oci/image.h"
#include "lib/oci/platform.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <cstddef>
#include <string>
#include <vector>

namespace mlpack {

/// The layers of weights that other images have and this one takes as they are.
struct ReusedWeights {
  std::vector<Layer> layers;
  std::vector<Decision> decisions;
  std::size_t layers_fetched = 0;          // into the store
  std::vector<LockedWeights> locked = {};  // for the lock
};

/// Whether layers are fetched, and what a lock says of the images; nothing where there is none.
struct ReuseUse {
  BaseLayers keep = BaseLayers::leave;
  const Lock* pins = nullptr;
  /// `leave`: no layer is looked into, and so not whether its files lie below the entry's target.
  enum class Files { compare, leave } files = Files::compare;
};

/// Finds what the `oci://` entries of `spec` name: of an image built by mlpack the layers of
/// weights, of a ModelPack all its layers of tar. Only manifest and config are fetched, and of each
/// layer the first names, to see that its files lie below the entry's target: layers cannot be
/// moved. `use.keep` fetches the layers into the store too. Nothing is known of what the
/// files hold. `use.pins` may say which image a name means. Errors name the entry: Fault::usage for
/// an entry that wants something else of the layers than they are, Fault::input for an image
/// without such layers.
ReusedWeights reuse_weights(const Spec& spec,
                            const Platform& platform,
                            Session& session,
                            Offline offline,
                            const ReuseUse& use = {});

}  // namespace mlpack
