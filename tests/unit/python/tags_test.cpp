#include "lib/python/tags.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;

namespace {

WheelName wheel(const std::string& name) {
  const auto parsed = parse_wheel_name(name);
  REQUIRE_MESSAGE(parsed, name);
  return *parsed;
}

PythonTarget bookworm() {
  return {3, 11, "x86_64", {LibcVersion::Kind::glibc, 2, 36}};
}

bool fits(const PythonTarget& target, const std::string& name) {
  return SupportedTags(target).rank(wheel(name).tags).has_value();
}

}  // namespace

TEST_CASE("the name of a wheel says what it holds") {
  const WheelName name = wheel("Foo.Bar-1.0.post1-2_x-py2.py3-none-any.whl");
  CHECK(name.name == "foo-bar");
  CHECK(name.version == "1.0.post1");
  CHECK(name.build == "2_x");
  CHECK(name.tags == std::vector<std::string>{"py2-none-any", "py3-none-any"});
  for (const char* text : {"foo.whl",
                           "foo-1.0-py3-none-any.zip",
                           "foo-x-py3-none-any.whl",
                           "foo-1.0-x-py3-none-any.whl",
                           "foo-1.0--none-any.whl",
                           "-1.0-py3-none-any.whl",
                           "foo-1.0-1-py3-none-any-x.whl",
                           "foo__bar-1.0-py3-none-any.whl",
                           "foo-1.0-py3-none-a/b.whl"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_wheel_name(text));
  }
}

TEST_CASE("a wheel fits the interpreter, the machine and the C library of the image") {
  const PythonTarget target = bookworm();
  CHECK(fits(target, "x-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"));
  CHECK(fits(target, "x-1-cp311-cp311-manylinux_2_36_x86_64.whl"));
  CHECK_FALSE(fits(target, "x-1-cp311-cp311-manylinux_2_37_x86_64.whl"));
  CHECK(fits(target, "x-1-cp311-cp311-manylinux1_x86_64.whl"));
  CHECK(fits(target, "x-1-cp37-abi3-manylinux2010_x86_64.whl"));
  CHECK(fits(target, "x-1-cp311-none-any.whl"));
  CHECK(fits(target, "x-1-py3-none-linux_x86_64.whl"));
  CHECK(fits(target, "x-1-py38-none-any.whl"));
  CHECK_FALSE(fits(target, "x-1-py312-none-any.whl"));
  CHECK_FALSE(fits(target, "x-1-cp310-cp310-manylinux2014_x86_64.whl"));
  CHECK_FALSE(fits(target, "x-1-cp312-abi3-manylinux2014_x86_64.whl"));
  CHECK_FALSE(fits(target, "x-1-cp311-cp311-manylinux2014_aarch64.whl"));
  CHECK_FALSE(fits(target, "x-1-cp311-cp311-musllinux_1_2_x86_64.whl"));
  CHECK_FALSE(fits(target, "x-1-cp311-cp311-win_amd64.whl"));
  CHECK_FALSE(fits(target, "x-1-cp311-cp311t-manylinux2014_x86_64.whl"));
}

TEST_CASE("on musl only musllinux wheels and those without machine code fit") {
  const PythonTarget alpine{3, 12, "aarch64", {LibcVersion::Kind::musl, 1, 2}};
  CHECK(fits(alpine, "x-1-cp312-cp312-musllinux_1_1_aarch64.whl"));
  CHECK(fits(alpine, "x-1-py3-none-any.whl"));
  CHECK_FALSE(fits(alpine, "x-1-cp312-cp312-musllinux_1_3_aarch64.whl"));
  CHECK_FALSE(fits(alpine, "x-1-cp312-cp312-manylinux2014_aarch64.whl"));
}

TEST_CASE("the better of two wheels is the newer, the more special, the later build") {
  const SupportedTags tags(bookworm());
  const auto better = [&](const char* left, const char* right) {
    return is_better_wheel(wheel(left), wheel(right), tags) &&
           !is_better_wheel(wheel(right), wheel(left), tags);
  };
  CHECK(better("x-2-py3-none-any.whl", "x-1-cp311-cp311-manylinux2014_x86_64.whl"));
  CHECK(better("x-1-cp311-cp311-manylinux2014_x86_64.whl",
               "x-1-cp311-abi3-manylinux2014_x86_64.whl"));
  CHECK(better("x-1-cp311-cp311-manylinux_2_28_x86_64.whl",
               "x-1-cp311-cp311-manylinux_2_17_x86_64.whl"));
  CHECK(better("x-1-cp311-none-any.whl", "x-1-py3-none-any.whl"));
  CHECK(better("x-1-10-py3-none-any.whl", "x-1-9-py3-none-any.whl"));
  CHECK(better("x-1-1-py3-none-any.whl", "x-1-py3-none-any.whl"));
}
