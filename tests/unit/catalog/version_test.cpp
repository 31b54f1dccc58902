#include "lib/catalog/version.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

Version parsed(std::string_view text) {
  const auto version = Version::parse(text);
  REQUIRE_MESSAGE(version, std::string(text));
  return *version;
}

}  // namespace

TEST_CASE("a version keeps its text, and its parts are numbers") {
  CHECK(parsed("545.23.06").text() == "545.23.06");
  CHECK(parsed("545.23.06").part(2) == 6);
  CHECK(parsed("535").size() == 1);
  CHECK(parsed("1.2.3.4").size() == 4);
}

TEST_CASE("versions are compared by their numbers") {
  CHECK(parsed("12.10") > parsed("12.9"));
  CHECK(parsed("525.60.13") > parsed("525"));
  CHECK(parsed("12.4") == parsed("12.4.0"));
  CHECK(parsed("12.4.1").same_minor(parsed("12.4")));
  CHECK_FALSE(parsed("12.4").same_minor(parsed("13.4")));
}

TEST_CASE("what is no version is not parsed") {
  for (const std::string_view text :
       {"", ".", "12.", ".4", "12..4", "1.2.3.4.5", "12.x", "R535", "1234567", "12.4 ", "-1"}) {
    CHECK_MESSAGE(!Version::parse(text), std::string(text));
  }
}
