#pragma once

#include "lib/oci/image.h"
#include "lib/store/store.h"
#include "registry/client.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace mlpack {

/// Makes a repository hold blobs; the part of push that moves bytes.
class PushBlobs {
 public:
  /// Is told of a blob that the repository has without being sent it.
  using Unsent = std::function<void(const Descriptor&)>;

  /// The references must outlive it; `store` may be null, `unsent` absent.
  PushBlobs(
      Client& client, const Repository& to, const OpenBlob& open, Store* store, Unsent unsent = {})
      : client_(client), to_(to), open_(open), store_(store), unsent_(std::move(unsent)) {}

  /// Returns when `to` has all of `blobs`. Each is looked for, then mounted from where it is known
  /// to be on the same host, then opened and uploaded.
  void push(const std::vector<Descriptor>& blobs);
  /// The same for blobs that were pushed and that the registry now says it lacks: what is uploaded
  /// again is not counted again. Nothing is mounted: a registry may have said that it did.
  void push_again(const std::vector<Descriptor>& blobs);

  std::size_t uploaded() const { return uploaded_; }
  std::size_t mounted() const { return mounted_; }
  std::size_t present() const { return present_; }

 private:
  enum class Result { uploaded, mounted, present };
  enum class Mounting { allowed, forbidden };
  Result push_one(const Descriptor& blob, Mounting mounting);
  bool mount(const Descriptor& blob, const std::vector<Reference>& origins);

  Client& client_;
  const Repository& to_;
  const OpenBlob& open_;
  Store* store_;
  Unsent unsent_;
  std::atomic<std::size_t> uploaded_{0};
  std::atomic<std::size_t> mounted_{0};
  std::atomic<std::size_t> present_{0};
};

/// The order to send blobs in: large and small ones in turn, so that a large one streams from the
/// start while the small ones pass beside it.
std::vector<Descriptor> sending_order(std::vector<Descriptor> blobs);

}  // namespace mlpack
