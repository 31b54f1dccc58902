#include "layers/compress_codecs.h"
#include "lib/error.h"

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr int zstd_level = 3;
constexpr int job_bytes = 2 << 20;
constexpr int largest_window_log = 27;
// Each worker holds about 4 MiB, on top of 12 MiB.
constexpr std::size_t most_workers = 8;

std::size_t check(std::size_t result, const char* action) {
  if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
  if (ZSTD_isError(result) != 0) {
    fail(Fault::internal, "zstd cannot {}: {}", action, ZSTD_getErrorName(result));
  }
  return result;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdCompressor : public Compressor {
 public:
  ZstdCompressor(Sink& out, std::size_t jobs) : out_(out), context_(ZSTD_createCCtx()) {
    if (!context_) throw std::bad_alloc();
    const auto workers = static_cast<int>(std::clamp<std::size_t>(jobs, 1, most_workers));
    set(ZSTD_c_compressionLevel, zstd_level);
    set(ZSTD_c_checksumFlag, 1);
    // No workers would give other bytes than any number of them.
    set(ZSTD_c_nbWorkers, workers);
    set(ZSTD_c_jobSize, job_bytes);
  }

  void write(Bytes bytes) override {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    while (input.pos < input.size) {
      compress(input, ZSTD_e_continue);
    }
  }

  void finish() override {
    ZSTD_inBuffer input{nullptr, 0, 0};
    while (compress(input, ZSTD_e_end) != 0) {
    }
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    check(ZSTD_CCtx_setParameter(context_.get(), parameter, value), "be set up");
  }

  std::size_t compress(ZSTD_inBuffer& input, ZSTD_EndDirective directive) {
    ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
    const std::size_t left =
        check(ZSTD_compressStream2(context_.get(), &output, &input, directive), "compress");
    out_.write(Bytes(buffer_).first(output.pos));
    return left;
  }

  Sink& out_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{1} << 18);
};

class ZstdSource : public Source {
 public:
  explicit ZstdSource(std::unique_ptr<Source> source)
      : source_(std::move(source)), context_(ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc();
    check(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window_log),
          "be set up");
  }

  std::size_t read(std::span<std::byte> buffer) override {
    ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
    while (output.pos == 0) {
      if (!more_inside_ && input_.pos == input_.size && !refill()) {
        if (in_frame_) fail(Fault::integrity, "the zstd stream ends early");
        return 0;
      }
      decompress_some(output);
    }
    return output.pos;
  }

 private:
  bool refill() {
    const std::size_t count = source_->read(buffer_);
    input_ = {buffer_.data(), count, 0};
    return count > 0;
  }

  void decompress_some(ZSTD_outBuffer& output) {
    const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input_);
    if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge) {
      fail(Fault::integrity, "the zstd stream needs a window of more than 128 MiB");
    }
    if (ZSTD_isError(left) != 0) {
      fail(Fault::integrity, "the zstd stream is damaged: {}", ZSTD_getErrorName(left));
    }
    in_frame_ = left != 0;
    more_inside_ = in_frame_ && output.pos == output.size;
  }

  std::unique_ptr<Source> source_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{1} << 17);
  ZSTD_inBuffer input_{nullptr, 0, 0};
  bool in_frame_ = true;  // no frame at all is not zstd
  bool more_inside_ = false;
};

}  // namespace

std::string zstd_codec_id() {
  return fmt::format("zstd {} l3 j2M", ZSTD_versionString());
}

std::unique_ptr<Compressor> make_zstd_compressor(Sink& out, std::size_t jobs) {
  return std::make_unique<ZstdCompressor>(out, jobs);
}

std::unique_ptr<Source> zstd_source(std::unique_ptr<Source> source) {
  return std::make_unique<ZstdSource>(std::move(source));
}

}  // namespace mlpack
