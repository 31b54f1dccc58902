#include "registry/pull.h"

#include "lib/error.h"
#include "lib/oci/read_blob.h"
#include "lib/oci/verify.h"
#include "lib/output.h"
#include "lib/parallel.h"
#include "registry/push_blobs.h"
#include "registry/reader.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

namespace mlpack {
namespace {

// Of layers by digest: the diff id that they were seen to have.
constexpr std::string_view diff_id_fact = "diff id";

Descriptor descriptor_of(const FoundManifest& manifest) {
  return {.media_type = manifest.media_type,
          .digest = manifest.digest,
          .size = manifest.bytes.size(),
          .annotations = {},
          .platform = {}};
}

// An index says for whom its images are; a lone image has to be asked.
void check_platform(const Image& image, const Platform& wanted, const Reference& reference) {
  const Platform found = image.platform();
  if (found.os != wanted.os || found.architecture != wanted.architecture) {
    fail(Fault::incompatible,
         "`{}` has no image for `{}`; it is for `{}`",
         reference.text(),
         wanted.text(),
         found.text());
  }
}

FetchedBase read_base(ImageReader& reader,
                      const Reference& reference,
                      const Platform& platform,
                      Artifacts artifacts) {
  const FoundManifest root = reader.root();
  Image image = reader.image(reader.select(root, platform), artifacts);
  if (artifacts == Artifacts::refused) check_platform(image, platform, reference);
  return {std::move(image), reference.with_digest(root.digest)};
}

void remember_origins(Store& store, const Image& image, const Reference& reference) {
  store.put_origin(image.manifest.config.digest, reference);
  for (const Descriptor& layer : image.manifest.layers) {
    store.put_origin(layer.digest, reference);
  }
}

// The layers of images and what they are uncompressed; of artifacts nothing is known. Two images
// may disagree about a layer: then one of them is wrong.
using Layers = std::vector<std::pair<Descriptor, std::optional<Digest>>>;

Layers layers_of_all(const std::vector<Image>& images) {
  std::map<Digest, Layers> known;
  std::vector<Descriptor> blobs;
  for (const Image& image : images) {
    for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
      const Descriptor& layer = image.manifest.layers[i];
      Layers& same = known[layer.digest];
      if (same.empty()) blobs.push_back(layer);
      std::optional<Digest> diff_id;
      if (!image.manifest.is_artifact()) diff_id = image.config.diff_ids.at(i);
      const bool is_new = std::none_of(
          same.begin(), same.end(), [&](const auto& other) { return other.second == diff_id; });
      if (is_new) same.emplace_back(layer, diff_id);
    }
  }
  Layers layers;
  for (const Descriptor& blob : sending_order(std::move(blobs))) {
    const Layers& same = known.at(blob.digest);
    layers.insert(layers.end(), same.begin(), same.end());
  }
  return layers;
}

std::vector<Descriptor> descriptors_of(const Layers& layers) {
  std::vector<Descriptor> descriptors;
  for (const auto& [layer, diff_id] : layers) {
    if (descriptors.empty() || descriptors.back().digest != layer.digest) {
      descriptors.push_back(layer);
    }
  }
  return descriptors;
}

bool is_whole(const Store& store, const Descriptor& blob) {
  return store.blob_size(blob.digest) == blob.size;
}

// Looks once into a layer that came into the store unchecked.
void check_stored(const LayerIntake& intake, const Descriptor& layer, const Digest& diff_id) {
  if (!intake.move || intake.store.fact(diff_id_fact, layer.digest) == diff_id.text()) return;
  const fs::path path = intake.store.blob_path(layer.digest);
  FunctionSink nowhere([](Bytes) {});
  intake.move(std::make_unique<VerifyingSource>(
                  open_file(path), layer, "the bytes of the blob `" + path.string() + "`"),
              nowhere,
              layer,
              diff_id);
  intake.store.put_fact(diff_id_fact, layer.digest, diff_id.text());
}

void fetch_from(std::unique_ptr<Source> source,
                const LayerIntake& intake,
                const Descriptor& layer,
                const std::optional<Digest>& diff_id) {
  ProgressLine line(intake.client.progress(), "blob " + layer.digest.short_hex(), layer.size);
  const std::unique_ptr<AtomicFile> file = intake.store.new_blob();
  FunctionSink counted([&](Bytes bytes) {
    intake.client.stop().check();
    line.advance(bytes.size());
    file->write(bytes);
  });
  if (intake.move && diff_id) {
    intake.move(std::move(source), counted, layer, *diff_id);
  } else {
    copy(*source, counted);
  }
  file->commit_as(intake.store.blob_path(layer.digest));
  if (intake.move && diff_id) {
    intake.store.put_fact(diff_id_fact, layer.digest, diff_id->text());
  }
  line.end("downloaded");
}

void fetch(const LayerIntake& intake,
           const Descriptor& layer,
           const std::optional<Digest>& diff_id) {
  read_blob(intake.open, layer, [&](std::unique_ptr<Source> source) {
    fetch_from(std::move(source), intake, layer, diff_id);
  });
}

void download_layers(const LayerIntake& intake, PullReport& report) {
  const Layers layers = layers_of_all(report.images);
  const std::vector<Descriptor> blobs = descriptors_of(layers);
  require_room_for(blobs, intake.store);
  std::atomic<std::size_t> downloaded{0};
  std::atomic<std::uint64_t> bytes{0};
  parallel_for(layers.size(), intake.client.options().jobs, [&](std::size_t index) {
    const auto& [layer, diff_id] = layers[index];
    if (take_layer(intake, layer, diff_id)) {
      ++downloaded;
      bytes += layer.size;
    }
  });
  report.downloaded = downloaded;
  report.present = blobs.size() - std::min<std::size_t>(downloaded, blobs.size());
  report.bytes_received = bytes;
}

Reference complete_name(const Reference& reference) {
  return reference.with_default_host().with_default_tag();
}

}  // namespace

