#pragma once

#include "cli/session.h"
#include "layers/pack.h"
#include "lib/lock/lock.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// What the lock says of `layer`, which was made from `job`; nullopt for what no lock records.
std::optional<LockedLayer> locked_layer(const PackJob& job, const Layer& layer, const Store& store);

/// Those of `layers`, which a lock has, that `job` was before: one for each codec of its kind, that
/// of this mlpack or another.
std::vector<LockedLayer> recorded_layers(const PackJob& job,
                                         const std::vector<LockedLayer>& layers,
                                         const Store& store);

/// A locked layer as it goes into a manifest, compressed as `codec` says.
Descriptor descriptor_of(const LockedLayer& layer);

/// Layers that a lock knows and that the registry has, so that nobody makes them. Callable from any
/// thread.
class LockedLayers {
 public:
  /// `target` is where the image is pushed to; a blob that `own`, the repository that the spec
  /// names, has on the same host is mounted from there. `session` must outlive it.
  LockedLayers(Session& session, Reference target, std::optional<Reference> own);

  /// Whether the registry has `layer`. The store remembers that it has.
  bool has(const LockedLayer& layer);
  /// Whether the registry has all of `layers`, and the store not what they are made of.
  bool saves(const std::vector<LockedLayer>& layers);
  /// What `job` was before, where that is one of `layers` and the registry has it.
  std::optional<KnownLayer> find(const PackJob& job, const std::vector<LockedLayer>& layers);

 private:
  bool look(const LockedLayer& layer);

  Session& session_;
  Repository target_;
  std::optional<Reference> own_;
  std::mutex guard_;
  std::map<Digest, bool> seen_;
};

}  // namespace mlpack
