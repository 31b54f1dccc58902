#include "registry/push_blobs.h"

#include "lib/error.h"
#include "lib/oci/read_blob.h"
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

class Line : public ProgressLine {
 public:
  Line(Progress& progress, const Descriptor& blob)
      : ProgressLine(progress, label_of(blob), blob.size) {}

  // An attempt begins anew at 0; a person sees only what is further than ever.
  void reach(std::uint64_t position) {
    if (position > shown_) {
      advance(position - shown_);
      shown_ = position;
    }
  }

 private:
  std::uint64_t shown_ = 0;
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

std::vector<BlobOutcome> PushBlobs::push(const std::vector<Descriptor>& blobs) {
  const std::vector<Descriptor> order = sending_order(blobs);
  std::vector<std::optional<BlobOutcome>> found(order.size());
  parallel_for(order.size(), client_.options().jobs, [&](std::size_t index) {
    found[index] = push_one(order[index], Mounting::allowed);
  });
  std::vector<BlobOutcome> outcomes;
  outcomes.reserve(blobs.size());
  for (const Descriptor& blob : blobs) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const auto& outcome) {
      return outcome->blob.digest == blob.digest;
    });
    outcomes.push_back(**same);
  }
  return outcomes;
}

void PushBlobs::push_again(const std::vector<Descriptor>& blobs) {
  parallel_for(blobs.size(), client_.options().jobs, [&](std::size_t index) {
    push_one(blobs[index], Mounting::forbidden);
  });
}

BlobOutcome PushBlobs::look(const Descriptor& blob) {
  client_.stop().check();
  const BlobState state = client_.head_blob(to_, blob.digest);
  require_same_size(state, blob, to_);
  if (state.presence == BlobState::Presence::present) return {blob, BlobOutcome::Kind::present, {}};
  for (const Reference& from : candidates(blob)) {
    if (client_.seems_present({from, Access::pull}, blob.digest)) {
      return {blob, BlobOutcome::Kind::mounted, from};
    }
  }
  return {blob, BlobOutcome::Kind::uploaded, {}};
}

BlobOutcome PushBlobs::push_one(const Descriptor& blob, Mounting mounting) {
  client_.stop().check();
  Line line(client_.progress(), blob);
  const BlobState state = client_.head_blob(to_, blob.digest);
  require_same_size(state, blob, to_);
  if (state.presence == BlobState::Presence::present) {
    if (request_.check_unsent) request_.check_unsent(blob);
    line.end("already there");
    return {blob, BlobOutcome::Kind::present, {}};
  }
  if (const auto from = mounting == Mounting::allowed ? mount(blob) : std::nullopt) {
    if (request_.check_unsent) request_.check_unsent(blob);
    line.end("mounted");
    return {blob, BlobOutcome::Kind::mounted, from};
  }
  if (request_.check_upload) request_.check_upload(blob);
  const OpenSource open = [&] { return request_.open(blob); };
  past_bad_copies([&] {
    client_.upload_blob(to_, blob, open, [&](std::uint64_t position) {
      client_.stop().check();
      line.reach(position);
    });
  });
  line.end("uploaded");
  return {blob, BlobOutcome::Kind::uploaded, {}};
}

// Other repositories of the same registry that are known to have it.
std::vector<Reference> PushBlobs::candidates(const Descriptor& blob) const {
  std::vector<Reference> origins = request_.known_at;
  if (request_.store != nullptr) {
    const std::vector<Reference> stored = request_.store->origins(blob.digest);
    origins.insert(origins.end(), stored.begin(), stored.end());
  }
  std::erase_if(origins, [&](const Reference& origin) {
    return origin.host() != to_.name.host() || origin.repository() == to_.name.repository();
  });
  if (origins.size() > most_mounts) origins.erase(origins.begin() + most_mounts, origins.end());
  return origins;
}

std::optional<Reference> PushBlobs::mount(const Descriptor& blob) {
  for (const Reference& origin : candidates(blob)) {
    if (client_.mount_blob(to_, blob.digest, origin)) return origin;
  }
  return std::nullopt;
}

}  // namespace mlpack
