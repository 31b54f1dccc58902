#include "lib/oci/read_blob.h"

#include "lib/oci/verify.h"
#include "tests/unit/oci/check_error.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace mlpack;
using namespace mlpack::test;

namespace {

Descriptor blob_of(const std::string& text) {
  return {std::string(media_type::oci_layer), Digest::of(text), text.size(), {}, {}};
}

// Gives `bytes` as those of whatever blob is wanted.
OpenBlob opener_of(const std::string& bytes) {
  return [bytes](const Descriptor& blob) -> std::unique_ptr<Source> {
    return std::make_unique<VerifyingSource>(
        std::make_unique<StringSource>(bytes), blob, "the bytes");
  };
}

const std::string wrong_bytes = "the bytes have digest `" + Digest::of("lies").text() + "`, not `" +
                                Digest::of("true").text() + "`";

void read_one(Source& source) {
  std::array<std::byte, 1> byte{};
  CHECK(source.read(byte) == 1);
}

ReadBlob failing(Fault fault) {
  return [fault](std::unique_ptr<Source> source) {
    read_one(*source);
    fail(fault, "it makes no sense");
  };
}

}  // namespace

TEST_CASE("a blob is compared with its digest, whatever its reader leaves of it") {
  const ReadBlob read = [](std::unique_ptr<Source> source) { read_one(*source); };
  read_once(opener_of("true"), blob_of("true"), read);
  check_error(
      [&] { read_once(opener_of("lies"), blob_of("true"), read); }, Fault::integrity, wrong_bytes);
  look_into_blob(opener_of("lies"), blob_of("true"), read);
}

TEST_CASE("bytes that make no sense are told as wrong where they are others") {
  for (const Fault fault : {Fault::input, Fault::integrity}) {
    for (const auto run : {read_once, read_blob, look_into_blob}) {
      check_error([&] { run(opener_of("lies"), blob_of("true"), failing(fault)); },
                  Fault::integrity,
                  wrong_bytes);
      check_error([&] { run(opener_of("true"), blob_of("true"), failing(fault)); },
                  fault,
                  "it makes no sense");
    }
  }
}

TEST_CASE("a failure that is not about the bytes is told without a look at the rest of them") {
  check_error([&] { read_blob(opener_of("lies"), blob_of("true"), failing(Fault::disk)); },
              Fault::disk,
              "it makes no sense");
  const ReadBlob untouched = [](const std::unique_ptr<Source>&) {
    fail(Fault::input, "it is of the wrong type");
  };
  check_error([&] { read_blob(opener_of("lies"), blob_of("true"), untouched); },
              Fault::input,
              "it is of the wrong type");
}

TEST_CASE("a blob is read anew for as long as its bytes come from another place each time") {
  int opened = 0;
  std::string text;
  const OpenBlob open = [&](const Descriptor& blob) {
    if (++opened == 3) return opener_of("true")(blob);
    Error error(Fault::integrity, "this copy is bad");
    error.set_again(Error::Again::helps);
    throw error;
  };
  const ReadBlob read = [&](std::unique_ptr<Source> source) {
    StringSink sink(100);
    copy(*source, sink);
    text = sink.text;
  };
  read_blob(open, blob_of("true"), read);
  CHECK(text == "true");
  CHECK(opened == 3);
  opened = 0;
  check_error(
      [&] { read_once(open, blob_of("true"), read); }, Fault::integrity, "this copy is bad");
  CHECK(opened == 1);
}
