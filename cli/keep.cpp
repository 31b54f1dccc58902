#include "cli/keep.h"

#include "lib/error.h"

#include <utility>

namespace mlpack {
namespace {

// The images under their names in the store: one as itself, several under an index.
ImageSet keep(std::vector<Image> images, const std::vector<Reference>& names, Store& store) {
  ImageSet set;
  set.images = std::move(images);
  for (const Image& image : set.images)
    store.put_image(image);
  if (set.images.size() > 1) {
    set.index = store.put_index(set.images, {});
    const auto bytes = store.read_blob(set.index->digest, max_manifest_bytes);
    if (!bytes) fail(Fault::input, "the index `{}` left the store", set.index->digest.text());
    set.index_bytes = *bytes;
  }
  for (const Reference& name : names)
    store.tag(name, set.root());
  return set;
}

}  // namespace

void keep_all(BuiltSpec& built, const Wish& wish, const Shells& shells, Session& session) {
  std::vector<Image> images;
  images.reserve(built.images.size());
  for (const BuiltImage& image : built.images)
    images.push_back(image.image);
  built.set = keep(std::move(images), built.names, session.store);
  const AlsoContext context{
      shells, session.store, session.pack_context(), session.open_remote_parts()};
  for (const AlsoWish& also : wish.also) {
    auto others = also_images(also.kind, wish.spec, built.images, context);
    built.also.push_back({also, keep(std::move(others), {also.name}, session.store)});
  }
}

}  // namespace mlpack
