#include "layers/compress.h"

#include "layers/compress_codecs.h"
#include "lib/error.h"
#include "lib/text.h"

#include <utility>

namespace mlpack {
namespace {

class PassThrough : public Compressor {
 public:
  explicit PassThrough(Sink& out) : out_(out) {}
  void write(Bytes bytes) override { out_.write(bytes); }
  void finish() override {}

 private:
  Sink& out_;
};

// Counts what goes into a decompressor.
class CountedSource : public Source {
 public:
  CountedSource(std::unique_ptr<Source> inner, std::shared_ptr<std::uint64_t> count)
      : inner_(std::move(inner)), count_(std::move(count)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    *count_ += count;
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  std::shared_ptr<std::uint64_t> count_;
};

class LimitedSource : public Source {
 public:
  LimitedSource(std::unique_ptr<Source> inner,
                std::shared_ptr<const std::uint64_t> in,
                const DecompressLimits& limits)
      : inner_(std::move(inner)), in_(std::move(in)), limits_(limits) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    out_ += count;
    if (out_ > limits_.bytes) {
      fail(Fault::integrity,
           "decompresses to more than the {} accepted here",
           human_size(limits_.bytes));
    }
    if (out_ > limits_.free_bytes && out_ / limits_.ratio > *in_) {
      fail(Fault::integrity,
           "decompresses to more than {} times its size: a decompression bomb",
           limits_.ratio);
    }
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  std::shared_ptr<const std::uint64_t> in_;
  DecompressLimits limits_;
  std::uint64_t out_ = 0;
};

}  // namespace

std::string codec_id(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return gzip_codec_id();
    case Compression::zstd:
      return zstd_codec_id();
    case Compression::none:
      break;
  }
  return "none";
}

std::unique_ptr<Compressor> make_compressor(Compression compression, Sink& out, std::size_t jobs) {
  switch (compression) {
    case Compression::gzip:
      return make_gzip_compressor(out, jobs);
    case Compression::zstd:
      return make_zstd_compressor(out, jobs);
    case Compression::none:
      break;
  }
  return std::make_unique<PassThrough>(out);
}

std::unique_ptr<Source> decompress(std::unique_ptr<Source> source,
                                   Compression compression,
                                   const DecompressLimits& limits) {
  if (compression == Compression::none) return source;
  auto count = std::make_shared<std::uint64_t>(0);
  auto counted = std::make_unique<CountedSource>(std::move(source), count);
  auto inner = compression == Compression::gzip ? gzip_source(std::move(counted))
                                                : zstd_source(std::move(counted));
  return std::make_unique<LimitedSource>(std::move(inner), std::move(count), limits);
}

Compression sniff_compression(std::string_view start) {
  if (start.starts_with("\x1f\x8b")) return Compression::gzip;
  if (start.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  return Compression::none;
}

}  // namespace mlpack
