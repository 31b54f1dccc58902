#include "registry/shared_read.h"

#include "lib/error.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t block_bytes = std::size_t{512} << 10;
constexpr std::size_t most_blocks = 8;
constexpr std::chrono::milliseconds stop_interval{100};

// Waits until `is_met` or `limit` is over, and looks for a stop meanwhile; whether it was met.
template <class Condition>
bool wait_for(std::unique_lock<std::mutex>& lock,
              std::condition_variable& changed,
              std::chrono::milliseconds limit,
              const Stop& stop,
              const Condition& is_met) {
  const Clock::time_point end = Clock::now() + limit;
  while (!is_met()) {
    if (Clock::now() >= end) return false;
    changed.wait_for(lock, std::min(limit, stop_interval));
    stop.check();
  }
  return true;
}

// One read of a blob, and the few blocks of it that somebody has yet to take.
struct SharedStream {
  std::mutex guard;  // of the rest, but not of what `source` does
  std::condition_variable changed;
  std::unique_ptr<Source> source;
  std::deque<std::vector<std::byte>> blocks;
  std::size_t first = 0;                        // number of the front block
  std::map<std::size_t, std::size_t> position;  // the block that each reader takes next
  bool reading = false;
  bool ended = false;
  bool broken = false;
  std::optional<Error> wrong;  // why what was read has to be read anew, by all

  std::size_t end() const { return first + blocks.size(); }

  std::size_t slowest() const {
    std::size_t least = end();
    for (const auto& [reader, at] : position)
      least = std::min(least, at);
    return least;
  }

  void drop_taken() {
    while (!blocks.empty() && first < slowest()) {
      blocks.pop_front();
      ++first;
    }
  }

  bool has_room() const { return blocks.size() < most_blocks; }

  void expel_slowest() {
    const std::size_t least = slowest();
    std::erase_if(position, [&](const auto& reader) { return reader.second == least; });
    drop_taken();
  }
};

// Fills a block as far as the source goes.
std::vector<std::byte> read_block(Source& source) {
  std::vector<std::byte> block(block_bytes);
  std::size_t filled = 0;
  while (filled < block.size()) {
    const std::size_t count = source.read(std::span(block).subspan(filled));
    if (count == 0) break;
    filled += count;
  }
  block.resize(filled);
  return block;
}

void skip_bytes(Source& source, std::uint64_t count) {
  std::vector<std::byte> buffer(block_bytes);
  while (count > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
    const std::size_t taken = source.read(std::span(buffer).first(wanted));
    if (taken == 0) return;
    count -= taken;
  }
}

}  // namespace

struct SharedBlobs::State {
  OpenBlob open;
  const Stop& stop;
  SharedReadPolicy policy;

  std::mutex guard;  // of the rest
  std::condition_variable changed;
  std::set<std::size_t> live;
  std::map<Digest, std::set<std::size_t>> settled;  // who opened it, or does not want it
  std::map<Digest, std::shared_ptr<SharedStream>> streams;

  bool all_settled(const Digest& blob) {
    const std::set<std::size_t>& who = settled[blob];
    return std::includes(who.begin(), who.end(), live.begin(), live.end());
  }
};

namespace {

// What one reader sees of a SharedStream, until it has to go on alone.
class SharedSource : public Source {
 public:
  SharedSource(std::shared_ptr<SharedBlobs::State> state,
               std::shared_ptr<SharedStream> stream,
               Descriptor blob,
               std::size_t reader)
      : state_(std::move(state)),
        stream_(std::move(stream)),
        blob_(std::move(blob)),
        reader_(reader) {}

  ~SharedSource() override {
    const std::scoped_lock lock(stream_->guard);
    stream_->position.erase(reader_);
    stream_->drop_taken();
    stream_->changed.notify_all();
  }
  SharedSource(const SharedSource&) = delete;
  SharedSource& operator=(const SharedSource&) = delete;

  std::size_t read(std::span<std::byte> buffer) override {
    if (!own_ && taken_ == block_.size()) next_block();
    if (own_) return read_own(buffer);
    const std::size_t count = std::min(buffer.size(), block_.size() - taken_);
    std::memcpy(buffer.data(), block_.data() + taken_, count);
    taken_ += count;
    done_ += count;
    return count;
  }

 private:
  std::size_t read_own(std::span<std::byte> buffer) {
    const std::size_t count = own_->read(buffer);
    const std::scoped_lock lock(stream_->guard);
    require_right();
    return count;
  }

  // What came from the common read; `guard` is held.
  void require_right() const {
    if (done_ > 0 && stream_->wrong) throw Error(*stream_->wrong);
  }

