#include "layers/compress.h"
#include "lib/error.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

namespace mlpack {
namespace {

class InflateSource : public Source {
 public:
  explicit InflateSource(std::unique_ptr<Source> source) : source_(std::move(source)) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) {
      fail(Fault::internal, "zlib has no memory for a decompressor");
    }
  }
  ~InflateSource() override { inflateEnd(&stream_); }
  InflateSource(const InflateSource&) = delete;
  InflateSource& operator=(const InflateSource&) = delete;

  std::size_t read(std::span<std::byte> buffer) override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    const auto room = static_cast<uInt>(std::min<std::size_t>(buffer.size(), 1U << 30));
    stream_.avail_out = room;
    while (!ended_ && stream_.avail_out == room)
      inflate_some();
    return room - stream_.avail_out;
  }

 private:
  void inflate_some() {
    if (stream_.avail_in == 0) {
      const std::size_t count = source_->read(buffer_);
      if (count == 0) fail(Fault::integrity, "the deflate stream ends early");
      stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_in = static_cast<uInt>(count);
    }
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      require_end();
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      fail(Fault::integrity,
           "the deflate stream is damaged: {}",
           stream_.msg != nullptr ? stream_.msg : "no reason given");
    }
  }

  void require_end() {
    ended_ = true;
    if (stream_.avail_in == 0 && source_->read(buffer_) == 0) return;
    fail(Fault::integrity, "the deflate stream is followed by something else");
  }

  std::unique_ptr<Source> source_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{1} << 16);
  z_stream stream_{};
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Source> inflate_source(std::unique_ptr<Source> source) {
  return std::make_unique<InflateSource>(std::move(source));
}

}  // namespace mlpack
