#include "lib/oci/platform.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

std::string parsed_platform(std::string_view text) {
  const auto platform = Platform::parse(text);
  return platform ? platform->text() : "nothing";
}

Platform platform(std::string_view text) {
  return Platform::parse(text).value();
}

}  // namespace

TEST_CASE("a platform is written in Go's names") {
  CHECK(parsed_platform("linux/amd64") == "linux/amd64");
  CHECK(parsed_platform("amd64") == "linux/amd64");
  CHECK(parsed_platform("linux/x86_64") == "linux/amd64");
  CHECK(parsed_platform("Linux/AMD64") == "linux/amd64");
  CHECK(parsed_platform("linux/aarch64") == "linux/arm64");
  CHECK(parsed_platform("linux/arm64/v8") == "linux/arm64");
  CHECK(parsed_platform("arm64/v9") == "linux/arm64/v9");
  CHECK(parsed_platform("linux/amd64/v1") == "linux/amd64");
  CHECK(parsed_platform("linux/amd64/v3") == "linux/amd64/v3");
  CHECK(parsed_platform("linux/arm") == "linux/arm/v7");
  CHECK(parsed_platform("linux/arm/v6") == "linux/arm/v6");
  CHECK(parsed_platform("armhf") == "linux/arm/v7");
  CHECK(parsed_platform("i386") == "linux/386");
}

TEST_CASE("what is no linux platform is nothing") {
  for (const auto* text : {"",
                           "linux",
                           "linux/",
                           "/amd64",
                           "windows/amd64",
                           "darwin/arm64",
                           "linux/sparc",
                           "linux/amd64/v3/x",
                           "linux/amd64/",
                           "linux/amd64/../..",
                           "a/b/c"}) {
    CAPTURE(text);
    CHECK(parsed_platform(text) == "nothing");
  }
  CHECK(parsed_platform("linux/amd64/" + std::string(1000, 'v')) == "nothing");
}

TEST_CASE("the host's platform is one that parses") {
  CHECK(Platform::parse(Platform::host().text()) == Platform::host());
}

TEST_CASE("distributions have their own names for architectures") {
  CHECK(debian_architecture(platform("amd64")) == "amd64");
  CHECK(debian_architecture(platform("386")) == "i386");
  CHECK(debian_architecture(platform("arm/v7")) == "armhf");
  CHECK(debian_architecture(platform("arm/v6")) == "armel");
  CHECK(debian_architecture(platform("ppc64le")) == "ppc64el");
  CHECK(multiarch(platform("amd64")) == "x86_64-linux-gnu");
  CHECK(multiarch(platform("arm64")) == "aarch64-linux-gnu");
  CHECK(multiarch(platform("arm")) == "arm-linux-gnueabihf");
  CHECK(multiarch(platform("ppc64le")) == "powerpc64le-linux-gnu");
}
