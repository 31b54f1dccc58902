#pragma once

#include "lib/oci/image.h"
#include "lib/oci/platform.h"
#include "lib/oci/reference.h"
#include "lib/store/store.h"
#include "registry/client.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// Reads manifests and configs of one repository: from the store where they are there by digest,
/// else from the registry. Writes nothing.
class ImageReader {
 public:
  /// `reference` has a host, and a tag or a digest. Without a client only the store is read, and
  /// what it lacks is Fault::input with a hint; without a store only the registry is.
  ImageReader(Client* client, const Store* store, Reference reference);

  /// What the reference leads to: a manifest or an index.
  FoundManifest root();
  FoundManifest manifest(const Digest& digest);
  /// The image of `manifest`, with its config.
  Image image(const FoundManifest& manifest, Artifacts artifacts = Artifacts::refused);
  /// The manifest for `platform` where `root` is an index, else `root` itself.
  FoundManifest select(const FoundManifest& root, const Platform& platform);
  /// All images of `root`, artifacts beside them included, or the artifact that it is; the image
  /// for `platform` alone where that is given.
  std::vector<Image> images(const FoundManifest& root, const std::optional<Platform>& platform);

 private:
  FoundManifest fetch(const std::string& at);
  FoundManifest entry(const Descriptor& descriptor);
  std::string config_bytes(const Descriptor& config);
  std::optional<std::string> stored(const Digest& digest, std::uint64_t limit) const;
  Client& online(const std::string& what) const;
  std::string named(const FoundManifest& manifest) const;

  Client* client_;
  const Store* store_;
  Repository repository_;
  std::string name_;
};

/// What a tag of a base led to when it was last looked at; kept for `--offline`.
std::optional<Digest> remembered_base(const Store& store, const Reference& reference);
void remember_base(Store& store, const Reference& reference, const Digest& digest);

/// The media type that the text of a manifest or index gives itself, or shows by its form.
std::string sniff_manifest_type(const std::string& bytes);

}  // namespace mlpack
