#pragma once

#include "lib/oci/descriptor.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

inline constexpr std::uint64_t max_manifest_bytes = std::uint64_t{4} << 20;
inline constexpr std::uint64_t max_config_bytes = std::uint64_t{8} << 20;

/// An image manifest, OCI or Docker schema 2.
struct Manifest {
  std::string media_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  Annotations annotations;
  std::string artifact_type = {};
  std::optional<Descriptor> subject = {};  // the manifest that it is about

  /// Nothing that runs, but something about an image beside it in an index: BuildKit's attestations
  /// (in-toto statements for `unknown/unknown`), and whatever has no image's config.
  bool is_artifact() const;
};

enum class Artifacts { refused, accepted };

/// An image index or Docker manifest list; nested indexes are refused.
struct Index {
  std::string media_type;
  std::vector<Descriptor> manifests;
  Annotations annotations;
};

/// Parses a manifest that came under `content_type` (empty: not known). Refused as Fault::integrity
/// with the rule named: a mediaType other than the content type, both `layers` and `manifests`,
/// schema 1, a negative or huge size, an unknown digest algorithm, a config or layer of a foreign
/// type (unless they make it an artifact, and those are accepted), more than 4 MiB.
Manifest parse_manifest(std::string_view text,
                        std::string_view content_type,
                        const std::string& what,
                        Artifacts artifacts = Artifacts::refused);
/// As parse_manifest; also refuses two manifests for one platform.
Index parse_index(std::string_view text, std::string_view content_type, const std::string& what);
/// The index.json of an image layout (image-layout.md): as parse_index, but entries may be indexes
/// and platforms may repeat, and the size is the caller's to cap. `what` is the subject of messages
/// as it stands; `hint` goes with them.
Index parse_layout_index(std::string_view text,
                         const std::string& what,
                         const std::string& hint = {});

/// The entry of `index` for `platform` (an entry without variant serves every variant);
/// Fault::incompatible listing what there is. Attestation manifests (`unknown/unknown`) do not
/// count.
const Descriptor& select_platform(const Index& index,
                                  const Platform& platform,
                                  const std::string& what);

/// Compact JSON in the order of the OCI structs. Equal values give equal bytes.
std::string write_manifest(const Manifest& manifest);
std::string write_index(const Index& index);

}  // namespace mlpack
