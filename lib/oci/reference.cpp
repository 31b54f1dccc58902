#include "lib/oci/reference.h"

#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/oci/reference_grammar.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

constexpr std::string_view docker_hub = "docker.io";

struct Transport {
  std::string_view prefix;
  ArchiveLocation::Kind kind;
};

constexpr std::array transports{
    Transport{"oci:", ArchiveLocation::Kind::oci_layout},
    Transport{"oci-archive:", ArchiveLocation::Kind::oci_archive},
    Transport{"docker-archive:", ArchiveLocation::Kind::docker_archive},
};

// Transports of other tools that people try. `dir:` and such could be names with a tag, so they
// count only where a path follows.
constexpr std::array<std::string_view, 4> foreign_transports{
    "docker-daemon:", "containers-storage:", "docker://", "dir:/"};

constexpr std::string_view transport_hint =
    "write `name[:tag][@digest]`, `oci:DIR[:TAG]`, `oci-archive:FILE` or `docker-archive:FILE`";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

const Transport* find_transport(std::string_view text) {
  const auto* const found =
      std::find_if(transports.begin(), transports.end(), [&](const Transport& t) {
        return starts_with(text, t.prefix);
      });
  return found == transports.end() ? nullptr : found;
}

// What skopeo accepts as the name of an image in a layout (image-spec, annotations.md, ref.name).
bool is_layout_tag(std::string_view tag) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:@/+";
  return tag.size() <= 255 && tag.find_first_not_of(letters) == std::string_view::npos;
}

ArchiveLocation parse_archive(const Transport& transport, std::string_view text) {
  const std::string_view rest = text.substr(transport.prefix.size());
  const std::size_t colon = std::min(rest.find(':'), rest.size());
  std::string_view path = rest.substr(0, colon);
  // By its other names too, so that results do not follow the archive.
  if (path == "/dev/stdout" || path == "/dev/fd/1" || path == "/proc/self/fd/1") path = "-";
  const std::string_view tag = rest.substr(std::min(colon + 1, rest.size()));
  const bool is_layout = transport.kind == ArchiveLocation::Kind::oci_layout;
  if (path.empty()) {
    fail(Fault::usage,
         "{} names no {} after `{}`",
         in_backticks(text),
         is_layout ? "folder" : "file",
         transport.prefix);
  }
  if (is_layout && path == "-")
    fail(Fault::usage, "{}: a folder cannot be stdout", in_backticks(text));
  if (colon < rest.size() && tag.empty()) {
    fail(Fault::usage, "{} has nothing after its last colon", in_backticks(text));
  }
  if (transport.kind == ArchiveLocation::Kind::docker_archive && !tag.empty()) {
    parse_reference(tag);
  } else if (!is_layout_tag(tag)) {
    fail(Fault::usage, "{} is not a tag of an image layout", in_backticks(tag));
  }
  return {transport.kind, fs::path(path), std::string(tag)};
}

std::string hint_for(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower != text && Reference::parse(lower)) return "write `" + lower + "`";
  return {};
}

// `user:password@host`: nothing of it may be shown.
bool holds_password(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::string_view rest = text.substr(std::min(at + 1, text.size()));
  const bool is_digest = rest.starts_with("sha") && rest.find_first_of("./") == rest.npos;
  return at != std::string_view::npos && text.substr(0, at).find(':') != std::string_view::npos &&
         !is_digest;
}

}  // namespace

std::optional<Reference> Reference::parse(std::string_view text) {
  const ReferenceParts parts = split_reference(text);
  if (problem_of(parts)) return std::nullopt;
  Reference reference;
  reference.host_ = to_lower(parts.host);
  reference.repository_ = parts.path;
  if (parts.tag) reference.tag_ = std::string(*parts.tag);
  if (parts.digest) reference.digest_ = Digest::parse(*parts.digest);
  return reference;
}

Reference Reference::with_default_host() const {
  Reference reference = *this;
  if (is_local() || host_ == "index.docker.io") reference.host_ = docker_hub;
  const bool is_official = repository_.find('/') == std::string::npos;
  if (reference.host_ == docker_hub && is_official)
    reference.repository_ = "library/" + repository_;
  return reference;
}

Reference Reference::with_default_tag() const {
  Reference reference = *this;
  if (!tag_ && !digest_) reference.tag_ = "latest";
  return reference;
}

Reference Reference::with_tag(std::string_view tag) const {
  if (!is_tag(tag)) {
    throw Error(Fault::usage,
                in_backticks(tag) + " is not a tag",
                "a tag is a letter, digit or `_`, then up to 127 more of these, `.` and `-`");
  }
  Reference reference = *this;
  reference.tag_ = std::string(tag);
  return reference;
}

Reference Reference::with_digest(const Digest& digest) const {
  Reference reference = *this;
  reference.digest_ = digest;
  return reference;
}

std::string Reference::name() const {
  return is_local() ? repository_ : host_ + "/" + repository_;
}

std::string Reference::text() const {
  return name() + (tag_ ? ":" + *tag_ : "") + (digest_ ? "@" + digest_->text() : "");
}

ImageLocation parse_image_location(std::string_view text) {
  if (const Transport* transport = find_transport(text)) return parse_archive(*transport, text);
  for (const std::string_view prefix : foreign_transports) {
    if (starts_with(text, prefix)) {
      throw Error(Fault::usage,
                  fmt::format("{} begins with `{}`, a transport that mlpack does not have",
                              in_backticks(text),
                              prefix),
                  std::string(transport_hint));
    }
  }
  return parse_reference(text);
}

ArchiveLocation parse_archive_location(std::string_view text) {
  if (const Transport* transport = find_transport(text)) return parse_archive(*transport, text);
  throw Error(Fault::usage,
              in_backticks(text) + " does not begin with a transport",
              "write `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`");
}

Reference parse_reference(std::string_view text) {
  if (auto reference = Reference::parse(text)) return *reference;
  if (holds_password(text)) {
    throw Error(Fault::usage,
                "an image name holds no user and no password",
                "log in with `mlpack login`, then name the image without them");
  }
  const std::optional<std::string> problem = problem_of(split_reference(text));
  throw Error(Fault::usage,
              fmt::format("{} is not an image name: {}", in_backticks(text), problem.value_or("")),
              hint_for(text));
}

}  // namespace mlpack
