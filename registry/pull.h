#pragma once

#include "lib/oci/image.h"
#include "lib/oci/platform.h"
#include "lib/oci/reference.h"
#include "lib/store/store.h"
#include "registry/client.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace mlpack {

/// Manifest and config of a base; none of its layers.
struct FetchedBase {
  Image image;
  Reference reference;  // with the digest that its tag led to (an index's, where it is one)
};

/// Fetches manifest and config of `reference` for `platform`, and keeps them in `store` with the
/// places where the layers are, unless that is for reading. What it holds by digest is not fetched
/// again. Where
/// artifacts are accepted, nothing has to run: an image may be for another platform too.
FetchedBase fetch_base(Client& client,
                       const Reference& reference,
                       const Platform& platform,
                       Store& store,
                       Artifacts artifacts = Artifacts::refused);
/// The same from the store alone; Fault::input with a hint where something is missing.
FetchedBase stored_base(const Reference& reference,
                        const Platform& platform,
                        const Store& store,
                        Artifacts artifacts = Artifacts::refused);

struct PullReport {
  Descriptor descriptor;  // what the name leads to now: an index or a manifest
  Reference reference;    // with its digest
  std::vector<Image> images;
  std::size_t downloaded = 0;
  std::size_t present = 0;
  std::uint64_t bytes_received = 0;
  double seconds = 0;
};

/// Moves a layer from a source to a sink; throws where its uncompressed bytes are not those of the
/// diff id. Comes from who knows how layers are compressed.
using MoveLayer = std::function<void(
    std::unique_ptr<Source>, Sink&, const Descriptor& layer, const Digest& diff_id)>;

/// Fetches an image with all its blobs into `store` and names it there. With a platform only that
/// of an index, without one all of it. A name with neither tag nor digest gets `latest`. Layers go
/// through `move`, also those that the store had and that never did; without it they are not
/// looked into.
PullReport pull(Client& client,
                const Reference& reference,
                const std::optional<Platform>& platform,
                Store& store,
                const MoveLayer& move = {});

/// The images that `reference` leads to, without layers: one, or all of an index (whose bytes are
/// then in `index`).
struct RemoteImage {
  std::vector<Image> images;
  std::optional<std::string> index;
  Descriptor descriptor;
};
/// Fault::refused where the registry has no such image. Nothing is stored.
RemoteImage fetch_image(Client& client,
                        const Reference& reference,
                        const std::optional<Platform>& platform);

/// Brings layers into a store; the client shows how far it is. `move` may be absent, the rest must
/// outlive it.
struct LayerIntake {
  Client& client;
  Store& store;
  OpenBlob open;  // for layers that the store lacks
  MoveLayer move;
};
/// Takes in a layer of which an image says that it is `diff_id` uncompressed (nullopt: nothing), as
/// pull does. True where bytes were moved.
bool take_layer(const LayerIntake& intake,
                const Descriptor& layer,
                const std::optional<Digest>& diff_id);
/// Fault::disk where there is no room for those of `layers` that the store lacks.
void require_room_for(const std::vector<Descriptor>& layers, const Store& store);

/// The first of `origins`, of which there is one at least, that seems to have `blob`; else the
/// first.
const Reference& origin_with(Client& client,
                             const std::vector<Reference>& origins,
                             const Digest& blob);

/// Opens blobs from the first of the given repositories that has them, verified as they are read
/// (see Client::open_blob); for exports and copies.
OpenBlob remote_blobs(Client& client, std::vector<Reference> origins);
/// The same with the origins that `store` knows of each blob. Both references must outlive it.
OpenBlob remote_blobs(Client& client, const Store& store);

}  // namespace mlpack
