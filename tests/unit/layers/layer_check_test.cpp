#include "layers/layer_check.h"

#include "layers/compress.h"
#include "tests/unit/oci/check_error.h"

#include <doctest/doctest.h>

using namespace mlpack;
using test::check_error;
using test::error_of;

namespace {

const std::string content(3'000'000, 'w');

std::string compressed(Compression compression) {
  StringSink sink(10'000'000);
  const auto compressor = make_compressor(compression, sink, 1);
  compressor->write(as_bytes(content));
  compressor->finish();
  return sink.text;
}

Descriptor layer_of(const std::string& bytes, Compression compression) {
  return {std::string(layer_media_type(compression)), Digest::of(bytes), bytes.size(), {}, {}};
}

// What arrives.
std::string moved(const std::string& bytes, const Descriptor& layer, const Digest& diff_id) {
  StringSink sink(10'000'000);
  move_checked(std::make_unique<StringSource>(bytes), sink, layer, diff_id, Stop());
  return sink.text;
}

}  // namespace

TEST_CASE("a layer that uncompresses to its diff id arrives as it is") {
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    const std::string bytes = compressed(compression);
    CHECK(moved(bytes, layer_of(bytes, compression), Digest::of(content)) == bytes);
  }
}

TEST_CASE("a layer that uncompresses to something else is named") {
  const Digest wrong = Digest::of("something else");
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    const std::string bytes = compressed(compression);
    const Descriptor layer = layer_of(bytes, compression);
    check_error([&] { moved(bytes, layer, wrong); },
                Fault::integrity,
                "layer `" + layer.digest.text() + "` uncompresses to `" +
                    Digest::of(content).text() + "`, but the image's config says `" + wrong.text() +
                    "`");
  }
}

TEST_CASE("a layer that cannot be uncompressed is named") {
  std::string bytes = compressed(Compression::gzip);
  bytes.resize(bytes.size() / 2);
  const Descriptor layer = layer_of(bytes, Compression::gzip);
  const Error error = error_of([&] { moved(bytes, layer, Digest::of(content)); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()).starts_with("layer `" + layer.digest.text() + "`: "));
}

TEST_CASE("of a type that is no layer's nothing is asked") {
  const Descriptor other{"application/vnd.example", Digest::of("x"), 1, {}, {}};
  CHECK(moved("x", other, Digest::of("y")) == "x");
}

TEST_CASE("moving a layer can be stopped") {
  const std::string bytes = compressed(Compression::zstd);
  Stop stop;
  stop.request(Fault::terminated);
  StringSink sink(10'000'000);
  const auto work = [&] {
    move_checked(std::make_unique<StringSource>(bytes),
                 sink,
                 layer_of(bytes, Compression::zstd),
                 Digest::of(content),
                 stop);
  };
  CHECK(error_of(work).fault() == Fault::terminated);
}
