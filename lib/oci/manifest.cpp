#include "lib/oci/manifest.h"

#include "lib/error.h"
#include "lib/oci/descriptor_json.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

enum class Shape { manifest, index };

constexpr std::string_view schema1_prefix = "application/vnd.docker.distribution.manifest.v1+";
constexpr std::string_view no_schema1 =
    "is schema 1, a format that registries gave up; push the image again with a current tool";

[[noreturn]] void refuse(const Document& document, std::string_view rule) {
  throw Error(document.fault, fmt::format("{} {}", document.what, rule), document.hint);
}

// `a/b; charset=utf-8` is `a/b`.
std::string without_parameters(std::string_view content_type) {
  return to_lower(trim(content_type.substr(0, content_type.find(';'))));
}

bool has_shape(std::string_view media_type, Shape shape) {
  return shape == Shape::manifest ? is_manifest(media_type) : is_index(media_type);
}

void check_type(std::string_view type, Shape shape, const Document& document) {
  if (type.substr(0, schema1_prefix.size()) == schema1_prefix) refuse(document, no_schema1);
  if (has_shape(type, shape)) return;
  const bool is_other = is_manifest(type) || is_index(type);
  const std::string_view wanted = shape == Shape::manifest ? "a manifest" : "an index";
  const std::string_view other = shape == Shape::manifest ? "an index" : "a manifest";
  if (is_other) refuse(document, fmt::format("is {}, not {}", other, wanted));
  refuse(document, fmt::format("is of type {}, not {} of an image", in_backticks(type), wanted));
}

constexpr std::array<std::string_view, 6> manifest_keys{
    "schemaVersion", "mediaType", "config", "layers", "manifests", "fsLayers"};

void check_fields(const JsonNode& root, Shape shape) {
  root.check_spelling(manifest_keys);
  const bool layers = root.find("layers").has_value();
  const bool manifests = root.find("manifests").has_value();
  // An image to one reader and an index to another (CVE-2021-41190).
  if (layers && manifests) root.refuse("has both `layers` and `manifests`");
  if (root.find("fsLayers")) root.refuse(no_schema1);
  if (const auto version = root.find("schemaVersion")) {
    const std::uint64_t number = version->number(100);
    if (number == 1) root.refuse(no_schema1);
    if (number != 2) version->refuse("is not 2");
  }
  if (shape == Shape::manifest && manifests) root.refuse("is an index, not a manifest");
  if (shape == Shape::index && layers) root.refuse("is a manifest, not an index");
  if (shape == Shape::index && root.find("config")) {
    root.refuse("has both `manifests` and `config`");
  }
}

// The media type, from the document, else from the wire, else what OCI calls such a document.
std::string type_of(const JsonNode& root, const std::string& content_type, Shape shape) {
  const auto own = root.find("mediaType");
  if (own && !content_type.empty() && own->text() != content_type) {
    own->refuse(fmt::format(
        "is {} but it came as {}", in_backticks(own->text()), in_backticks(content_type)));
  }
  if (own) return own->text();
  if (!content_type.empty()) return content_type;
  return std::string(shape == Shape::manifest ? media_type::oci_manifest : media_type::oci_index);
}

Json parse_capped(std::string_view text, const Document& document) {
  if (text.size() > max_manifest_bytes) {
    refuse(document, fmt::format("is larger than {}", human_size(max_manifest_bytes)));
  }
  return parse_document(text, document);
}

// All that manifests and indexes have in common; returns the media type.
std::string check_head(const JsonNode& root,
                       std::string_view content_type,
                       Shape shape,
                       const Document& document) {
  const std::string type = without_parameters(content_type);
  if (!type.empty()) check_type(type, shape, document);
  check_fields(root, shape);
  std::string media_type = type_of(root, type, shape);
  check_type(media_type, shape, document);
  return media_type;
}

Annotations read_annotations(const JsonNode& root) {
  const auto annotations = root.find("annotations");
  return annotations ? annotations->text_map() : Annotations();
}

bool is_image_config(const Descriptor& config) {
  return config.media_type == media_type::oci_config ||
         config.media_type == media_type::docker_config;
}

bool is_statement(const Descriptor& layer) {
  return layer.media_type == media_type::in_toto;
}

bool is_nondistributable(std::string_view media_type) {
  return media_type.find(".nondistributable.") != std::string_view::npos ||
         media_type.find(".foreign.") != std::string_view::npos;
}

void check_layer(const JsonNode& node, const Descriptor& layer) {
  if (!layer_compression(layer.media_type)) {
    node.refuse(
        fmt::format("is of type {}, not a layer of an image", in_backticks(layer.media_type)));
  }
  // Its bytes would have to come from a URL that the manifest's author chose.
  if (is_nondistributable(layer.media_type)) {
    node.refuse(
        fmt::format("is of type {}: its bytes may not be in a registry, and `urls` of "
                    "layers are not fetched",
                    in_backticks(layer.media_type)));
  }
}

void check_image(const JsonNode& root, const Manifest& manifest) {
  if (!is_image_config(manifest.config)) {
    root.at("config").refuse(
        fmt::format("is of type {}: this is an artifact, not an image that can run",
                    in_backticks(manifest.config.media_type)));
  }
  const std::vector<JsonNode> layers = root.at("layers").items();
  for (std::size_t i = 0; i < layers.size(); ++i)
    check_layer(layers[i], manifest.layers[i]);
}

