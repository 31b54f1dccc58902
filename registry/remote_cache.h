#pragma once

#include "lib/file.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "lib/remote.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// A file of a remote source on disk, verified.
struct CachedFile {
  fs::path path;
  Digest sha256;
};

/// Remote files in a folder, by their sha256. Any number of threads and processes may share it; two
/// that want one file fetch it once. What was fetched before an interruption is kept, and the rest
/// is appended to it.
///
///     sha256/HEX     whole files
///     part/KEY       files on their way, for sources and versions that have a name
///     known/KEY      the sha256 of such a file, where the server does not say it
///     listing/KEY    what a source listed last
class RemoteCache {
 public:
  /// `stop` must outlive it.
  RemoteCache(fs::path folder, const Stop& stop) : folder_(std::move(folder)), stop_(stop) {}

  /// The file if it is here, of the right size; asks nobody, and does not look into it.
  std::optional<CachedFile> find(const RemoteSource& source, const RemoteFile& file) const;
  /// What was listed last for `source`, the text of the spec; nullopt for what is not here or
  /// cannot be read.
  std::optional<RemoteListing> listing(const std::string& source) const;
  void put_listing(const std::string& source, const RemoteListing& listing) const;
  /// Takes a file away that is not what its name says.
  void drop(const CachedFile& file) const;
  /// Fault::disk where there is no room for what is not here of `files`.
  void require_room_for(const RemoteSource& source, const std::vector<RemoteFile>& files) const;
  /// The file, fetched from `source` where it is not here. Nothing is under `sha256/` before its
  /// size and digests were found right. Fault::disk where it cannot be written.
  CachedFile download_to(RemoteSource& source, const RemoteFile& file, Progress& progress) const;

 private:
  fs::path whole(const Digest& sha256) const { return folder_ / "sha256" / sha256.hex(); }
  fs::path place_of_listing(const std::string& source) const {
    return folder_ / "listing" / Digest::of(source).hex();
  }

  fs::path folder_;
  const Stop& stop_;
};

}  // namespace mlpack
