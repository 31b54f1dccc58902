#include "lib/error.h"
#include "lib/oci/referrers.h"
#include "lib/store/layout.h"
#include "lib/store/state.h"
#include "lib/store/store.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

std::string name_of(const Descriptor& entry) {
  const auto found = entry.annotations.find(std::string(ref_name));
  return found == entry.annotations.end() ? std::string() : found->second;
}

// The text that names an image in the store: with a tag, or with the digest where that is all.
std::string stored_name(const Reference& name) {
  if (!name.tag() && name.digest()) return name.name() + "@" + name.digest()->text();
  return name.name() + ":" + name.tag().value_or("latest");
}

// `a`, `a:tag` and `a@digest` name the entries that they fit; all that is said has to fit.
bool is_named(const Descriptor& entry, const Reference& name) {
  const std::string text = name_of(entry);
  if (name.digest() && entry.digest != *name.digest()) return false;
  if (name.tag() || !name.digest()) return text == stored_name(name);
  return text.starts_with(name.name() + ":") || text == stored_name(name);
}

// An entry without the name: what was tagged.
Descriptor target_of(Descriptor entry) {
  entry.annotations.erase(std::string(ref_name));
  return entry;
}

std::ptrdiff_t count_name(const Index& index, const std::string& name) {
  return std::count_if(index.manifests.begin(),
                       index.manifests.end(),
                       [&](const Descriptor& entry) { return name_of(entry) == name; });
}

bool remove_name(Index& index, const std::string& name) {
  return std::erase_if(index.manifests,
                       [&](const Descriptor& entry) { return name_of(entry) == name; }) > 0;
}

// Among what has a name, then among the images of named indexes.
std::optional<Descriptor> find_digest(const Store& store,
                                      const Index& index,
                                      const Digest& digest) {
  for (const Descriptor& entry : index.manifests) {
    if (entry.digest == digest) return target_of(entry);
  }
  for (const Descriptor& entry : index.manifests) {
    if (!store.has_blob(entry.digest)) continue;
    const auto children = store.load_index(entry);
    if (!children) continue;
    for (const Descriptor& child : children->manifests) {
      if (child.digest == digest && store.has_blob(digest)) return child;
    }
  }
  return std::nullopt;
}

std::string load(const Store& store, const Descriptor& descriptor, std::string_view what) {
  const std::string digest = descriptor.digest.text();
  auto bytes = store.read_blob(descriptor.digest, max_config_bytes);
  if (!bytes) {
    throw Error(
        Fault::input,
        fmt::format("the {} `{}` is not in the store `{}`", what, digest, store.root().string()),
        "build or pull the image again");
  }
  if (bytes->size() != descriptor.size) {
    fail(Fault::integrity,
         "the {} `{}` is {} bytes, not {} as what names it says",
         what,
         digest,
         bytes->size(),
         descriptor.size);
  }
  return std::move(*bytes);
}

}  // namespace

void Store::put_image(const Image& image) {
  put_blob(image.config_bytes);
  put_blob(image.manifest_bytes);
}

Descriptor Store::put_index(const std::vector<Image>& images, const Annotations& annotations) {
  Index index{std::string(media_type::oci_index), {}, annotations};
  for (const Image& image : images) {
    put_image(image);
    index.manifests.push_back(
        {image.media_type, image.digest(), image.manifest_bytes.size(), {}, image.platform()});
  }
  const std::string text = write_index(index);
  return {index.media_type, put_blob(text), text.size(), {}, {}};
}

void Store::tag(const Reference& name, const Descriptor& target) {
  if (!has_blob(target.digest)) {
    fail(Fault::input,
         "cannot name `{}` as `{}`: it is not in the store `{}`",
         target.digest.text(),
         stored_name(name),
         root().string());
  }
  const std::string text = stored_name(name);
  Descriptor entry = target;
  entry.annotations[std::string(ref_name)] = text;
  update_layout(root(), [&](Index& index) {
    const bool is_there =
        std::find(index.manifests.begin(), index.manifests.end(), entry) != index.manifests.end();
    if (is_there && count_name(index, text) == 1) return false;
    remove_name(index, text);
    index.manifests.push_back(entry);
    return true;
  });
}

std::vector<StoredImage> Store::images() const {
  std::vector<StoredImage> images;
  for (const Descriptor& entry : read_layout(root()).manifests) {
    std::string name = name_of(entry);
    // Lists of what refers to an image are no images.
    const bool is_list =
        is_index(entry.media_type) && subject_of_tag(name.substr(name.rfind(':') + 1));
    if (is_list) continue;
    if (!name.empty()) images.push_back({std::move(name), target_of(entry)});
  }
  std::sort(images.begin(), images.end(), [](const StoredImage& a, const StoredImage& b) {
    return a.name < b.name;
  });
  return images;
}

std::optional<Descriptor> Store::find(const Reference& name) const {
  const Index index = read_layout(root());
  if (name.digest()) return find_digest(*this, index, *name.digest());
  const std::string text = stored_name(name);
  for (const Descriptor& entry : index.manifests) {
    if (name_of(entry) == text) return target_of(entry);
  }
  return std::nullopt;
}

Image Store::load_image(const Descriptor& descriptor) const {
  const std::string what = descriptor.digest.text();
  if (is_index(descriptor.media_type)) {
    fail(Fault::input, "`{}` is an index of several images, not an image", what);
  }
  std::string text = load(*this, descriptor, "manifest");
  const Manifest manifest = parse_manifest(text, descriptor.media_type, what, Artifacts::accepted);
  std::string config = load(*this, manifest.config, "config");
  return make_image(
      std::move(text), descriptor.media_type, std::move(config), what, Artifacts::accepted);
}

std::optional<Index> Store::load_index(const Descriptor& descriptor) const {
  if (!is_index(descriptor.media_type)) return std::nullopt;
  const std::string text = load(*this, descriptor, "index");
  return parse_index(text, descriptor.media_type, descriptor.digest.text());
}

bool Store::remove(const Reference& name) {
  bool removed = false;
  update_layout(root(), [&](Index& index) {
    removed = std::erase_if(index.manifests,
                            [&](const Descriptor& entry) { return is_named(entry, name); }) > 0;
    return removed;
  });
  return removed;
}

}  // namespace mlpack
