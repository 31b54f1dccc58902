#include "registry/reader.h"

#include "lib/error.h"
#include "lib/oci/read_blob.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view base_fact = "base";

}  // namespace

std::string sniff_manifest_type(const std::string& bytes) {
  const auto json = nlohmann::json::parse(bytes, nullptr, false);
  if (json.is_object() && json.contains("mediaType") && json["mediaType"].is_string()) {
    return json["mediaType"].get<std::string>();
  }
  const bool index = json.is_object() && json.contains("manifests");
  return std::string(index ? media_type::oci_index : media_type::oci_manifest);
}

std::optional<Digest> remembered_base(const Store& store, const Reference& reference) {
  return Digest::parse(store.fact(base_fact, Digest::of(reference.text())).value_or(""));
}

void remember_base(Store& store, const Reference& reference, const Digest& digest) {
  store.put_fact(base_fact, Digest::of(reference.text()), digest.text());
}

ImageReader::ImageReader(Client* client, const Store* store, Reference reference)
    : client_(client),
      store_(store),
      repository_{std::move(reference), Access::pull},
      name_(repository_.name.text()) {}

Client& ImageReader::online(const std::string& what) const {
  if (client_ == nullptr) {
    throw Error(Fault::input,
                fmt::format("the store does not have {} of `{}`", what, name_),
                "run `mlpack fetch` while the registry can be reached");
  }
  return *client_;
}

std::optional<std::string> ImageReader::stored(const Digest& digest, std::uint64_t limit) const {
  return store_ != nullptr ? store_->read_blob(digest, limit) : std::nullopt;
}

// With a store the tag is looked up by HEAD, which registries do not count as a pull; what it leads
// to is often here.
FoundManifest ImageReader::root() {
  const Reference& reference = repository_.name;
  if (const std::optional<Digest>& digest = reference.digest()) {
    return manifest(*digest);
  }
  const std::string tag = reference.tag().value_or("latest");
  if (client_ == nullptr) {
    const std::optional<Digest> known = remembered_base(*store_, reference);
    return known ? manifest(*known) : fetch(tag);
  }
  const std::optional<Descriptor> head =
      store_ != nullptr ? client_->head_manifest(repository_, tag) : std::nullopt;
  return head ? manifest(head->digest) : fetch(tag);
}

FoundManifest ImageReader::manifest(const Digest& digest) {
  std::optional<std::string> bytes = stored(digest, max_manifest_bytes);
  if (!bytes) {
    return fetch(digest.text());
  }
  std::string type = sniff_manifest_type(*bytes);
  return {std::move(*bytes), std::move(type), digest};
}

FoundManifest ImageReader::fetch(const std::string& at) {
  std::optional<FoundManifest> found = online("the manifest").get_manifest(repository_, at);
  if (!found) {
    throw Error(Fault::refused,
                fmt::format("`{}` does not exist in its registry", name_),
                "check the name and the tag");
  }
  return std::move(*found);
}

std::string ImageReader::config_bytes(const Descriptor& config) {
  if (auto bytes = stored(config.digest, max_config_bytes)) {
    return std::move(*bytes);
  }
  Client& client = online("the config");
  return past_bad_copies([&] {
    StringSink sink(max_config_bytes);
    if (!client.get_blob(repository_, config, sink)) {
      fail(Fault::refused,
           "the registry has the manifest of `{}` but not its config `{}`",
           name_,
           config.digest.text());
    }
    return std::move(sink.text);
  });
}

// The name may lead to something else tomorrow, so messages about what it led to say the digest.
std::string ImageReader::named(const FoundManifest& manifest) const {
  return repository_.name.with_digest(manifest.digest).text();
}

Image ImageReader::image(const FoundManifest& manifest, Artifacts artifacts) {
  const std::string what = named(manifest);
  const Manifest parsed = parse_manifest(manifest.bytes, manifest.media_type, what, artifacts);
  return make_image(
      manifest.bytes, manifest.media_type, config_bytes(parsed.config), what, artifacts);
}

FoundManifest ImageReader::select(const FoundManifest& root, const Platform& platform) {
  if (!is_index(root.media_type)) {
    return root;
  }
  const Index index = parse_index(root.bytes, root.media_type, named(root));
  return entry(select_platform(index, platform, name_));
}

FoundManifest ImageReader::entry(const Descriptor& descriptor) {
  FoundManifest found = manifest(descriptor.digest);
  if (found.bytes.size() == descriptor.size) return found;
  fail(Fault::integrity,
       "the index of `{}` says that the manifest `{}` has {} bytes, and it has {}",
       name_,
       descriptor.digest.text(),
       descriptor.size,
       found.bytes.size());
}

std::vector<Image> ImageReader::images(const FoundManifest& root,
                                       const std::optional<Platform>& platform) {
  std::vector<Image> images;
  if (platform || !is_index(root.media_type)) {
    // With a platform an image is meant.
    images.push_back(platform ? image(select(root, *platform)) : image(root, Artifacts::accepted));
    return images;
  }
  for (const Descriptor& one : parse_index(root.bytes, root.media_type, named(root)).manifests) {
    images.push_back(image(entry(one), Artifacts::accepted));
  }
  if (images.empty()) fail(Fault::refused, "`{}` is an index of no images", name_);
  return images;
}

}  // namespace mlpack
