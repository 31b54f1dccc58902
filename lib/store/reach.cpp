#include "lib/store/reach.h"

#include "lib/error.h"
#include "lib/store/layout.h"

#include <fmt/format.h>

namespace mlpack {

Reach::Reach(const Store& store, std::set<Digest> damaged)
    : store_(store), damaged_(std::move(damaged)) {
  for (const Descriptor& entry : read_layout(store.root()).manifests) {
    const auto found = entry.annotations.find(std::string(ref_name));
    // Other tools may put images into the layout without a name.
    const std::string name = found == entry.annotations.end() ? entry.digest.text() : found->second;
    in_context("`" + name + "`", [&] { add(entry, name, Missing::problem); });
  }
}

bool Reach::is_there(const Digest& digest, const std::string& name, Missing missing) {
  if (damaged_.count(digest) > 0) {
    problems_.push_back(fmt::format("`{}` needs `{}`, which is damaged", name, digest.text()));
    return false;
  }
  if (store_.has_blob(digest)) return true;
  if (missing == Missing::problem) {
    problems_.push_back(
        fmt::format("`{}` needs `{}`, which is not in the store", name, digest.text()));
  }
  return false;
}

void Reach::add(const Descriptor& entry, const std::string& name, Missing missing) {
  const bool is_new = digests_.insert(entry.digest).second;
  if (!is_new || !is_there(entry.digest, name, missing)) return;
  if (is_index(entry.media_type)) return add_index(entry, name);
  add_manifest(entry, name);
}

// An index may be stored with the images of some platforms only (image-layout.md).
void Reach::add_index(const Descriptor& entry, const std::string& name) {
  const auto index = store_.load_index(entry);
  if (!index) return;
  for (const Descriptor& child : index->manifests)
    add(child, name, Missing::allowed);
}

void Reach::add_manifest(const Descriptor& entry, const std::string& name) {
  const auto text = store_.read_blob(entry.digest, max_manifest_bytes);
  if (!text) return;
  const Manifest manifest = parse_manifest(*text, entry.media_type, name, Artifacts::accepted);
  if (digests_.insert(manifest.config.digest).second) {
    is_there(manifest.config.digest, name, Missing::problem);
  }
  for (const Descriptor& layer : manifest.layers) {
    if (digests_.insert(layer.digest).second) layers_.emplace_back(layer, name);
  }
}

}  // namespace mlpack
