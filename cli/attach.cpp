#include "cli/attach.h"

#include "cli/check.h"
#include "cli/referrers.h"
#include "lib/oci/read_blob.h"
#include "lib/oci/referrers.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view compatibility_word = "image-compatibility";
constexpr std::string_view created_key = "org.opencontainers.image.created";
constexpr std::string_view title_key = "org.opencontainers.image.title";

Descriptor descriptor_of_image(const Image& image) {
  return {image.media_type, image.digest(), image.manifest_bytes.size(), {}, {}};
}

std::string created_at(const Image& artifact) {
  const auto found = artifact.manifest.annotations.find(std::string(created_key));
  return found == artifact.manifest.annotations.end() ? std::string() : found->second;
}

std::string read_document(const Image& artifact, const OpenBlob& open) {
  const auto& layers = artifact.manifest.layers;
  const std::string what = "the compatibility artifact `" + artifact.digest().text() + "`";
  if (layers.empty()) fail(Fault::input, "{} holds nothing", what);
  if (layers.front().size > compatibility::max_bytes) {
    fail(Fault::input, "{} is larger than {}", what, human_size(compatibility::max_bytes));
  }
  std::string text;
  read_blob(open, layers.front(), [&](std::unique_ptr<Source> bytes) {
    StringSink document(compatibility::max_bytes);
    copy(*bytes, document);
    text = std::move(document.text);
  });
  return text;
}

// Times that are written alike are compared as texts; without one it is older than all others.
const Image* newest_artifact(const std::vector<Image>& artifacts, const Digest& subject) {
  const Image* best = nullptr;
  for (const Image& artifact : artifacts) {
    const bool is_about = artifact.manifest.subject && artifact.manifest.subject->digest == subject;
    if (!is_about) continue;
    if (best == nullptr || created_at(artifact) >= created_at(*best)) best = &artifact;
  }
  return best;
}

std::optional<NodeRules> read_rules(const NamedImage& found, const Image& image, Session& session) {
  const auto artifacts = find_referrers(found, std::string(compatibility::artifact_type), session);
  const Image* artifact = newest_artifact(artifacts, image.digest());
  if (artifact == nullptr && found.set.index)
    artifact = newest_artifact(artifacts, found.set.index->digest);
  if (artifact == nullptr) return std::nullopt;
  return parse_node_rules(read_document(*artifact, found.open),
                          "the compatibility artifact `" + artifact->digest().text() + "`");
}

}  // namespace

std::vector<AttachKind> attach_kinds(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == compatibility_word) continue;
    throw Error(Fault::usage,
                fmt::format("`--attach` knows no `{}`", printable(word)),
                fmt::format("it knows {}", compatibility_word));
  }
  return words.empty() ? std::vector<AttachKind>() : std::vector{AttachKind::image_compatibility};
}

Image compatibility_artifact(const std::string& document, const Image& image) {
  const std::string config = "{}";
  Manifest manifest{std::string(media_type::oci_manifest),
                    {std::string(media_type::oci_empty), Digest::of(config), config.size(), {}, {}},
                    {{std::string(compatibility::document_type),
                      Digest::of(document),
                      document.size(),
                      {{std::string(title_key), "image-compatibility.yaml"}},
                      {}}},
                    {}};
  manifest.artifact_type = compatibility::artifact_type;
  manifest.subject = descriptor_of_image(image);
  if (!image.config.created.empty()) {
    manifest.annotations[std::string(created_key)] = image.config.created;
  }
  return make_image(write_manifest(manifest),
                    media_type::oci_manifest,
                    config,
                    "the compatibility artifact",
                    Artifacts::accepted);
}

void attach_artifacts(BuiltSpec& built,
                      const Wish& wish,
                      const BuildOptions& options,
                      Session& session) {
  if (attach_kinds(options.attach).empty()) return;
  const std::vector<CheckMachine> fleet = check_fleet(wish.spec, wish.catalog);
  for (const BuiltImage& image : built.images) {
    const NodeRules rules = rules_of_image(fleet, image.x86_level);
    if (rules.sets.empty()) {
      session.terminal().warn(
          fmt::format("--attach {}: nothing is known that a node must have for `{}`, so nothing is "
                      "attached; name the machines in `fleet`",
                      compatibility_word,
                      printable(built.names.front().text())));
      continue;
    }
    const std::string document = write_node_rules(rules);
    session.store.put_blob(document);
    const Image artifact = compatibility_artifact(document, image.image);
    for (const Reference& name : built.names)
      keep_referrer(session.store, name, artifact);
    built.attached.push_back(artifact);
  }
}

std::optional<NodeRules> compatibility_of(const NamedImage& found,
                                          const Image& image,
                                          Session& session) {
  try {
    return read_rules(found, image, session);
  } catch (const Error& error) {
    if (error.fault() == Fault::internal) throw;
    session.world.stop.check();
    session.terminal().warn(fmt::format("the compatibility artifact of `{}` was not looked at: {}",
                                        printable(found.name),
                                        error.what()));
    return std::nullopt;
  }
}

}  // namespace mlpack