  // Leaves `block_` empty at the end, or sets `own_`.
  void next_block() {
    std::unique_lock lock(stream_->guard);
    block_.clear();
    taken_ = 0;
    while (true) {
      const auto at = stream_->position.find(reader_);
      if (at == stream_->position.end() || stream_->broken) break;
      if (at->second < stream_->end()) return take(at->second);
      if (stream_->ended) return;
      if (!stream_->reading && stream_->has_room()) {
        read_on(lock);
      } else {
        wait(lock);
      }
    }
    require_right();
    lock.unlock();
    own_ = state_->open(blob_);
    skip_bytes(*own_, done_);
  }

  void take(std::size_t& at) {
    block_ = stream_->blocks[at - stream_->first];
    ++at;
    stream_->drop_taken();
    stream_->changed.notify_all();
  }

  void read_on(std::unique_lock<std::mutex>& lock) {
    stream_->reading = true;
    lock.unlock();
    std::vector<std::byte> block;
    try {
      if (!stream_->source) stream_->source = state_->open(blob_);
      block = read_block(*stream_->source);
    } catch (const Error& error) {
      lock.lock();
      if (error.again() == Error::Again::helps) stream_->wrong = error;
      end_broken();
      throw;
    } catch (...) {
      lock.lock();
      end_broken();
      throw;
    }
    lock.lock();
    stream_->reading = false;
    stream_->ended = block.empty();
    if (!block.empty()) stream_->blocks.push_back(std::move(block));
    stream_->changed.notify_all();
  }

  void end_broken() {
    stream_->reading = false;
    stream_->broken = true;
    stream_->changed.notify_all();
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    const std::size_t slowest = stream_->slowest();
    const std::size_t end = stream_->end();
    const bool for_room = !stream_->reading;
    const bool moved = wait_for(lock, stream_->changed, state_->policy.patience, state_->stop, [&] {
      return stream_->slowest() != slowest || stream_->end() != end ||
             stream_->reading == for_room || stream_->broken || stream_->ended;
    });
    if (!moved && for_room) stream_->expel_slowest();
  }

  std::shared_ptr<SharedBlobs::State> state_;
  std::shared_ptr<SharedStream> stream_;
  Descriptor blob_;
  std::size_t reader_;
  std::vector<std::byte> block_;
  std::size_t taken_ = 0;   // of `block_`
  std::uint64_t done_ = 0;  // of the blob
  std::unique_ptr<Source> own_;
};

// Puts a reader at the start of a read that has not lost its start yet; nullptr where there is
// none.
std::shared_ptr<SharedStream> join(SharedBlobs::State& state,
                                   std::size_t reader,
                                   const Digest& blob) {
  std::shared_ptr<SharedStream>& stream = state.streams[blob];
  if (!stream) stream = std::make_shared<SharedStream>();
  const std::scoped_lock lock(stream->guard);
  if (stream->first > 0 || stream->broken) return nullptr;
  stream->position[reader] = 0;
  return stream;
}

}  // namespace

SharedBlobs::SharedBlobs(OpenBlob open,
                         std::size_t readers,
                         const Stop& stop,
                         const SharedReadPolicy& policy)
    : state_(new State{std::move(open), stop, policy, {}, {}, {}, {}, {}}) {
  for (std::size_t i = 0; i < readers; ++i)
    state_->live.insert(i);
}

std::unique_ptr<Source> SharedBlobs::open(std::size_t reader, const Descriptor& blob) {
  State& state = *state_;
  std::unique_lock lock(state.guard);
  const bool first_time = state.settled[blob.digest].insert(reader).second;
  const auto stream = first_time ? join(state, reader, blob.digest) : nullptr;
  state.changed.notify_all();
  if (!stream) {
    lock.unlock();
    return state.open(blob);
  }
  auto source = std::make_unique<SharedSource>(state_, stream, blob, reader);
  wait_for(lock, state.changed, state.policy.gather, state.stop, [&] {
    return state.all_settled(blob.digest);
  });
  if (state.all_settled(blob.digest)) state.streams.erase(blob.digest);
  return source;
}

void SharedBlobs::skip(std::size_t reader, const Digest& blob) {
  const std::scoped_lock lock(state_->guard);
  state_->settled[blob].insert(reader);
  state_->changed.notify_all();
}

void SharedBlobs::leave(std::size_t reader) {
  const std::scoped_lock lock(state_->guard);
  state_->live.erase(reader);
  state_->changed.notify_all();
}

}  // namespace mlpack
