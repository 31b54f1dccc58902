#pragma once

#include "lib/digest.h"
#include "lib/oci/image.h"
#include "lib/parallel.h"

#include <chrono>
#include <cstddef>
#include <memory>

namespace mlpack {

/// How long readers of the same blob wait for each other.
struct SharedReadPolicy {
  std::chrono::milliseconds gather{2'000};    // for all to open it
  std::chrono::milliseconds patience{5'000};  // for the slowest to take a block
};

/// Opens blobs for several readers that want the same ones at about the same time: each is read
/// once, and what was read is given to all. The slowest sets the pace; who stands still, comes too
/// late or opens a blob again reads it alone, as everybody does once the common read has failed;
/// where it failed for bytes that were wrong (Error::again), whoever has some of them fails, too.
/// Callable from any thread.
class SharedBlobs {
 public:
  /// `stop` must outlive it and what it opens.
  SharedBlobs(OpenBlob open,
              std::size_t readers,
              const Stop& stop,
              const SharedReadPolicy& policy = {});

  /// `blob` for one of the readers, which count from 0.
  std::unique_ptr<Source> open(std::size_t reader, const Descriptor& blob);
  /// This reader does not want `blob`: nobody waits for it.
  void skip(std::size_t reader, const Digest& blob);
  /// This reader opens nothing more.
  void leave(std::size_t reader);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace mlpack
