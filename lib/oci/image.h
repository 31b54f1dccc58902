#pragma once

#include "lib/digest.h"
#include "lib/oci/config.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/manifest.h"
#include "lib/oci/recipe.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlpack {

/// One layer of an image. Where its bytes are is the store's to say (Store::locate).
struct Layer {
  Role role = Role::base;
  std::string name;
  Descriptor descriptor;
  Digest diff_id;
  std::string created_by;  // for the history
  bool reused = false;     // nothing was read or compressed for it in this build
};

/// An image of one platform: the bytes of its config and manifest, and what they say. Immutable.
/// From an index it may be an artifact, which is carried along with the images.
struct Image {
  std::string config_bytes;
  std::string manifest_bytes;
  std::string media_type;  // of the manifest
  ImageConfig config;
  Manifest manifest;

  Digest digest() const { return Digest::of(manifest_bytes); }
  Platform platform() const { return config.platform; }
  /// Compressed layers, config and manifest.
  std::uint64_t total_size() const;
};

/// Opens the bytes of a blob from their start, wherever they are; callable from any thread, as
/// often as needed.
using OpenBlob = std::function<std::unique_ptr<Source>(const Descriptor&)>;

/// A blob on its way whose digest nobody knows before all of it was read.
struct BlobStream {
  std::string label;  // for people
  std::uint64_t size = 0;
  OpenSource open;                           // its bytes, anew for every attempt
  std::function<void(std::uint64_t)> moved;  // told how many bytes of the attempt are out
};

/// Checks that config and manifest agree (as many diff ids as layers) and belong together;
/// Fault::integrity else. An artifact, where it is accepted, keeps its config unread.
Image make_image(std::string manifest_bytes,
                 std::string_view content_type,
                 std::string config_bytes,
                 const std::string& what,
                 Artifacts artifacts = Artifacts::refused);

/// A base as `assemble` wants it: its config, and its layers as they are.
struct BaseImage {
  ImageConfig config;
  std::vector<Descriptor> layers;
  std::string name;  // as the spec names it
  std::optional<Digest> digest;
};

/// Puts `layers` on top of `base`. `config` is the whole configuration but for diff ids and
/// history, which are made here: the base's, then one entry for each layer. The role and name of
/// each layer become annotations of its descriptor.
Image assemble(const BaseImage& base,
               const std::vector<Layer>& layers,
               ImageConfig config,
               Annotations annotations);

/// Annotations that mlpack puts on its layers.
namespace annotation {
inline constexpr std::string_view role = "dev.mlpack.layer.role";
inline constexpr std::string_view name = "dev.mlpack.layer.name";
inline constexpr std::string_view codec = "dev.mlpack.layer.codec";
}  // namespace annotation

/// The layers of an image read back with role and name from their annotations (base where there are
/// none).
std::vector<Layer> layers_of(const Image& image);

}  // namespace mlpack
