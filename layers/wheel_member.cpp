#include "layers/wheel_zip.h"
#include "layers/wheels.h"
#include "lib/error.h"
#include "lib/text.h"

#include <map>
#include <unordered_map>
#include <utility>

namespace mlpack {
namespace {

// File descriptors of one stream.
constexpr std::size_t most_open_wheels = 100;

// A wheel with its members by name.
struct OpenWheel {
  OpenWheel(const fs::path& path, const Digest& digest) : zip(path, digest.text()) {
    for (const ZipMember& member : zip.members())
      by_name.emplace(member.name, &member);
  }

  ZipFile zip;
  std::unordered_map<std::string_view, const ZipMember*> by_name;
};

// Compares what passes with RECORD.
class WheelFileSource : public Source {
 public:
  WheelFileSource(std::shared_ptr<OpenWheel> wheel,
                  const ZipMember& file,
                  const WheelMember& wanted)
      : wheel_(std::move(wheel)),
        file_(file),
        sha256_(wanted.sha256),
        inner_(wheel_->zip.open(file)) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    if (count == 0) return 0;
    hasher_.write(Bytes(buffer.data(), count));
    if (hasher_.bytes() == file_.size && hasher_.finish() != sha256_) {
      fail(Fault::integrity, "`{}` of a wheel is not what its RECORD says", file_.name);
    }
    return count;
  }

 private:
  std::shared_ptr<OpenWheel> wheel_;
  const ZipMember& file_;
  Digest sha256_;
  std::unique_ptr<Source> inner_;
  Hasher hasher_;
};

}  // namespace

std::function<std::unique_ptr<Source>(const WheelMember&)> wheel_member_opener(const Store& store) {
  using Wheels = std::map<Digest, std::shared_ptr<OpenWheel>>;
  return [&store, wheels = std::make_shared<Wheels>()](const WheelMember& wanted) {
    auto found = wheels->find(wanted.archive);
    if (found == wheels->end()) {
      if (wheels->size() == most_open_wheels) wheels->clear();
      const auto path = store.cache_path(wanted.archive);
      found =
          wheels->emplace(wanted.archive, std::make_shared<OpenWheel>(path, wanted.archive)).first;
    }
    const auto member = found->second->by_name.find(wanted.member);
    if (member == found->second->by_name.end()) {
      fail(Fault::integrity,
           "the wheel {} has no `{}`",
           wanted.archive.text(),
           printable(wanted.member));
    }
    return std::make_unique<WheelFileSource>(found->second, *member->second, wanted);
  };
}

}  // namespace mlpack
