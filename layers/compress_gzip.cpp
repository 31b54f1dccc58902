#include "layers/compress_codecs.h"
#include "lib/error.h"
#include "lib/parallel.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace mlpack {
namespace {

constexpr std::size_t member_bytes = std::size_t{1} << 20;
constexpr int gzip_level = 6;
constexpr int window_and_gzip = MAX_WBITS + 16;
constexpr int memory_level = 8;  // zlib's default; part of what the bytes depend on
// Each thread holds about 2.5 MiB.
constexpr std::size_t most_jobs = 16;

// What one thread compresses one member with.
class MemberCompressor {
 public:
  MemberCompressor() {
    if (deflateInit2(
            &stream_, gzip_level, Z_DEFLATED, window_and_gzip, memory_level, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      fail(Fault::internal, "zlib has no memory for a compressor");
    }
    header_.os = 255;  // unknown, on every system
    deflateSetHeader(&stream_, &header_);
    output_.resize(deflateBound(&stream_, member_bytes));
  }
  ~MemberCompressor() { deflateEnd(&stream_); }
  MemberCompressor(const MemberCompressor&) = delete;
  MemberCompressor& operator=(const MemberCompressor&) = delete;

  void compress(Bytes member) {
    deflateReset(&stream_);
    deflateSetHeader(&stream_, &header_);
    // zlib's interface has no const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(member.data()));
    stream_.avail_in = static_cast<uInt>(member.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
    stream_.avail_out = static_cast<uInt>(output_.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) {
      fail(Fault::internal, "zlib could not compress {} bytes", member.size());
    }
  }
  Bytes result() const { return Bytes(output_).first(output_.size() - stream_.avail_out); }

 private:
  z_stream stream_{};
  gz_header header_{};
  std::vector<std::byte> output_;
};

class GzipCompressor : public Compressor {
 public:
  GzipCompressor(Sink& out, std::size_t jobs) : out_(out) {
    for (std::size_t i = 0; i < std::clamp<std::size_t>(jobs, 1, most_jobs); ++i)
      members_.push_back(std::make_unique<MemberCompressor>());
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
      members_[i]->compress(Bytes(input_).subspan(start, std::min(member_bytes, filled_ - start)));
    });
    for (std::size_t i = 0; i < count; ++i) {
      out_.write(members_[i]->result());
    }
    filled_ = 0;
    written_ = true;
  }

  Sink& out_;
  std::vector<std::unique_ptr<MemberCompressor>> members_;
  std::vector<std::byte> input_;
  std::size_t filled_ = 0;
  bool written_ = false;
};

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
  // Without the version: 1.2.13 and 1.3.1 give the same bytes at every level. A zlib-ng in zlib's
  // place does not, and neither do two versions of libdeflate (1.14 and 1.23).
  const std::string_view version = zlibVersion();
  const bool is_other = version.find("zlib-ng") != std::string_view::npos;
  return is_other ? "gzip zlib-ng l6 m1M" : "gzip zlib l6 m1M";
}

std::unique_ptr<Compressor> make_gzip_compressor(Sink& out, std::size_t jobs) {
  return std::make_unique<GzipCompressor>(out, jobs);
}

std::unique_ptr<Source> gzip_source(std::unique_ptr<Source> source) {
  return std::make_unique<GzipSource>(std::move(source));
}

}  // namespace mlpack