Descriptor read_entry(const JsonNode& node) {
  Descriptor entry = read_descriptor(node, max_manifest_bytes);
  if (is_index(entry.media_type)) node.refuse("is an index within an index");
  return entry;
}

bool counts(const Descriptor& entry) {
  return is_manifest(entry.media_type) && !(entry.platform && entry.platform->os == "unknown");
}

// Only linux: windows images of one architecture differ in os.version, which is not ours to judge.
void check_platforms(const JsonNode& root, const std::vector<Descriptor>& entries) {
  std::set<Platform> seen;
  for (const Descriptor& entry : entries) {
    if (!counts(entry) || !entry.platform || entry.platform->os != "linux") continue;
    if (!seen.insert(*entry.platform).second) {
      root.refuse(fmt::format("has two manifests for the platform {}",
                              in_backticks(entry.platform->text())));
    }
  }
}

std::string offered(const Index& index) {
  std::vector<std::string> names;
  for (const Descriptor& entry : index.manifests) {
    if (counts(entry)) {
      names.push_back(entry.platform ? in_backticks(entry.platform->text())
                                     : "one of unknown platform");
    }
  }
  return names.empty() ? "nothing" : join(names, ", ");
}

const Descriptor* find_entry(const Index& index, const Platform& platform) {
  for (const Descriptor& entry : index.manifests) {
    if (counts(entry) && entry.platform == platform) return &entry;
  }
  return nullptr;
}

// Where an index has one image and does not say what for, it is the one.
const Descriptor* only_entry(const Index& index) {
  const Descriptor* only = nullptr;
  for (const Descriptor& entry : index.manifests) {
    if (!counts(entry)) continue;
    if (only != nullptr) return nullptr;
    only = &entry;
  }
  return only != nullptr && !only->platform ? only : nullptr;
}

template <class Value>
Json head_json(const Value& value) {
  return {{"schemaVersion", 2}, {"mediaType", value.media_type}};
}

Json list_json(const std::vector<Descriptor>& descriptors) {
  Json list = Json::array();
  for (const Descriptor& descriptor : descriptors)
    list.push_back(descriptor_json(descriptor));
  return list;
}

}  // namespace

bool Manifest::is_artifact() const {
  const bool has_statements =
      !layers.empty() && std::all_of(layers.begin(), layers.end(), is_statement);
  return has_statements || !is_image_config(config);
}

Manifest parse_manifest(std::string_view text,
                        std::string_view content_type,
                        const std::string& what,
                        Artifacts artifacts) {
  const Document document{"manifest of `" + what + "`", Fault::integrity, {}};
  const Json json = parse_capped(text, document);
  const JsonNode root(json, document);
  std::string media_type = check_head(root, content_type, Shape::manifest, document);
  Manifest manifest{std::move(media_type),
                    read_descriptor(root.at("config"), max_config_bytes),
                    {},
                    read_annotations(root),
                    root.text_or_empty("artifactType")};
  if (const auto subject = root.find("subject")) {
    manifest.subject = read_descriptor(*subject, max_manifest_bytes);
  }
  for (const JsonNode& layer : root.at("layers").items()) {
    manifest.layers.push_back(read_descriptor(layer));
  }
  const bool accepted = artifacts == Artifacts::accepted && manifest.is_artifact();
  if (!accepted) check_image(root, manifest);
  return manifest;
}

Index parse_index(std::string_view text, std::string_view content_type, const std::string& what) {
  const Document document{"index of `" + what + "`", Fault::integrity, {}};
  const Json json = parse_capped(text, document);
  const JsonNode root(json, document);
  Index index{check_head(root, content_type, Shape::index, document), {}, read_annotations(root)};
  for (const JsonNode& entry : root.at("manifests").items()) {
    index.manifests.push_back(read_entry(entry));
  }
  check_platforms(root, index.manifests);
  return index;
}

Index parse_layout_index(std::string_view text, const std::string& what, const std::string& hint) {
  const Document document{what, Fault::integrity, hint};
  const Json json = parse_document(text, document);
  const JsonNode root(json, document);
  Index index{check_head(root, {}, Shape::index, document), {}, read_annotations(root)};
  for (const JsonNode& entry : root.at("manifests").items()) {
    index.manifests.push_back(read_descriptor(entry));
  }
  return index;
}

const Descriptor& select_platform(const Index& index,
                                  const Platform& platform,
                                  const std::string& what) {
  if (const Descriptor* exact = find_entry(index, platform)) return *exact;
  const Platform any_variant{platform.os, platform.architecture, {}};
  if (const Descriptor* entry = find_entry(index, any_variant)) return *entry;
  if (const Descriptor* entry = only_entry(index)) return *entry;
  fail(Fault::incompatible,
       "`{}` has no image for `{}`; it has {}",
       what,
       platform.text(),
       offered(index));
}

std::string write_manifest(const Manifest& manifest) {
  Json json = head_json(manifest);
  if (!manifest.artifact_type.empty()) json["artifactType"] = manifest.artifact_type;
  json["config"] = descriptor_json(manifest.config);
  json["layers"] = list_json(manifest.layers);
  if (manifest.subject) json["subject"] = descriptor_json(*manifest.subject);
  if (!manifest.annotations.empty()) json["annotations"] = manifest.annotations;
  return dump_json(json, "a manifest");
}

std::string write_index(const Index& index) {
  Json json = head_json(index);
  json["manifests"] = list_json(index.manifests);
  if (!index.annotations.empty()) json["annotations"] = index.annotations;
  return dump_json(json, "an index");
}

}  // namespace mlpack
