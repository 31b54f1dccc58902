#pragma once

#include "lib/oci/image.h"
#include "lib/oci/reference.h"
#include "lib/store/store.h"
#include "registry/client.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What a tag must lead to for it to be moved; no digest: it must not be there yet.
struct ExpectedTag {
  std::optional<Digest> digest;
};

/// What to push, and to where.
struct PushRequest {
  /// One for each platform, at least one.
  std::vector<Image> images;
  /// The bytes of the index over them; absent: there is one image, and its manifest is the target.
  std::optional<std::string> index;
  /// Host, repository and tag. Without a tag the image is there under its digest only.
  Reference target;
  /// Opens the blobs that the registry lacks: stored ones, recipes, and (with remote_blobs of
  /// pull.h, so that they stream through memory) those that only another registry has.
  OpenBlob open;
  /// Knows which repositories have a blob, to mount it, and is told where it is now; may be null.
  Store* store = nullptr;
  /// Looks at a blob that is not sent, since the registry has it: what it throws ends the push
  /// before any manifest is there. May be absent.
  std::function<void(const Descriptor&)> check_unsent = {};
  /// Looks at a blob before a byte of it is sent: what it throws ends the push. May be absent.
  std::function<void(const Descriptor&)> check_upload = {};
  /// Repositories that may have the blobs too, to mount them.
  std::vector<Reference> known_at = {};
  /// Fault::gate where the tag leads to something else than this and than what is pushed; looked
  /// at first, and again when everything is there by digest.
  std::optional<ExpectedTag> if_match = {};
};

/// What becomes of a blob.
struct BlobOutcome {
  Descriptor blob;
  enum class Kind { present, mounted, uploaded } kind = Kind::uploaded;
  std::optional<Reference> from;  // the repository that it is mounted from
};

/// What there is of an image before a push: the tag leads to it already; the repository has its
/// manifest, and so its blobs; neither.
enum class TargetState { tagged, stored, absent };

/// Every blob is counted once: uploaded, mounted or present.
struct PushReport {
  Digest digest;                   // of the index or manifest
  std::optional<Digest> replaced;  // what the tag named before, if something else
  TargetState state = TargetState::absent;
  std::vector<BlobOutcome> blobs;  // layers, then configs
  std::size_t uploaded = 0;
  std::size_t mounted = 0;
  std::size_t present = 0;
  std::uint64_t bytes_sent = 0;
  std::size_t retries = 0;
  double seconds = 0;
};

/// Makes the registry hold all of `request`: layers in parallel (present, else mounted, else
/// uploaded), then configs, then manifests by digest, then the tag, and looks whether it is there.
/// Success means that it is, whoever put it; after a failure the tag is as it was. Where the tag or
/// the digest already leads to the same manifest, nothing more is asked.
PushReport push(Client& client, const PushRequest& request);

/// What a push would do.
struct PushPlan {
  Digest digest;
  std::optional<Digest> replaced;
  TargetState state = TargetState::absent;
  std::vector<BlobOutcome> blobs;  // layers, then configs
};

/// Looks what `push` would do. Changes nothing; throws what can be foreseen: a size that is wrong,
/// a tag that does not match.
PushPlan plan_push(Client& client, const PushRequest& request);

/// Begins an upload to `target` and cancels it: throws Fault::auth at once where a push would fail
/// for want of a right.
void probe_push_right(Client& client, const Reference& target);

}  // namespace mlpack
