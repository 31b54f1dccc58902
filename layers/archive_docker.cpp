#include "layers/archive_blobs.h"
#include "layers/archive_tar.h"
#include "layers/compress.h"
#include "lib/error.h"
#include "lib/oci/read_blob.h"
#include "lib/oci/verify.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <set>
#include <utility>

namespace mlpack {
namespace {

// The archive that `docker save` writes has uncompressed layers only, and names them by diff id.
std::string layer_path(const Digest& diff_id) {
  return diff_id.hex() + ".tar";
}

Compression compression_of(const Descriptor& layer) {
  if (const auto compression = layer_compression(layer.media_type)) return *compression;
  fail(Fault::input,
       "layer `{}` is of type `{}`, which is no layer's",
       layer.digest.text(),
       layer.media_type);
}

OpenBlob opener_of(const ExportContext& context) {
  return [&context](const Descriptor& layer) { return open_archive_blob({layer, ""}, context); };
}

// A tar header has the size before the data; of a compressed layer only its bytes say it.
std::uint64_t uncompressed_size(const Descriptor& layer, const ExportContext& context) {
  const Compression compression = compression_of(layer);
  if (compression == Compression::none) return layer.size;
  std::uint64_t size = 0;
  read_blob(opener_of(context), layer, [&](std::unique_ptr<Source> bytes) {
    const auto source = decompress(std::move(bytes), compression);
    FunctionSink nowhere([](Bytes) {});
    size = copy(*source, nowhere, [&](std::size_t) {
      if (context.stop != nullptr) context.stop->check();
    });
  });
  return size;
}

void add_layer(TarFiles& tar,
               const Descriptor& layer,
               const Digest& diff_id,
               const ExportContext& context) {
  const std::uint64_t size = uncompressed_size(layer, context);
  BlobProgress progress(context, "export " + layer.digest.short_hex(), size);
  read_once(opener_of(context), layer, [&](std::unique_ptr<Source> bytes) {
    VerifyingSource source(decompress(std::move(bytes), compression_of(layer)),
                           {std::string(media_type::docker_layer), diff_id, size, {}, {}},
                           "the uncompressed bytes of layer `" + layer.digest.text() + "`");
    tar.add(layer_path(diff_id), size, source, [&](std::size_t done) { progress.advance(done); });
  });
  progress.end("written");
}

std::string docker_manifest(const Image& image, const std::string& name) {
  nlohmann::ordered_json entry;
  entry["Config"] = image.manifest.config.digest.hex() + ".json";
  entry["RepoTags"] = {name};
  entry["Layers"] = nlohmann::ordered_json::array();
  for (const Digest& diff_id : image.config.diff_ids) {
    entry["Layers"].push_back(layer_path(diff_id));
  }
  return nlohmann::ordered_json::array({entry}).dump();
}

}  // namespace

void write_docker_archive(Sink& out,
                          const std::string& name,
                          const ImageSet& images,
                          const ExportContext& context) {
  const auto runnable = images.runnable();
  if (runnable.size() != 1) {
    throw Error(
        Fault::usage,
        fmt::format("a docker-archive holds one platform, and this image has {}", runnable.size()),
        "give one `--platform`, or write an `oci-archive:`");
  }
  const Image& image = *runnable.front();
  TarFiles tar(out);
  tar.add(image.manifest.config.digest.hex() + ".json", image.config_bytes);
  std::set<Digest> seen;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const Digest& diff_id = image.config.diff_ids[i];
    if (seen.insert(diff_id).second) add_layer(tar, image.manifest.layers[i], diff_id, context);
  }
  tar.add("manifest.json", docker_manifest(image, name));
  tar.finish();
}

}  // namespace mlpack
