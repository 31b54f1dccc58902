#include "layers/archive_blobs.h"
#include "layers/archive_read.h"
#include "lib/error.h"
#include "lib/oci/manifest.h"
#include "lib/oci/referrers.h"
#include "lib/oci/verify.h"
#include "lib/store/layout.h"
#include "lib/text.h"

#include <memory>

namespace mlpack {
namespace {

std::string name_of(const Descriptor& entry) {
  const auto found = entry.annotations.find(std::string(ref_name));
  return found == entry.annotations.end() ? std::string() : found->second;
}

std::string names(const Index& index) {
  std::vector<std::string> names;
  for (const Descriptor& entry : index.manifests) {
    if (!name_of(entry).empty()) names.push_back("`" + name_of(entry) + "`");
  }
  return names.empty() ? "it names no image" : "it has " + join(names, ", ");
}

// Lists of what refers to an image are no images, nor is what other tools put beside one without a
// name.
void drop_referrers(Index& index) {
  std::erase_if(index.manifests, [](const Descriptor& entry) {
    const std::string name = name_of(entry);
    if (name.empty()) return !entry.artifact_type.empty();
    return is_index(entry.media_type) && subject_of_tag(name).has_value();
  });
}

const Descriptor& select(const Index& index, const std::string& tag, const std::string& what) {
  if (tag.empty() && index.manifests.size() == 1) return index.manifests.front();
  for (const Descriptor& entry : index.manifests) {
    if (!tag.empty() && name_of(entry) == tag) return entry;
  }
  if (index.manifests.empty()) fail(Fault::input, "`{}` holds no image", what);
  if (tag.empty()) {
    throw Error(Fault::input,
                fmt::format("`{}` holds {} images", what, index.manifests.size()),
                "say which one, as `oci:" + what + ":TAG`: " + names(index));
  }
  throw Error(Fault::input, fmt::format("`{}` holds no image `{}`", what, tag), names(index));
}

class LayoutReader {
 public:
  explicit LayoutReader(const ArchiveFiles& files) : files_(files) {}

  std::string document(const Descriptor& descriptor, std::uint64_t limit) const {
    const std::string path = layout_blob_path(descriptor.digest);
    std::string text = files_.text(path, limit);
    if (Digest::of(text) != descriptor.digest) {
      fail(Fault::integrity, "`{}` of `{}` does not match its digest", path, files_.name());
    }
    return text;
  }

  Image image(const Descriptor& descriptor, Artifacts artifacts) const {
    const std::string what = files_.name();
    std::string bytes = document(descriptor, max_manifest_bytes);
    const std::string& type = descriptor.media_type;
    const Manifest manifest =
        parse_local([&] { return parse_manifest(bytes, type, what, artifacts); });
    std::string config = document(manifest.config, max_config_bytes);
    return parse_local(
        [&] { return make_image(std::move(bytes), type, std::move(config), what, artifacts); });
  }

  ImageSet images(const Descriptor& root) const {
    if (!is_index(root.media_type)) return {{image(root, Artifacts::refused)}, {}, ""};
    ImageSet set{{}, root, document(root, max_manifest_bytes)};
    set.index->annotations.clear();
    const Index index =
        parse_local([&] { return parse_index(set.index_bytes, root.media_type, files_.name()); });
    for (const Descriptor& entry : index.manifests) {
      set.images.push_back(image(entry, Artifacts::accepted));
    }
    return set;
  }

 private:
  const ArchiveFiles& files_;
};

constexpr std::uint64_t max_layout_index = std::uint64_t{64} << 20;

}  // namespace

LoadedArchive load_layout(ArchiveFiles files, const std::string& tag) {
  const auto shared = std::make_shared<const ArchiveFiles>(std::move(files));
  if (!shared->has("index.json")) {
    fail(Fault::input, "`{}` is no OCI layout: it has no index.json", shared->name());
  }
  Index index = parse_local([&] {
    return parse_layout_index(shared->text("index.json", max_layout_index),
                              "index.json of `" + shared->name() + "`");
  });
  if (tag.empty()) drop_referrers(index);
  const Descriptor root = select(index, tag, shared->name());
  LoadedArchive loaded;
  loaded.name = name_of(root);
  loaded.images = LayoutReader(*shared).images(root);
  loaded.open = [shared](const Descriptor& blob) -> std::unique_ptr<Source> {
    const std::string path = layout_blob_path(blob.digest);
    return std::make_unique<VerifyingSource>(
        shared->open(path), blob, "the bytes of `" + path + "` in `" + shared->name() + "`");
  };
  return loaded;
}

}  // namespace mlpack
