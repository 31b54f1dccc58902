#include "layers/compress_codecs.h"
#include "lib/error.h"
#include "lib/parallel.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <vector>

namespace mlpack {
namespace {

constexpr std::size_t member_bytes = std::size_t{1} << 20;
constexpr int level = 6;
// Each thread holds about 3 MiB.
constexpr std::size_t most_jobs = 16;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

// What one thread compresses one member with.
class MemberCompressor {
 public:
  MemberCompressor() : compressor_(libdeflate_alloc_compressor(level)) {
    if (!compressor_) fail(Fault::internal, "libdeflate has no memory for a compressor");
    output_.resize(libdeflate_gzip_compress_bound(compressor_.get(), member_bytes));
  }
  void compress(Bytes member) {
    size_ = libdeflate_gzip_compress(
        compressor_.get(), member.data(), member.size(), output_.data(), output_.size());
    if (size_ == 0) fail(Fault::internal, "libdeflate could not compress {} bytes", member.size());
  }
  Bytes result() const { return Bytes(output_).first(size_); }

 private:
  std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor_;
  std::vector<std::byte> output_;
  std::size_t size_ = 0;
};

class GzipCompressor : public Compressor {
 public:
  GzipCompressor(Sink& out, std::size_t jobs)
      : out_(out), members_(std::clamp<std::size_t>(jobs, 1, most_jobs)) {
    input_.resize(members_.size() * member_bytes);
  }

  void write(Bytes bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), input_.size() - filled_);
      std::copy_n(bytes.begin(), count, input_.begin() + static_cast<std::ptrdiff_t>(filled_));
      filled_ += count;
      bytes = bytes.subspan(count);
      if (filled_ == input_.size()) flush();
    }
  }

  // An empty input is one empty member: no bytes at all are not gzip.
  void finish() override {
    if (filled_ > 0 || !written_) flush();
  }

 private:
  void flush() {
    const std::size_t count = std::max<std::size_t>((filled_ + member_bytes - 1) / member_bytes, 1);
    parallel_for(count, members_.size(), [this](std::size_t i) {
      const std::size_t start = i * member_bytes;
      members_[i].compress(Bytes(input_).subspan(start, std::min(member_bytes, filled_ - start)));
    });
    for (std::size_t i = 0; i < count; ++i) {
      out_.write(members_[i].result());
    }
    filled_ = 0;
    written_ = true;
  }

  Sink& out_;
  std::vector<MemberCompressor> members_;
  std::vector<std::byte> input_;
  std::size_t filled_ = 0;
  bool written_ = false;
};

// zlib reads; libdeflate has no streaming decompressor.
class GzipSource : public Source {
 public:
  explicit GzipSource(std::unique_ptr<Source> source) : source_(std::move(source)) {
    constexpr int gzip_only = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) {
      fail(Fault::internal, "zlib has no memory for a decompressor");
    }
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(std::span<std::byte> buffer) override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    const auto room = static_cast<uInt>(std::min<std::size_t>(buffer.size(), 1U << 30));
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0 && !refill()) {
        if (in_member_) fail(Fault::integrity, "the gzip stream ends early");
        return 0;
      }
      inflate_some();
    }
    return room - stream_.avail_out;
  }

 private:
  bool refill() {
    const std::size_t count = source_->read(buffer_);
    stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_in = static_cast<uInt>(count);
    return count > 0;
  }

  void inflate_some() {
    in_member_ = true;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      in_member_ = false;
      first_ = false;
      inflateReset(&stream_);
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      const char* why = stream_.msg != nullptr ? stream_.msg : "no reason given";
      const char* what =
          stream_.total_out == 0 && !first_ ? "is followed by something else" : "is damaged";
      fail(Fault::integrity, "the gzip stream {}: {}", what, why);
    }
  }

  std::unique_ptr<Source> source_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{1} << 17);
  z_stream stream_{};
  bool in_member_ = true;  // no member at all is not gzip
  bool first_ = true;
};

}  // namespace

std::string gzip_codec_id() {
  // Without the version: 1.14 and 1.23 give the same bytes.
  return "gzip libdeflate l6 m1M";
}

std::unique_ptr<Compressor> make_gzip_compressor(Sink& out, std::size_t jobs) {
  return std::make_unique<GzipCompressor>(out, jobs);
}

std::unique_ptr<Source> gzip_source(std::unique_ptr<Source> source) {
  return std::make_unique<GzipSource>(std::move(source));
}

}  // namespace mlpack
