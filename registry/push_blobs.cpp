#include "registry/push_blobs.h"

#include "lib/error.h"
#include "lib/parallel.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_mounts = 4;

std::string label_of(const Descriptor& blob) {
  const auto name = blob.annotations.find(std::string(annotation::name));
  return name == blob.annotations.end() ? "blob " + blob.digest.short_hex() : name->second;
}

// A line of progress that ends even if the work does not.
class Line {
 public:
  Line(Progress& progress, const Descriptor& blob)
      : progress_(progress), task_(progress.begin(label_of(blob), blob.size)) {}
  ~Line() { progress_.end(task_, outcome_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // An attempt begins anew at 0; a person sees only what is further than ever.
  void reach(std::uint64_t position) {
    if (position > shown_) {
      progress_.advance(task_, position - shown_);
      shown_ = position;
    }
  }
  void end(std::string outcome) { outcome_ = std::move(outcome); }

 private:
  Progress& progress_;
  int task_;
  std::uint64_t shown_ = 0;
  std::string outcome_ = "failed";
};

}  // namespace

std::vector<Descriptor> sending_order(std::vector<Descriptor> blobs) {
  std::sort(blobs.begin(), blobs.end(), [](const Descriptor& left, const Descriptor& right) {
    return std::pair(left.size, left.digest) < std::pair(right.size, right.digest);
  });
  std::vector<Descriptor> order;
  auto small = blobs.begin();
  for (auto large = blobs.end(); small != large;) {
    order.push_back(*--large);
    if (small != large) order.push_back(*small++);
  }
  return order;
}

void PushBlobs::push(const std::vector<Descriptor>& blobs) {
  const std::vector<Descriptor> order = sending_order(blobs);
  parallel_for(order.size(), client_.options().jobs, [&](std::size_t index) {
    switch (push_one(order[index], Mounting::allowed)) {
      case Result::uploaded:
        ++uploaded_;
        break;
      case Result::mounted:
        ++mounted_;
        break;
      case Result::present:
        ++present_;
        break;
    }
  });
}

void PushBlobs::push_again(const std::vector<Descriptor>& blobs) {
  parallel_for(blobs.size(), client_.options().jobs, [&](std::size_t index) {
    push_one(blobs[index], Mounting::forbidden);
  });
}

PushBlobs::Result PushBlobs::push_one(const Descriptor& blob, Mounting mounting) {
  client_.stop().check();
  Line line(client_.progress(), blob);
  const BlobState state = client_.head_blob(to_, blob.digest);
  require_same_size(state, blob, to_);
  if (state.presence == BlobState::Presence::present) {
    if (unsent_) unsent_(blob);
    line.end("already there");
    return Result::present;
  }
  const bool may_mount = mounting == Mounting::allowed && store_ != nullptr;
  if (may_mount && mount(blob, store_->origins(blob.digest))) {
    if (unsent_) unsent_(blob);
    line.end("mounted");
    return Result::mounted;
  }
  const OpenSource open = [&] { return open_(blob); };
  client_.upload_blob(to_, blob, open, [&](std::uint64_t position) {
    client_.stop().check();
    line.reach(position);
  });
  line.end("uploaded");
  return Result::uploaded;
}

bool PushBlobs::mount(const Descriptor& blob, const std::vector<Reference>& origins) {
  std::size_t tried = 0;
  for (const Reference& origin : origins) {
    const bool candidate =
        origin.host() == to_.name.host() && origin.repository() != to_.name.repository();
    if (candidate && tried++ < most_mounts && client_.mount_blob(to_, blob.digest, origin)) {
      return true;
    }
  }
  return false;
}

}  // namespace mlpack