FetchedBase fetch_base(Client& client,
                       const Reference& reference,
                       const Platform& platform,
                       Store& store,
                       Artifacts artifacts) {
  const Reference name = complete_name(reference);
  ImageReader reader(&client, &store, name);
  FetchedBase base = read_base(reader, name, platform, artifacts);
  if (store.access() == Store::Access::read) return base;
  store.put_image(base.image);
  const Digest root = base.reference.digest().value_or(base.image.digest());
  if (root != base.image.digest()) store.put_blob(reader.manifest(root).bytes);
  remember_origins(store, base.image, name);
  remember_base(store, name, root);
  return base;
}

FetchedBase stored_base(const Reference& reference,
                        const Platform& platform,
                        const Store& store,
                        Artifacts artifacts) {
  const Reference name = complete_name(reference);
  ImageReader reader(nullptr, &store, name);
  return read_base(reader, name, platform, artifacts);
}

PullReport pull(Client& client,
                const Reference& reference,
                const std::optional<Platform>& platform,
                Store& store,
                const MoveLayer& move) {
  const double begun = client.seconds();
  const Reference name = complete_name(reference);
  ImageReader reader(&client, &store, name);
  const FoundManifest root = reader.root();
  const FoundManifest target = platform ? reader.select(root, *platform) : root;
  PullReport report{.descriptor = descriptor_of(target),
                    .reference = name.with_digest(target.digest),
                    .images = reader.images(target, std::nullopt)};
  download_layers({client, store, remote_blobs(client, {report.reference}), move}, report);
  for (const Image& image : report.images) {
    store.put_image(image);
    remember_origins(store, image, name);
  }
  if (is_index(target.media_type)) store.put_blob(target.bytes);
  store.tag(report.reference, report.descriptor);
  report.seconds = client.seconds() - begun;
  return report;
}

RemoteImage fetch_image(Client& client,
                        const Reference& reference,
                        const std::optional<Platform>& platform) {
  ImageReader reader(&client, nullptr, complete_name(reference));
  const FoundManifest root = reader.root();
  const FoundManifest target = platform ? reader.select(root, *platform) : root;
  RemoteImage found{reader.images(target, std::nullopt), std::nullopt, descriptor_of(target)};
  if (is_index(target.media_type)) found.index = target.bytes;
  return found;
}

bool take_layer(const LayerIntake& intake,
                const Descriptor& layer,
                const std::optional<Digest>& diff_id) {
  if (!is_whole(intake.store, layer)) {
    fetch(intake, layer, diff_id);
    return true;
  }
  if (diff_id) check_stored(intake, layer, *diff_id);
  return false;
}

void require_room_for(const std::vector<Descriptor>& layers, const Store& store) {
  std::uint64_t bytes = 0;
  for (const Descriptor& layer : layers) {
    if (!is_whole(store, layer)) bytes += layer.size;
  }
  require_room(store.root(), bytes);
}

const Reference& origin_with(Client& client,
                             const std::vector<Reference>& origins,
                             const Digest& blob) {
  const auto has_it = [&](const Reference& origin) {
    return origins.size() == 1 || client.seems_present({origin, Access::pull}, blob);
  };
  const auto found = std::find_if(origins.begin(), origins.end(), has_it);
  return found == origins.end() ? origins.front() : *found;
}

OpenBlob remote_blobs(Client& client, std::vector<Reference> origins) {
  return [&client, origins = std::move(origins)](const Descriptor& blob) {
    if (origins.empty()) {
      fail(Fault::input, "no registry is known to have blob `{}`", blob.digest.text());
    }
    const Repository origin{origin_with(client, origins, blob.digest), Access::pull};
    std::unique_ptr<Source> source = client.open_blob(origin, blob);
    if (!source) {
      fail(Fault::refused, "`{}` no longer has blob `{}`", origin.name.name(), blob.digest.text());
    }
    return source;
  };
}

OpenBlob remote_blobs(Client& client, const Store& store) {
  return [&client, &store](const Descriptor& blob) {
    return remote_blobs(client, store.origins(blob.digest))(blob);
  };
}

}  // namespace mlpack
