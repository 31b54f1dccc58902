#include "lib/oci/descriptor.h"

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

struct LayerType {
  std::string_view name;
  Compression compression;
};

constexpr std::array layer_types{
    LayerType{media_type::oci_layer, Compression::none},
    LayerType{media_type::oci_layer_gzip, Compression::gzip},
    LayerType{media_type::oci_layer_zstd, Compression::zstd},
    LayerType{media_type::docker_layer, Compression::none},
    LayerType{media_type::docker_layer_gzip, Compression::gzip},
    // Not in Docker's own list; BuildKit writes it and containerd reads it.
    LayerType{"application/vnd.docker.image.rootfs.diff.tar.zstd", Compression::zstd},
    LayerType{"application/vnd.oci.image.layer.nondistributable.v1.tar", Compression::none},
    LayerType{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", Compression::gzip},
    LayerType{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", Compression::zstd},
    LayerType{"application/vnd.docker.image.rootfs.foreign.diff.tar", Compression::none},
    LayerType{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Compression::gzip},
};

}  // namespace

std::optional<Compression> layer_compression(std::string_view media_type) {
  const auto* const found = std::find_if(layer_types.begin(),
                                         layer_types.end(),
                                         [&](const LayerType& t) { return t.name == media_type; });
  if (found == layer_types.end()) return std::nullopt;
  return found->compression;
}

std::string_view layer_media_type(Compression compression) {
  switch (compression) {
    case Compression::none:
      return media_type::oci_layer;
    case Compression::gzip:
      return media_type::oci_layer_gzip;
    case Compression::zstd:
      break;
  }
  return media_type::oci_layer_zstd;
}

bool is_index(std::string_view media_type) {
  return media_type == media_type::oci_index || media_type == media_type::docker_list;
}

bool is_manifest(std::string_view media_type) {
  return media_type == media_type::oci_manifest || media_type == media_type::docker_manifest;
}

}  // namespace mlpack
