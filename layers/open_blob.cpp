#include "layers/pack.h"
#include "layers/pack_text.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

// The tar of a recipe, compared with the digest before its last bytes are given away: whoever sends
// it on never sends a whole blob that is wrong.
class RecipeSource : public Source {
 public:
  RecipeSource(const TarView& view, const Digest& digest)
      : view_(view), digest_(digest), inner_(view_.open()) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    hasher_.write(Bytes(buffer.data(), count));
    if (hasher_.bytes() == view_.size() && !std::exchange(checked_, true)) check();
    return count;
  }

 private:
  void check() {
    const Digest found = hasher_.finish();
    if (found == digest_) return;
    throw Error(Fault::integrity,
                fmt::format("{}: the layer was {}, its bytes are {} now",
                            silent_change(view_.recipe()),
                            digest_.text(),
                            found.text()),
                "leave the files alone while they are sent, and build again with `--verify-cache`");
  }

  TarView view_;
  Digest digest_;
  std::unique_ptr<Source> inner_;
  Hasher hasher_;
  bool checked_ = false;
};

std::unique_ptr<Source> open_recipe(const Store& store,
                                    const Descriptor& blob,
                                    const OpenMembers& open_members,
                                    const OpenRemoteFile& open_remote) {
  auto recipe = store.recipe(blob.digest);
  if (!recipe) {
    throw Error(Fault::input,
                fmt::format("the recipe of layer `{}` is of another version of mlpack, or damaged",
                            blob.digest.text()),
                "build the image again");
  }
  const TarView view(std::move(*recipe), open_members, open_remote);
  if (view.size() != blob.size) {
    fail(Fault::integrity,
         "layer `{}` has {} bytes, and its recipe makes {}",
         blob.digest.text(),
         blob.size,
         view.size());
  }
  return std::make_unique<RecipeSource>(view, blob.digest);
}

}  // namespace

OpenBlob open_blob(const Store& store, OpenMembers open_members, OpenRemoteFile open_remote) {
  return [&store, open_members = std::move(open_members), open_remote = std::move(open_remote)](
             const Descriptor& blob) -> std::unique_ptr<Source> {
    const BlobLocation location = store.locate(blob.digest);
    switch (location.kind) {
      case BlobLocation::Kind::stored:
        return open_file(location.path);
      case BlobLocation::Kind::recipe:
        return open_recipe(store, blob, open_members, open_remote);
      case BlobLocation::Kind::remote:
      case BlobLocation::Kind::unknown:
        break;
    }
    throw Error(Fault::input,
                fmt::format("`{}` is not in the store", blob.digest.text()),
                "build or pull the image again");
  };
}

}  // namespace mlpack
