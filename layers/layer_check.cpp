#include "layers/layer_check.h"

#include "layers/compress.h"
#include "lib/error.h"

#include <limits>

namespace mlpack {
namespace {

// What is read from it is written to a sink too.
class TeeSource : public Source {
 public:
  TeeSource(Source& source, Sink& sink) : source_(source), sink_(sink) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = source_.read(buffer);
    sink_.write(Bytes(buffer.data(), count));
    return count;
  }

 private:
  Source& source_;
  Sink& sink_;
};

// Nothing is kept of what is uncompressed, so that it may grow: zeros shrink a thousandfold.
DecompressLimits any_ratio() {
  DecompressLimits limits;
  limits.ratio = std::numeric_limits<std::uint64_t>::max();
  return limits;
}

Digest uncompressed_digest(Source& source, Sink& sink, Compression compression, const Stop& stop) {
  const auto check = [&](std::size_t) { stop.check(); };
  Hasher hasher;
  copy(*decompress(std::make_unique<TeeSource>(source, sink), compression, any_ratio()),
       hasher,
       check);
  copy(source, sink, check);
  return hasher.finish();
}

void require_same(const Descriptor& layer, const Digest& found, const Digest& diff_id) {
  if (found == diff_id) return;
  throw Error(Fault::integrity,
              fmt::format("layer `{}` uncompresses to `{}`, but the image's config says `{}`",
                          layer.digest.text(),
                          found.text(),
                          diff_id.text()),
              "the image is wrong where it comes from; it has to be made again there");
}

}  // namespace

void move_checked(std::unique_ptr<Source> source,
                  Sink& sink,
                  const Descriptor& layer,
                  const Digest& diff_id,
                  const Stop& stop) {
  const auto compression = layer_compression(layer.media_type);
  if (compression && *compression != Compression::none) {
    const Digest found = in_context("layer `" + layer.digest.text() + "`", [&] {
      return uncompressed_digest(*source, sink, *compression, stop);
    });
    return require_same(layer, found, diff_id);
  }
  if (compression) require_same(layer, layer.digest, diff_id);
  copy(*source, sink, [&](std::size_t) { stop.check(); });
}

}  // namespace mlpack
