#pragma once

#include "cli/session.h"
#include "registry/push_blobs.h"

#include <semaphore>

namespace mlpack {

/// Sends layers to a repository while others are still being made, so that `build --push` takes no
/// longer than the slower of the two. What it sent, the push that follows finds there.
class EarlyUpload {
 public:
  /// `session` must outlive it.
  EarlyUpload(Session& session, const Reference& target);

  /// Returns when the repository has `layer`, which the session's store must know. Several threads
  /// may call it; no more layers than the settings allow are on their way at a time.
  void send(const Layer& layer);
  /// Sends a layer while it comes in from the network; its digest.
  Digest stream(const BlobStream& layer);

 private:
  Client& client_;
  Repository to_;
  PushRequest request_;
  PushBlobs blobs_;
  std::counting_semaphore<> free_;
};

}  // namespace mlpack
