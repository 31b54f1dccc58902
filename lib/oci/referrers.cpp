#include "lib/oci/referrers.h"

#include "lib/error.h"
#include "lib/oci/descriptor_json.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

using ReferrersJson = nlohmann::ordered_json;

constexpr std::string_view tag_prefix = "sha256-";
constexpr std::string_view list_key = "manifests";

Document list_document(const std::string& what) {
  return {what,
          Fault::refused,
          "something else has the name of the list; look at it, and remove it where it may go"};
}

// Go writes null for a list without entries.
std::vector<JsonNode> entries_of(const JsonNode& root) {
  const std::string type = root.text_or_empty("mediaType");
  if (!type.empty() && type != media_type::oci_index) {
    root.refuse(fmt::format("is of type {}, not a list of referrers", in_backticks(type)));
  }
  if (root.find("layers") || root.find("config")) root.refuse("is no list of referrers");
  const auto list = root.find(list_key);
  return list ? list->items() : std::vector<JsonNode>();
}

ReferrersJson empty_list() {
  return {{"schemaVersion", 2},
          {"mediaType", media_type::oci_index},
          {std::string(list_key), ReferrersJson::array()}};
}

}  // namespace

std::string referrers_tag(const Digest& subject) {
  return std::string(tag_prefix) + subject.hex();
}

std::optional<Digest> subject_of_tag(std::string_view tag) {
  if (!tag.starts_with(tag_prefix)) return std::nullopt;
  return Digest::from_hex(tag.substr(tag_prefix.size()));
}

Descriptor referrer_of(const Image& artifact) {
  const Manifest& manifest = artifact.manifest;
  Descriptor entry{artifact.media_type,
                   artifact.digest(),
                   artifact.manifest_bytes.size(),
                   manifest.annotations,
                   {}};
  entry.artifact_type =
      manifest.artifact_type.empty() ? manifest.config.media_type : manifest.artifact_type;
  return entry;
}

std::vector<Descriptor> parse_referrers(std::string_view text, const std::string& what) {
  const Document document = list_document(what);
  const ReferrersJson json = parse_document(text, document);
  const JsonNode root(json, document);
  std::vector<Descriptor> entries;
  for (const JsonNode& entry : entries_of(root))
    entries.push_back(read_descriptor(entry, max_manifest_bytes));
  return entries;
}

std::optional<std::string> with_referrer(const std::string& text,
                                         const Descriptor& entry,
                                         const std::string& what) {
  const Document document = list_document(what);
  ReferrersJson json = text.empty() ? empty_list() : parse_document(text, document);
  {
    const JsonNode root(json, document);
    const auto entries = entries_of(root);
    const bool is_there = std::any_of(entries.begin(), entries.end(), [&](const JsonNode& one) {
      return one.text_or_empty("digest") == entry.digest.text();
    });
    if (is_there) return std::nullopt;
  }
  ReferrersJson& list = json[std::string(list_key)];
  if (!list.is_array()) list = ReferrersJson::array();
  list.push_back(descriptor_json(entry));
  std::string longer = dump_json(json, what);
  if (longer.size() > max_manifest_bytes) {
    fail(Fault::refused,
         "{} would be larger than {}, which registries refuse",
         what,
         human_size(max_manifest_bytes));
  }
  return longer;
}

}  // namespace mlpack
