#include "cli/images.h"

#include "lib/text.h"
#include "registry/pull.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

std::optional<NamedImage> find_stored(const Reference& name, Session& session) {
  const auto descriptor = session.store.find(name);
  if (!descriptor) return std::nullopt;
  NamedImage found{name.with_default_tag().text(), {}, session.open_anywhere()};
  const auto index = session.store.load_index(*descriptor);
  if (!index) {
    found.set.images.push_back(session.store.load_image(*descriptor));
    return found;
  }
  found.set.index = descriptor;
  found.set.index_bytes =
      session.store.read_blob(descriptor->digest, max_manifest_bytes).value_or("");
  for (const Descriptor& manifest : index->manifests) {
    found.set.images.push_back(session.store.load_image(manifest));
  }
  return found;
}

NamedImage find_archived(const ArchiveLocation& location, const std::string& text) {
  LoadedArchive archive = load_archive(location);
  NamedImage found{text, std::move(archive.images), std::move(archive.open)};
  found.place = NamedImage::Place::archive;
  if (location.is_layout()) found.layout = location.path;
  found.archived_as = std::move(archive.name);
  return found;
}

[[noreturn]] void refuse_missing(const Reference& name, const Store& store) {
  std::vector<std::string> names;
  for (const StoredImage& image : store.images())
    names.push_back(image.name);
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string text = name.with_default_tag().text();
  const auto near = did_you_mean(text, candidates);
  throw Error(
      Fault::input,
      fmt::format("there is no image `{}` in the store", text),
      near ? fmt::format("did you mean `{}`?", *near) : "`mlpack store ls` lists what there is");
}

}  // namespace

NamedImage find_local_image(const std::string& text, Session& session) {
  const ImageLocation location = parse_image_location(text);
  if (const auto* archive = std::get_if<ArchiveLocation>(&location)) {
    return find_archived(*archive, text);
  }
  const Reference& name = std::get<Reference>(location);
  auto stored = find_stored(name, session);
  if (!stored) refuse_missing(name, session.store);
  return std::move(*stored);
}

NamedImage find_registry_image(const Reference& name, Session& session) {
  const Reference tagged = name.with_default_host().with_default_tag();
  RemoteImage remote = fetch_image(session.client, tagged, std::nullopt);
  NamedImage found{tagged.text(), {}, remote_blobs(session.client, {tagged})};
  found.place = NamedImage::Place::registry;
  found.set.images = std::move(remote.images);
  if (remote.index) {
    found.set.index = remote.descriptor;
    found.set.index_bytes = std::move(*remote.index);
  }
  return found;
}

NamedImage find_image(const std::string& text, Session& session) {
  const ImageLocation location = parse_image_location(text);
  const auto* name = std::get_if<Reference>(&location);
  if (name == nullptr || name->is_local()) return find_local_image(text, session);
  auto stored = session.store.is_there() ? find_stored(*name, session) : std::nullopt;
  return stored ? std::move(*stored) : find_registry_image(*name, session);
}

}  // namespace mlpack
