#pragma once

#include "layers/debs.h"
#include "lib/model/read_at.h"
#include "lib/oci/recipe.h"
#include "lib/remote.h"
#include "lib/store/store.h"
#include "registry/remote_wire.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace mlpack {

/// Opens the files in the network that recipes name: from the cache of the store where it has them,
/// else from their source. Callable from any thread. With Offline::yes what is not at hand is
/// Fault::input; other faults are those of RemoteSource.
class RemoteFiles {
 public:
  /// What `context` refers to, and `store`, must outlive it.
  RemoteFiles(RemoteContext context, Store& store);
  ~RemoteFiles();

  /// Where the store's cache has it, going by its size.
  std::optional<fs::path> cached(const RemoteContent& file, std::uint64_t size) const;
  /// All of it, the last bytes only after they were found to be the right ones.
  std::unique_ptr<Source> open(const RemoteContent& file, std::uint64_t size, Offline offline);
  /// Any part of it, by ranges. What is looked at is not verified; of the front it is remembered
  /// once the whole passed through `open`, so that it need not be fetched again.
  std::unique_ptr<ReadAt> open_read_at(const RemoteContent& file,
                                       std::uint64_t size,
                                       Offline offline);

 private:
  class Front;
  class FrontSource;
  class RangesReadAt;

  RemoteSource& source_of(const RemoteContent& file, Offline offline);
  std::shared_ptr<Front> front_of(const RemoteContent& file, std::uint64_t size);

  RemoteContext context_;
  Store& store_;
  std::mutex guard_;  // of the maps
  std::map<std::string, std::unique_ptr<RemoteSource>> sources_;
  std::map<Digest, std::shared_ptr<Front>> fronts_;
};

}  // namespace mlpack
