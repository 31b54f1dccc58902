#pragma once

#include "registry/client.h"
#include "registry/push.h"

#include <optional>
#include <vector>

namespace mlpack {

/// Makes a repository hold the blobs of `request`; the part of push that moves bytes.
class PushBlobs {
 public:
  /// All must outlive it.
  PushBlobs(Client& client, const Repository& to, const PushRequest& request)
      : client_(client), to_(to), request_(request) {}

  /// What would become of `blob`; nothing is changed. Where it is mounted from is where it was seen
  /// a moment ago.
  BlobOutcome look(const Descriptor& blob);

  /// Returns when `to` has all of `blobs`, with what became of each. Each is looked for, then
  /// mounted from where it is known to be on the same host, then opened and uploaded.
  std::vector<BlobOutcome> push(const std::vector<Descriptor>& blobs);
  /// The same for blobs that were pushed and that the registry now says it lacks: what is uploaded
  /// again is not counted again. Nothing is mounted: a registry may have said that it did.
  void push_again(const std::vector<Descriptor>& blobs);

 private:
  enum class Mounting { allowed, forbidden };
  BlobOutcome push_one(const Descriptor& blob, Mounting mounting);
  std::vector<Reference> candidates(const Descriptor& blob) const;
  std::optional<Reference> mount(const Descriptor& blob);

  Client& client_;
  const Repository& to_;
  const PushRequest& request_;
};

/// The order to send blobs in: large and small ones in turn, so that a large one streams from the
/// start while the small ones pass beside it.
std::vector<Descriptor> sending_order(std::vector<Descriptor> blobs);

}  // namespace mlpack
