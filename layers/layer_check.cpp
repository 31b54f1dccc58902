#include "layers/layer_check.h"

#include "layers/compress.h"
#include "lib/error.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>

namespace mlpack {
namespace {

// Keeps what is read from a source, and whether that failed.
class KeepingSource : public Source {
 public:
  KeepingSource(Source& source, std::string& kept, bool& failed)
      : source_(source), kept_(kept), failed_(failed) {}
  std::size_t read(std::span<std::byte> buffer) override {
    failed_ = true;
    const std::size_t count = source_.read(buffer);
    failed_ = false;
    kept_.append(reinterpret_cast<const char*>(buffer.data()), count);
    return count;
  }

 private:
  Source& source_;
  std::string& kept_;
  bool& failed_;
};

// Nothing is kept of what is uncompressed, so that it may grow: zeros shrink a thousandfold.
DecompressLimits any_ratio() {
  DecompressLimits limits;
  limits.ratio = std::numeric_limits<std::uint64_t>::max();
  return limits;
}

struct Claim {
  Descriptor layer;
  Compression compression;
  Digest diff_id;
};

class CheckedLayer : public Source {
 public:
  CheckedLayer(std::unique_ptr<Source> source, Claim claim, const Stop& stop)
      : source_(std::move(source)),
        claim_(std::move(claim)),
        stop_(stop),
        plain_(decompress(std::make_unique<KeepingSource>(*source_, passed_, source_failed_),
                          claim_.compression,
                          any_ratio())) {}

  std::size_t read(std::span<std::byte> buffer) override {
    if (begin_ == passed_.size()) {
      taken_ += passed_.size();
      passed_.clear();
      begin_ = 0;
    }
    while (!checked_ && (passed_.empty() || taken_ + passed_.size() >= claim_.layer.size))
      step();
    const std::size_t count = std::min(buffer.size(), passed_.size() - begin_);
    std::memcpy(buffer.data(), passed_.data() + begin_, count);
    begin_ += count;
    return count;
  }

  /// Checks what is left. Nobody reads where there are no bytes.
  void finish() {
    while (!checked_)
      step();
  }

 private:
  void step() {
    stop_.check();
    const std::size_t count = plain_ ? read_plain() : 0;
    hasher_.write(Bytes(buffer_.data(), count));
    if (count > 0) return;
    plain_.reset();
    if (KeepingSource(*source_, passed_, source_failed_).read(buffer_) > 0) return;
    checked_ = true;
    require_diff_id(claim_.layer, hasher_.finish(), claim_.diff_id);
  }

  std::size_t read_plain() {
    try {
      return plain_->read(buffer_);
    } catch (const Error& error) {
      if (error.fault() != Fault::integrity || source_failed_) throw;
      while (source_->read(buffer_) > 0)
        stop_.check();
      throw Error(Fault::integrity,
                  "layer `" + claim_.layer.digest.text() + "`: " + error.what(),
                  error.hint());
    }
  }

  std::unique_ptr<Source> source_;
  Claim claim_;
  const Stop& stop_;
  std::string passed_;  // read from the source, and given away up to `begin_`
  std::size_t begin_ = 0;
  bool source_failed_ = false;
  std::uint64_t taken_ = 0;  // before `passed_`
  std::unique_ptr<Source> plain_;
  Hasher hasher_;
  bool checked_ = false;
  std::array<std::byte, std::size_t{64} << 10> buffer_{};
};

}  // namespace

void require_diff_id(const Descriptor& layer, const Digest& found, const Digest& diff_id) {
  if (found == diff_id) return;
  throw Error(Fault::integrity,
              fmt::format("layer `{}` uncompresses to `{}`, but the image's config says `{}`",
                          layer.digest.text(),
                          found.text(),
                          diff_id.text()),
              "the image is wrong where it comes from; it has to be made again there");
}

std::unique_ptr<Source> open_checked(std::unique_ptr<Source> source,
                                     const Descriptor& layer,
                                     const Digest& diff_id,
                                     const Stop& stop) {
  const auto compression = layer_compression(layer.media_type);
  if (!compression) return source;
  if (*compression == Compression::none) {
    require_diff_id(layer, layer.digest, diff_id);
    return source;
  }
  auto checked =
      std::make_unique<CheckedLayer>(std::move(source), Claim{layer, *compression, diff_id}, stop);
  if (layer.size == 0) checked->finish();
  return checked;
}

}  // namespace mlpack
