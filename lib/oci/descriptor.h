#pragma once

#include "lib/digest.h"
#include "lib/oci/platform.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

using Annotations = std::map<std::string, std::string>;

/// OCI image-spec 1.1, descriptor.md.
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  Annotations annotations;
  std::optional<Platform> platform;  // in an index only
  std::string artifact_type = {};    // in a list of referrers
  bool operator==(const Descriptor&) const = default;
};

namespace media_type {
inline constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view oci_layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view oci_layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view oci_layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view oci_empty = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view in_toto = "application/vnd.in-toto+json";
inline constexpr std::string_view docker_list =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_manifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view docker_layer_gzip =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";
}  // namespace media_type

enum class Compression { none, gzip, zstd };

/// How the layer media type `media_type` (OCI or Docker, nondistributable ones too) is compressed;
/// nullopt where it is no layer's.
std::optional<Compression> layer_compression(std::string_view media_type);
std::string_view layer_media_type(Compression compression);
bool is_index(std::string_view media_type);
bool is_manifest(std::string_view media_type);

}  // namespace mlpack
