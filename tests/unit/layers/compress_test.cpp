#include "layers/compress.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <array>
#include <random>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// Text that compresses, about as well as code does.
std::string sample(std::size_t size) {
  std::mt19937 random(7);
  const std::array<std::string, 4> words{"tensor", "def forward", "\n    return ", "0.0213"};
  std::string text;
  while (text.size() < size) {
    text += words[random() % words.size()];
    text += static_cast<char>(random());
  }
  text.resize(size);
  return text;
}

enum class Cut { whole, random };

std::string compressed(const std::string& text, Compression codec, std::size_t jobs, Cut cut) {
  StringSink sink(std::size_t{1} << 30);
  const auto compressor = make_compressor(codec, sink, jobs);
  std::mt19937 random(3);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t size = cut == Cut::whole
                                 ? rest.size()
                                 : std::min<std::size_t>(rest.size(), 1 + random() % 300'000);
    compressor->write(as_bytes(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  compressor->finish();
  return sink.text;
}

std::string decompressed(const std::string& bytes,
                         Compression codec,
                         const DecompressLimits& limits = {}) {
  return all_of(*decompress(std::make_unique<StringSource>(bytes), codec, limits));
}

}  // namespace

TEST_CASE("compressed bytes do not depend on the threads or on the writes") {
  const std::string text = sample(9'000'000);
  for (const Compression codec : {Compression::gzip, Compression::zstd, Compression::none}) {
    const std::string once = compressed(text, codec, 1, Cut::whole);
    CHECK(compressed(text, codec, 8, Cut::whole) == once);
    CHECK(compressed(text, codec, 1, Cut::random) == once);
    CHECK(compressed(text, codec, 3, Cut::random) == once);
    CHECK(decompressed(once, codec) == text);
  }
}

TEST_CASE("gzip is a member for each MiB, with the same bytes everywhere") {
  const std::string text = sample(std::size_t{2} << 20);
  const std::string bytes = compressed(text, Compression::gzip, 2, Cut::whole);
  CHECK(bytes.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
  CHECK(bytes == compressed(text.substr(0, 1 << 20), Compression::gzip, 1, Cut::whole) +
                     compressed(text.substr(1 << 20), Compression::gzip, 1, Cut::whole));
  // Known from zlib 1.2.13 and 1.3.1: a change here changes every gzip layer.
  CHECK(Digest::of(bytes).short_hex() == "4f693cbcda74");
}

TEST_CASE("nothing compresses to something that decompresses to nothing") {
  for (const Compression codec : {Compression::gzip, Compression::zstd}) {
    const std::string bytes = compressed("", codec, 4, Cut::whole);
    CHECK(sniff_compression(bytes) == codec);
    CHECK(decompressed(bytes, codec).empty());
  }
}

TEST_CASE("gzip and zstd read what is written here, and the other way round") {
  const TempDir dir;
  const std::string text = sample(3'000'000);
  dir.write("t", text);
  const std::string at = dir.path().string();
  dir.write("a.gz", compressed(text, Compression::gzip, 2, Cut::whole));
  output_of("gzip -dc " + at + "/a.gz | cmp - " + at + "/t");
  output_of("gzip -kc " + at + "/t > " + at + "/b.gz; cat " + at + "/a.gz >> " + at + "/b.gz");
  CHECK(decompressed(dir.read("b.gz"), Compression::gzip) == text + text);
  if (std::system("command -v zstd > /dev/null 2>&1") == 0) {
    dir.write("a.zst", compressed(text, Compression::zstd, 2, Cut::whole));
    output_of("zstd -qdc " + at + "/a.zst | cmp - " + at + "/t");
    output_of("zstd -qkc " + at + "/t > " + at + "/b.zst; cat " + at + "/a.zst >> " + at +
              "/b.zst");
    CHECK(decompressed(dir.read("b.zst"), Compression::zstd) == text + text);
  }
}

TEST_CASE("zstd declares no size and ends with a checksum") {
  const std::string bytes = compressed("hello", Compression::zstd, 1, Cut::whole);
  CHECK(static_cast<unsigned char>(bytes[4]) == 0x04);
}

TEST_CASE("codecs are named by what decides their bytes") {
  CHECK(codec_id(Compression::none) == "none");
  CHECK(codec_id(Compression::gzip) == "gzip zlib l6 m1M");
  CHECK(codec_id(Compression::zstd).starts_with("zstd 1."));
  CHECK(codec_id(Compression::zstd).ends_with(" l3 j2M"));
}

TEST_CASE("a compressed stream cut anywhere is an error") {
  const std::string text = sample(200'000);
  for (const Compression codec : {Compression::gzip, Compression::zstd}) {
    const std::string bytes = compressed(text, codec, 1, Cut::whole);
    const char* message =
        codec == Compression::gzip ? "the gzip stream ends early" : "the zstd stream ends early";
    for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 97) {
      CHECK_THROWS_WITH_AS(decompressed(bytes.substr(0, length), codec), message, Error);
    }
    CHECK_THROWS_WITH_AS(decompressed(bytes.substr(0, bytes.size() - 1), codec), message, Error);
  }
}

TEST_CASE("what is not compressed data is an error, at the start and after the end") {
  CHECK_THROWS_WITH_AS(decompressed("hello world", Compression::gzip),
                       "the gzip stream is damaged: incorrect header check",
                       Error);
  CHECK_THROWS_WITH_AS(decompressed("hello world", Compression::zstd),
                       "the zstd stream is damaged: Unknown frame descriptor",
                       Error);
  const std::string gzip = compressed("x", Compression::gzip, 1, Cut::whole);
  CHECK_THROWS_WITH_AS(decompressed(gzip + "hello", Compression::gzip),
                       "the gzip stream is followed by something else: incorrect header check",
                       Error);
  std::string flipped = compressed(sample(100'000), Compression::zstd, 1, Cut::whole);
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  CHECK_THROWS_AS(decompressed(flipped, Compression::zstd), Error);
}

TEST_CASE("a decompression bomb stops at the limits") {
  const std::string bomb =
      compressed(std::string(50'000'000, '\0'), Compression::zstd, 1, Cut::whole);
  CHECK_THROWS_WITH_AS(decompressed(bomb, Compression::zstd, {std::uint64_t{1} << 20, 1100, 0}),
                       "decompresses to more than the 1.00 MiB accepted here",
                       Error);
  CHECK_THROWS_WITH_AS(decompressed(bomb, Compression::zstd, {std::uint64_t{1} << 40, 1100, 1000}),
                       "decompresses to more than 1100 times its size: a decompression bomb",
                       Error);
  CHECK(decompressed(bomb, Compression::zstd).size() == 50'000'000);
}

TEST_CASE("a zstd frame with a huge window is refused") {
  // Magic, descriptor, a window descriptor of 2^31 bytes, an empty last block (RFC 8878).
  const std::string frame("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9);
  CHECK_THROWS_WITH_AS(decompressed(frame, Compression::zstd),
                       "the zstd stream needs a window of more than 128 MiB",
                       Error);
}
