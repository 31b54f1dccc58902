#include "layers/debs.h"
#include "layers/tar_deb.h"
#include "lib/error.h"

#include <optional>

namespace mlpack {
namespace {

// The archive that a stream of members is in.
struct Place {
  std::optional<Digest> digest;
  std::unique_ptr<DebArchive> archive;
};

// Reads what `archive` stands at, which its opener keeps alive.
class PackageFileSource : public Source {
 public:
  PackageFileSource(std::shared_ptr<Place> place, std::uint64_t size)
      : place_(std::move(place)), left_(size) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = place_->archive->read(buffer);
    if (count > left_ || (count == 0 && left_ > 0)) {
      fail(Fault::integrity, "a package's file is not as long as its header says");
    }
    left_ -= count;
    return count;
  }

 private:
  std::shared_ptr<Place> place_;
  std::uint64_t left_;
};

std::unique_ptr<Source> advance_to(const std::shared_ptr<Place>& place, const std::string& member) {
  if (!place->archive) return nullptr;
  while (const auto file = place->archive->next()) {
    if (file->path == member && file->kind == EntryKind::file) {
      return std::make_unique<PackageFileSource>(place, file->size);
    }
  }
  place->archive.reset();
  return nullptr;
}

void start(Place& place, const DebMember& wanted, const Store& store) {
  place.digest = wanted.archive;
  place.archive =
      std::make_unique<DebArchive>(store.cache_path(wanted.archive), DebArchive::Part::data);
}

}  // namespace

std::function<std::unique_ptr<Source>(const DebMember&)> deb_member_opener(const Store& store) {
  return [&store, place = std::make_shared<Place>()](const DebMember& wanted) {
    const bool again = place->digest == wanted.archive;
    if (!again) start(*place, wanted, store);
    auto source = advance_to(place, wanted.member);
    if (!source && again) {
      start(*place, wanted, store);
      source = advance_to(place, wanted.member);
    }
    if (!source) {
      fail(Fault::integrity, "the package {} has no `{}`", wanted.archive.text(), wanted.member);
    }
    return source;
  };
}

}  // namespace mlpack
