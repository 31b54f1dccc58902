#include "lib/digest.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("the digest of nothing is the known one") {
  CHECK(Digest::of("").text() ==
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a digest parses back from its text") {
  const Digest digest = Digest::of("abc");
  CHECK(Digest::parse(digest.text()) == digest);
}

TEST_CASE("text that is not a sha256 digest is no digest") {
  const std::string hex = Digest::of("abc").hex();
  CHECK_FALSE(Digest::parse("sha512:" + hex + hex));
  CHECK_FALSE(Digest::parse("sha256:" + hex.substr(1)));
  CHECK_FALSE(Digest::parse("sha256:../" + hex.substr(3)));
  CHECK_FALSE(Digest::parse("sha256:" + hex + "0"));
  CHECK_FALSE(Digest::from_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
}
