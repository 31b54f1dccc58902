#include "layers/archive_read.h"
#include "layers/compress.h"
#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/oci/verify.h"
#include "lib/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

namespace mlpack {
namespace {

// One image of manifest.json (Docker image specification v1.2, "combined image JSON").
struct SavedImage {
  std::string config;
  std::vector<std::string> names;
  std::vector<std::string> layers;
};

std::vector<SavedImage> saved_images(const ArchiveFiles& files) {
  const Document document{"manifest.json of `" + files.name() + "`", Fault::input, ""};
  const auto json = parse_document(files.text("manifest.json", max_manifest_bytes), document);
  std::vector<SavedImage> images;
  for (const JsonNode& item : JsonNode(json, document).items()) {
    SavedImage image{item.at("Config").text(), {}, item.at("Layers").text_list()};
    if (const auto names = item.find("RepoTags")) image.names = names->text_list();
    images.push_back(std::move(image));
  }
  return images;
}

SavedImage select(const std::vector<SavedImage>& images,
                  const std::string& name,
                  const std::string& what) {
  if (name.empty() && images.size() == 1) return images.front();
  std::vector<std::string> names;
  for (const SavedImage& image : images) {
    if (std::find(image.names.begin(), image.names.end(), name) != image.names.end()) return image;
    for (const std::string& known : image.names)
      names.push_back("`" + printable(known) + "`");
  }
  throw Error(Fault::input,
              name.empty() ? fmt::format("`{}` holds {} images", what, images.size())
                           : fmt::format("`{}` holds no image `{}`", what, name),
              names.empty() ? "it names no image" : "it has " + join(names, ", "));
}

// A layer as the archive has it. Uncompressed, its digest is its diff id and need not be computed.
Descriptor describe(const ArchiveFiles& files, const std::string& path, const Digest& diff_id) {
  std::array<std::byte, 4> start{};
  const std::size_t count = files.open(path)->read(start);
  const Compression compression =
      sniff_compression({reinterpret_cast<const char*>(start.data()), count});
  const Digest digest = compression == Compression::none ? diff_id : digest_of(*files.open(path));
  return {std::string(layer_media_type(compression)), digest, files.size(path), {}, {}};
}

Image image_of(const ArchiveFiles& files, const SavedImage& saved) {
  std::string config = files.text(saved.config, max_config_bytes);
  const std::vector<Digest> diff_ids =
      parse_local([&] { return parse_config(config, files.name()); }).diff_ids;
  if (diff_ids.size() != saved.layers.size()) {
    fail(Fault::input,
         "`{}` lists {} layers, but its config has {} diff ids",
         files.name(),
         saved.layers.size(),
         diff_ids.size());
  }
  Manifest manifest{
      std::string(media_type::oci_manifest),
      {std::string(media_type::oci_config), Digest::of(config), config.size(), {}, {}},
      {},
      {}};
  for (std::size_t i = 0; i < diff_ids.size(); ++i) {
    manifest.layers.push_back(describe(files, saved.layers[i], diff_ids[i]));
  }
  return make_image(write_manifest(manifest), manifest.media_type, std::move(config), files.name());
}

}  // namespace

LoadedArchive load_docker_archive(ArchiveFiles files, const std::string& name) {
  const auto shared = std::make_shared<const ArchiveFiles>(std::move(files));
  if (!shared->has("manifest.json")) {
    fail(Fault::input, "`{}` is no docker-archive: it has no manifest.json", shared->name());
  }
  const SavedImage saved = select(saved_images(*shared), name, shared->name());
  LoadedArchive loaded;
  if (!saved.names.empty()) loaded.name = name.empty() ? saved.names.front() : name;
  loaded.images.images.push_back(image_of(*shared, saved));
  std::map<Digest, std::string> paths;
  const auto& layers = loaded.images.images.front().manifest.layers;
  for (std::size_t i = 0; i < layers.size(); ++i)
    paths[layers[i].digest] = saved.layers[i];
  const Digest config = loaded.images.images.front().manifest.config.digest;
  const std::string config_bytes = loaded.images.images.front().config_bytes;
  loaded.open = [=](const Descriptor& blob) -> std::unique_ptr<Source> {
    if (blob.digest == config) return std::make_unique<StringSource>(config_bytes);
    const auto path = paths.find(blob.digest);
    if (path == paths.end()) {
      fail(Fault::input, "`{}` has no layer `{}`", shared->name(), blob.digest.text());
    }
    return std::make_unique<VerifyingSource>(
        shared->open(path->second),
        blob,
        "the bytes of `" + printable(path->second) + "` in `" + shared->name() + "`");
  };
  return loaded;
}

LoadedArchive load_archive(const ArchiveLocation& location) {
  switch (location.kind) {
    case ArchiveLocation::Kind::oci_layout:
      if (!fs::is_directory(location.path)) {
        fail(Fault::input, "there is no OCI layout `{}`", location.path.string());
      }
      return load_layout(ArchiveFiles::in_folder(location.path), location.tag);
    case ArchiveLocation::Kind::oci_archive:
      return load_layout(ArchiveFiles::in_tar(location.path), location.tag);
    case ArchiveLocation::Kind::docker_archive:
      break;
  }
  return load_docker_archive(ArchiveFiles::in_tar(location.path), location.tag);
}

}  // namespace mlpack
