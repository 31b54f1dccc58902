#pragma once

#include "cli/base.h"
#include "cli/build_lock.h"
#include "cli/layer_jobs.h"
#include "cli/remote_weights.h"
#include "cli/reused_weights.h"
#include "cli/session.h"
#include "lib/catalog/catalog.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace mlpack {

/// An image before its layers are made.
struct PreparedImage {
  FoundBase base;
  ReusedWeights reused;
  Plan plan;
  LayerJobs layers;
};

/// A spec, and what `auto` in it means.
struct ResolvedSpec {
  const Spec& asked;  // as it was written
  const Spec& spec;   // with the base that was chosen
  const Catalog& catalog;
};

/// `asked` with the base that `auto` means. Fault::incompatible where nothing runs on the fleet.
Spec with_chosen_base(const Spec& asked, const Catalog& catalog);

/// The plan of an image on `base` with its wheels, resolved for the fleet.
Plan plan_image(const ResolvedSpec& resolved,
                const Platform& platform,
                const FoundBase& base,
                const RemoteWeightsByName& weights,
                Session& session);

/// What the images of all platforms are prepared from.
struct ImageInputs {
  ResolvedSpec resolved;
  Offline network;
  RemoteBytes bytes;
  std::optional<std::uint64_t> reshard_above;
  std::vector<WrittenPlace> written;
  std::size_t beside_weights;  // layers of an image of the weights alone
  BuildLock& lock;
  LockedLayers* registry;       // has layers that need not be made; may be absent
  RemoteWeightsByName weights;  // fetched anew where the registry's layers are not those
};

/// Finds the base and says what layers the image has. The lock is told what was found. What the
/// registry has is not looked into, as long as it is just what the spec wants now.
PreparedImage prepare_image(ImageInputs& inputs, const Platform& platform, Session& session);

}  // namespace mlpack
