#pragma once

#include "layers/tar_view.h"
#include "lib/oci/image.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "lib/store/store.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace mlpack {

struct PackJob {
  LayerRecipe recipe;
  Compression compression = Compression::zstd;
};

/// What packing needs beside its inputs; everything pointed at must outlive it.
struct PackContext {
  enum class Memo {
    trust,  // an input whose state is as remembered is not read
    verify  // every input is read; where its bytes are not the remembered ones, there is a warning
  };
  std::size_t jobs = 1;
  OpenMembers open_members;      // for layers with members of archives
  OpenRemoteFile open_remote;    // for layers with RemoteContent
  Progress* progress = nullptr;  // may be absent
  const Stop* stop = nullptr;    // may be absent
  Memo memo = Memo::trust;
  /// Says what a layer is that the store does not remember, so that nobody makes it. Called from
  /// any thread. May be absent.
  std::function<std::optional<KnownLayer>(const PackJob&)> known = {};
  /// Called with each layer that was not remembered, as soon as the store knows it, by the thread
  /// that made it; what it throws ends the packing. May be absent.
  std::function<void(const Layer&)> packed;
  /// Sends a layer with RemoteContent to where it is wanted while it comes in, and returns the
  /// digest of what it sent, so that nothing is read twice; `packed` is not called with it then.
  /// Absent: such a layer is read to hash it.
  std::function<Digest(const BlobStream&)> stream;
};

/// Makes the layer of `job.recipe` known to `store`: compressed ones, and those with
/// members of archives, as a blob; any other uncompressed one as its recipe, so that its bytes are
/// read (to hash them) but not written. A recipe that is remembered is not even read; `reused` says
/// so. What is in the network is not read again to verify the memo: its name says what it holds.
///
/// A source that changes while it is read is Fault::input naming it, a download in the store's
/// cache that is not what its name says Fault::integrity, and nothing is remembered.
Layer pack_layer(const PackJob& job, Store& store, const PackContext& context);

/// All of `jobs`, context.jobs at a time, the largest first; meanwhile one more is handed to
/// context.packed; results by index.
std::vector<Layer> pack_layers(const std::vector<PackJob>& jobs,
                               Store& store,
                               const PackContext& context);

/// The bytes of `store`'s blobs: stored ones from their files, recipes as tar made from the user's
/// files, or those in the network, and compared with the digest before the last byte is given away:
/// Fault::integrity where the bytes changed although the time stamps did not, Fault::input where a
/// file is not as it was. A blob that is neither is Fault::input. Where what a recipe is made of
/// cannot be had, `elsewhere` is asked for the blob, whose bytes it verifies; nullptr: it has none.
OpenBlob open_blob(const Store& store,
                   OpenMembers open_members = {},
                   OpenRemoteFile open_remote = {},
                   OpenBlob elsewhere = {});

}  // namespace mlpack
