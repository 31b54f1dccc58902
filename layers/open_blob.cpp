#include "layers/pack.h"
#include "layers/pack_text.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

// Whether another place may still have what could not be had here.
bool may_be_elsewhere(Fault fault) {
  constexpr std::array kinds{
      Fault::input, Fault::auth, Fault::refused, Fault::network, Fault::integrity};
  return std::find(kinds.begin(), kinds.end(), fault) != kinds.end();
}

// Whether the next bytes of `source` are `count` ones with that digest.
bool begins_with(Source& source, std::uint64_t count, const Digest& digest) {
  std::vector<std::byte> buffer(std::size_t{1} << 16);
  Hasher hasher;
  while (hasher.bytes() < count) {
    const std::uint64_t left = std::min<std::uint64_t>(count - hasher.bytes(), buffer.size());
    const std::size_t got = source.read({buffer.data(), static_cast<std::size_t>(left)});
    if (got == 0) return false;
    hasher.write(Bytes(buffer.data(), got));
  }
  return hasher.finish() == digest;
}

// The tar of a recipe, compared with the digest before its last bytes are given away: whoever sends
// it on never sends a whole blob that is wrong. Where what it is made of is gone, it goes on with
// the bytes of `elsewhere`, which are compared there.
class RecipeSource : public Source {
 public:
  RecipeSource(const TarView& view, const Digest& digest, OpenSource elsewhere)
      : view_(view), digest_(digest), elsewhere_(std::move(elsewhere)), inner_(view_.open()) {}

  std::size_t read(std::span<std::byte> buffer) override {
    if (is_elsewhere_) return inner_->read(buffer);
    try {
      return read_own(buffer);
    } catch (const Error& error) {
      if (checked_ || !elsewhere_ || !may_be_elsewhere(error.fault())) throw;
      go_elsewhere(error);
    }
    return inner_->read(buffer);
  }

 private:
  std::size_t read_own(std::span<std::byte> buffer) {
    const std::size_t count = inner_->read(buffer);
    hasher_.write(Bytes(buffer.data(), count));
    if (hasher_.bytes() == view_.size() && !std::exchange(checked_, true)) check();
    return count;
  }

  void go_elsewhere(const Error& error) {
    const std::uint64_t given = hasher_.bytes();
    const Digest front = hasher_.finish();
    is_elsewhere_ = true;
    try {
      inner_ = elsewhere_();
      if (inner_ && begins_with(*inner_, given, front)) return;
    } catch (const Error& other) {
      if (other.again() == Error::Again::helps || !may_be_elsewhere(other.fault())) throw;
      throw Error(error.fault(),
                  fmt::format("{}; and where it was pushed to: {}", error.what(), other.what()),
                  error.hint());
    }
    throw Error(error);
  }

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
  OpenSource elsewhere_;
  std::unique_ptr<Source> inner_;
  Hasher hasher_;
  bool is_elsewhere_ = false;
  bool checked_ = false;
};

struct BlobOpener {
  const Store& store;
  OpenMembers open_members;
  OpenRemoteFile open_remote;
  OpenBlob elsewhere;

  std::unique_ptr<Source> open_recipe(const Descriptor& blob) const;
};

std::unique_ptr<Source> BlobOpener::open_recipe(const Descriptor& blob) const {
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
  const OpenBlob& other = elsewhere;
  return std::make_unique<RecipeSource>(
      view, blob.digest, other ? [other, blob] { return other(blob); } : OpenSource());
}

}  // namespace

OpenBlob open_blob(const Store& store,
                   OpenMembers open_members,
                   OpenRemoteFile open_remote,
                   OpenBlob elsewhere) {
  const BlobOpener opener{
      store, std::move(open_members), std::move(open_remote), std::move(elsewhere)};
  return [opener](const Descriptor& blob) -> std::unique_ptr<Source> {
    const BlobLocation location = opener.store.locate(blob.digest);
    switch (location.kind) {
      case BlobLocation::Kind::stored:
        return open_file(location.path);
      case BlobLocation::Kind::recipe:
        return opener.open_recipe(blob);
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
