#include "layers/layer_check.h"

#include "layers/compress.h"
#include "lib/oci/verify.h"
#include "tests/unit/oci/check_error.h"

#include <doctest/doctest.h>

#include <array>

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
  const Stop stop;
  StringSink sink(10'000'000);
  copy(*open_checked(std::make_unique<StringSource>(bytes), layer, diff_id, stop), sink);
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

TEST_CASE("of a layer that uncompresses to something else the last bytes are not given away") {
  const Stop stop;
  for (const auto compression : {Compression::gzip, Compression::zstd}) {
    const std::string bytes = compressed(compression);
    const auto source = open_checked(std::make_unique<StringSource>(bytes),
                                     layer_of(bytes, compression),
                                     Digest::of("something else"),
                                     stop);
    std::string given;
    const Error error = error_of([&] {
      std::array<std::byte, 7> buffer{};
      while (const std::size_t count = source->read(buffer))
        given.append(reinterpret_cast<const char*>(buffer.data()), count);
    });
    CHECK(error.fault() == Fault::integrity);
    CHECK(given.size() < bytes.size());
  }
}

TEST_CASE(
    "of a layer that is not what it was called that is told, whatever else is wrong with it") {
  const Stop stop;
  StringSink sink(1'000);
  const std::string bytes = "no zstd at all";
  const Descriptor layer = layer_of(bytes, Compression::zstd);
  const auto read = [&](const std::string& found) {
    auto source = std::make_unique<VerifyingSource>(
        std::make_unique<StringSource>(found), layer, "the bytes of a test");
    copy(*open_checked(std::move(source), layer, Digest::of("x"), stop), sink);
  };
  check_error(
      [&] { read(bytes); },
      Fault::integrity,
      "layer `" + layer.digest.text() + "`: the zstd stream is damaged: Unknown frame descriptor");
  check_error([&] { read("other at all.."); },
              Fault::integrity,
              "the bytes of a test have digest `" + Digest::of("other at all..").text() +
                  "`, not `" + layer.digest.text() + "`");
}

TEST_CASE("an empty blob is no compressed layer, whoever reads it") {
  const Stop stop;
  for (const auto compression : {Compression::gzip, Compression::zstd}) {
    const Descriptor layer = layer_of("", compression);
    CHECK_THROWS_AS(
        open_checked(std::make_unique<StringSource>(""), layer, Digest::of(content), stop), Error);
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
    copy(*open_checked(std::make_unique<StringSource>(bytes),
                       layer_of(bytes, Compression::zstd),
                       Digest::of(content),
                       stop),
         sink);
  };
  CHECK(error_of(work).fault() == Fault::terminated);
}
