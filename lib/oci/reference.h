#pragma once

#include "lib/digest.h"
#include "lib/file.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace mlpack {

/// An image's name: `[host[:port]/]path[:tag][@sha256:…]` (distribution-spec 1.1 grammar; the first
/// part is a host where it holds a dot or a colon or is `localhost`). Parsing is the only way in,
/// so every part is safe in URLs and paths.
class Reference {
 public:
  static std::optional<Reference> parse(std::string_view text);

  /// Empty where the name has no host: such a name is local to the store.
  const std::string& host() const { return host_; }
  const std::string& repository() const { return repository_; }
  const std::optional<std::string>& tag() const { return tag_; }
  const std::optional<Digest>& digest() const { return digest_; }

  bool is_local() const { return host_.empty(); }
  /// Without a host, the name that docker means: `python:3` is `docker.io/library/python:3`.
  Reference with_default_host() const;
  /// With tag `latest` where it has neither tag nor digest.
  Reference with_default_tag() const;
  /// Throws Fault::usage where `tag` is not one ([\w][\w.-]{0,127}).
  Reference with_tag(std::string_view tag) const;
  Reference with_digest(const Digest& digest) const;
  /// `host/repository` alone.
  std::string name() const;
  /// Everything that is set.
  std::string text() const;
  bool operator==(const Reference&) const = default;

 private:
  Reference() = default;
  std::string host_;
  std::string repository_;
  std::optional<std::string> tag_;
  std::optional<Digest> digest_;
};

/// `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`, as skopeo names them;
/// `-` as FILE is stdout, and `/dev/stdout` is read as it.
struct ArchiveLocation {
  enum class Kind { oci_layout, oci_archive, docker_archive };
  Kind kind;
  fs::path path;
  std::string tag;  // empty: the only image, or `latest` when written
  bool is_layout() const { return kind == Kind::oci_layout; }
};

/// What IMAGE on the command line stands for.
using ImageLocation = std::variant<Reference, ArchiveLocation>;

/// Throws Fault::usage with what is wrong: upper case in a name, a bad tag, an unknown transport.
ImageLocation parse_image_location(std::string_view text);
/// As parse_image_location, for -o and `base: oci:…`: transports only.
ArchiveLocation parse_archive_location(std::string_view text);
/// A Reference or Fault::usage.
Reference parse_reference(std::string_view text);

}  // namespace mlpack
