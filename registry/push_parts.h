#pragma once

#include "registry/push.h"

#include <string>
#include <vector>

namespace mlpack {

/// A manifest or index as it is put.
struct RawManifest {
  std::string bytes;
  std::string media_type;
  Digest digest() const { return Digest::of(bytes); }
};

/// What the tag will name: the index where there is one, else the only manifest.
RawManifest root_of(const PushRequest& request);
/// In the order in which they have to be put: an index after what it names.
std::vector<RawManifest> manifests_of(const PushRequest& request);

/// Every layer and config once.
std::vector<Descriptor> layers_of_all(const PushRequest& request);
std::vector<Descriptor> configs_of_all(const PushRequest& request);

/// Fault::usage where the target has the digest of something else.
void check_target(const PushRequest& request);

/// What the target's tag leads to; nullopt where it is not there, or the target has none.
std::optional<Digest> tagged_digest(Client& client, const PushRequest& request);
/// Fault::gate unless `found` is what `request` expects, or what it pushes.
void require_match(const PushRequest& request, const std::optional<Digest>& found);

}  // namespace mlpack
