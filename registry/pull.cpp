#include "registry/pull.h"

#include "lib/error.h"
#include "lib/parallel.h"
#include "registry/push_blobs.h"
#include "registry/reader.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace mlpack {
namespace {

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

FetchedBase read_base(ImageReader& reader, const Reference& reference, const Platform& platform) {
  const FoundManifest root = reader.root();
  Image image = reader.image(reader.select(root, platform));
  check_platform(image, platform, reference);
  return {std::move(image), reference.with_digest(root.digest)};
}

void remember_origins(Store& store, const Image& image, const Reference& reference) {
  store.put_origin(image.manifest.config.digest, reference);
  for (const Descriptor& layer : image.manifest.layers) {
    store.put_origin(layer.digest, reference);
  }
}

std::vector<Descriptor> layers_of_all(const std::vector<Image>& images) {
  std::vector<Descriptor> layers;
  for (const Image& image : images) {
    for (const Descriptor& layer : image.manifest.layers) {
      const bool known = std::any_of(layers.begin(), layers.end(), [&](const Descriptor& other) {
        return other.digest == layer.digest;
      });
      if (!known) layers.push_back(layer);
    }
  }
  return layers;
}

bool fetch_into(Client& client, const Descriptor& blob, const OpenBlob& open, Store& store) {
  if (store.has_blob(blob.digest)) {
    return false;
  }
  Progress& progress = client.progress();
  const int task = progress.begin("blob " + blob.digest.short_hex(), blob.size);
  const std::unique_ptr<Source> source = open(blob);
  const std::unique_ptr<AtomicFile> file = store.new_blob();
  copy(*source, *file, [&](std::size_t count) {
    client.stop().check();
    progress.advance(task, count);
  });
  file->commit_as(store.blob_path(blob.digest));
  progress.end(task, "downloaded");
  return true;
}

void download_layers(Client& client, Store& store, PullReport& report) {
  const std::vector<Descriptor> layers = sending_order(layers_of_all(report.images));
  const OpenBlob open = remote_blobs(client, {report.reference});
  std::atomic<std::size_t> downloaded{0};
  std::atomic<std::uint64_t> bytes{0};
  parallel_for(layers.size(), client.options().jobs, [&](std::size_t index) {
    if (fetch_into(client, layers[index], open, store)) {
      ++downloaded;
      bytes += layers[index].size;
    }
  });
  report.downloaded = downloaded;
  report.present = layers.size() - downloaded;
  report.bytes_received = bytes;
}

Reference complete_name(const Reference& reference) {
  return reference.with_default_host().with_default_tag();
}

}  // namespace

FetchedBase fetch_base(Client& client,
                       const Reference& reference,
                       const Platform& platform,
                       Store& store) {
  const Reference name = complete_name(reference);
  ImageReader reader(&client, &store, name);
  FetchedBase base = read_base(reader, name, platform);
  store.put_image(base.image);
  const Digest root = base.reference.digest().value_or(base.image.digest());
  if (root != base.image.digest()) store.put_blob(reader.manifest(root).bytes);
  remember_origins(store, base.image, name);
  remember_base(store, name, root);
  return base;
}

FetchedBase stored_base(const Reference& reference, const Platform& platform, const Store& store) {
  const Reference name = complete_name(reference);
  ImageReader reader(nullptr, &store, name);
  return read_base(reader, name, platform);
}

PullReport pull(Client& client,
                const Reference& reference,
                const std::optional<Platform>& platform,
                Store& store) {
  const double begun = client.seconds();
  const Reference name = complete_name(reference);
  ImageReader reader(&client, &store, name);
  const FoundManifest root = reader.root();
  const FoundManifest target = platform ? reader.select(root, *platform) : root;
  PullReport report{.descriptor = descriptor_of(target),
                    .reference = name.with_digest(target.digest),
                    .images = reader.images(target, std::nullopt)};
  download_layers(client, store, report);
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

bool fetch_blob(Client& client, const Descriptor& blob, Store& store) {
  return fetch_into(client, blob, remote_blobs(client, store), store);
}

OpenBlob remote_blobs(Client& client, std::vector<Reference> origins) {
  return [&client, origins = std::move(origins)](const Descriptor& blob) {
    if (origins.empty()) {
      fail(Fault::input, "no registry is known to have blob `{}`", blob.digest.text());
    }
    const auto has_it = [&](const Reference& origin) {
      return origins.size() == 1 || client.seems_present({origin, Access::pull}, blob.digest);
    };
    const auto found = std::find_if(origins.begin(), origins.end(), has_it);
    const Reference& origin = found == origins.end() ? origins.front() : *found;
    std::unique_ptr<Source> source = client.open_blob({origin, Access::pull}, blob);
    if (!source) {
      fail(Fault::refused, "`{}` no longer has blob `{}`", origin.name(), blob.digest.text());
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
