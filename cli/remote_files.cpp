#include "cli/remote_files.h"

#include "lib/error.h"
#include "lib/store/downloads.h"
#include "lib/text.h"
#include "registry/remote_open.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view front_fact = "remote front";
// What is fetched at once: the header of most files of weights, then twice as much each time.
constexpr std::uint64_t first_range = std::uint64_t{64} << 10;
constexpr std::uint64_t largest_range = std::uint64_t{4} << 20;
constexpr std::uint64_t most_of_front = std::uint64_t{1} << 20;

Digest front_key(const RemoteContent& file, std::uint64_t size) {
  if (file.sha256) return *file.sha256;
  return Digest::of(fmt::format("{}\n{}\n{}\n{}", file.source, file.path, file.version, size));
}

RemoteFile as_listed(const RemoteContent& file, std::uint64_t size) {
  return {file.path, size, file.sha256, {}, file.version};
}

std::string shown(const RemoteContent& file) {
  return fmt::format("`{}` of `{}`", printable(file.path), printable(file.source));
}

std::string fetch_range(RemoteSource& source,
                        const RemoteFile& file,
                        std::uint64_t offset,
                        std::uint64_t length) {
  StringSink sink(static_cast<std::size_t>(length));
  source.fetch(file, offset, length, sink);
  return std::move(sink.text);
}

}  // namespace

// The first bytes of a file that was looked at.
class RemoteFiles::Front {
 public:
  // Copies what it has of the bytes from `offset`; how many.
  std::size_t copy(std::uint64_t offset, std::span<std::byte> buffer) const {
    const std::scoped_lock lock(guard_);
    if (offset >= bytes_.size()) return 0;
    const std::size_t begin = static_cast<std::size_t>(offset);
    const std::size_t count = std::min(buffer.size(), bytes_.size() - begin);
    std::memcpy(buffer.data(), bytes_.data() + begin, count);
    return count;
  }

  void add(std::uint64_t offset, std::string_view bytes) {
    const std::scoped_lock lock(guard_);
    const bool follows = offset == bytes_.size() && bytes_.size() + bytes.size() <= most_of_front;
    if (follows) bytes_ += bytes;
  }

  std::size_t size() const {
    const std::scoped_lock lock(guard_);
    return bytes_.size();
  }

 private:
  mutable std::mutex guard_;
  std::string bytes_;
};

// Keeps the front of a file that passes, which is right when the end does.
class RemoteFiles::FrontSource : public Source {
 public:
  FrontSource(std::unique_ptr<Source> inner, std::size_t wanted, Store& store, const Digest& key)
      : inner_(std::move(inner)), wanted_(wanted), store_(store), key_(key) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    const std::size_t more = std::min(count, wanted_ - front_.size());
    front_.append(reinterpret_cast<const char*>(buffer.data()), more);
    if (count == 0 && wanted_ > 0) store_.put_fact(front_fact, key_, front_);
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  std::size_t wanted_;
  Store& store_;
  Digest key_;
  std::string front_;
};

class RemoteFiles::RangesReadAt : public ReadAt {
 public:
  RangesReadAt(RemoteFiles& files,
               RemoteContent file,
               std::uint64_t size,
               std::shared_ptr<Front> front,
               Offline offline)
      : files_(files),
        file_(std::move(file)),
        size_(size),
        front_(std::move(front)),
        offline_(offline) {}

  std::uint64_t size() const override { return size_; }

  void read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    while (!buffer.empty()) {
      std::size_t count = front_->copy(offset, buffer);
      if (count == 0) count = copy_range(offset, buffer);
      if (count == 0) fetch(offset);
      buffer = buffer.subspan(count);
      offset += count;
    }
  }

 private:
  std::size_t copy_range(std::uint64_t offset, std::span<std::byte> buffer) const {
    if (offset < begin_ || offset >= begin_ + range_.size()) return 0;
    const auto at = static_cast<std::size_t>(offset - begin_);
    const std::size_t count = std::min(buffer.size(), range_.size() - at);
    std::memcpy(buffer.data(), range_.data() + at, count);
    return count;
  }

  // Whoever reads on reads much; whoever jumps reads little.
  void fetch(std::uint64_t offset) const {
    const bool goes_on = !range_.empty() && offset == begin_ + range_.size();
    length_ = goes_on ? std::min(2 * length_, largest_range) : first_range;
    begin_ = offset;
    range_ = fetch_range(files_.source_of(file_, offline_),
                         as_listed(file_, size_),
                         offset,
                         std::min(length_, size_ - offset));
    front_->add(offset, range_);
  }

  RemoteFiles& files_;
  RemoteContent file_;
  std::uint64_t size_;
  std::shared_ptr<Front> front_;
  Offline offline_;
  mutable std::string range_;
  mutable std::uint64_t begin_ = 0;
  mutable std::uint64_t length_ = 0;
};

RemoteFiles::RemoteFiles(RemoteContext context, Store& store)
    : context_(std::move(context)), store_(store) {}

RemoteFiles::~RemoteFiles() = default;

std::optional<fs::path> RemoteFiles::cached(const RemoteContent& file, std::uint64_t size) const {
  if (!file.sha256) return std::nullopt;
  const fs::path path = store_.cache_path(*file.sha256);
  std::error_code failed;
  const bool is_whole = fs::file_size(path, failed) == size && !failed;
  return is_whole ? std::optional(path) : std::nullopt;
}

RemoteSource& RemoteFiles::source_of(const RemoteContent& file, Offline offline) {
  if (offline == Offline::yes) {
    throw Error(
        Fault::input,
        fmt::format("{} is not in the store, and `--offline` forbids to fetch it", shown(file)),
        "run `mlpack fetch` while there is a network");
  }
  const std::scoped_lock lock(guard_);
  std::unique_ptr<RemoteSource>& source = sources_[file.source];
  if (!source) source = open_remote(file.source, context_);
  return *source;
}

std::shared_ptr<RemoteFiles::Front> RemoteFiles::front_of(const RemoteContent& file,
                                                          std::uint64_t size) {
  const Digest key = front_key(file, size);
  const std::scoped_lock lock(guard_);
  std::shared_ptr<Front>& front = fronts_[key];
  if (!front) {
    front = std::make_shared<Front>();
    front->add(0, store_.fact(front_fact, key).value_or(""));
  }
  return front;
}

std::unique_ptr<Source> RemoteFiles::open(const RemoteContent& file,
                                          std::uint64_t size,
                                          Offline offline) {
  if (cached(file, size)) return open_download(store_, *file.sha256, file.path);
  return std::make_unique<FrontSource>(source_of(file, offline).open_whole(as_listed(file, size)),
                                       front_of(file, size)->size(),
                                       store_,
                                       front_key(file, size));
}

std::unique_ptr<ReadAt> RemoteFiles::open_read_at(const RemoteContent& file,
                                                  std::uint64_t size,
                                                  Offline offline) {
  if (const auto path = cached(file, size)) return std::make_unique<FileReadAt>(*path, 0, size);
  return std::make_unique<RangesReadAt>(*this, file, size, front_of(file, size), offline);
}

}  // namespace mlpack
