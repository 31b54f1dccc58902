#include "lib/oci/json.h"

#include "tests/unit/oci/check_error.h"

#include <nlohmann/json.hpp>

#include <string>

using namespace mlpack;
using test::check_error;

namespace {

void check_not_json(const std::string& text, const std::string& message) {
  check_error([&] { parse_json(text, "manifest of `x`"); }, Fault::input, message);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i)
    result += text;
  return result;
}

}  // namespace

TEST_CASE("JSON keeps the order of its keys") {
  CHECK(parse_json(R"({"b": 1, "a": [true, null, "x"]})", "it").dump() ==
        R"({"b":1,"a":[true,null,"x"]})");
}

TEST_CASE("what is not JSON is refused with its place") {
  check_not_json("", "manifest of `x` is empty");
  check_not_json(" \n", "manifest of `x` is empty");
  check_not_json("{", "manifest of `x` is not valid JSON at line 1, column 2");
  check_not_json("{}\n\n  x", "manifest of `x` is not valid JSON at line 3, column 3");
  check_not_json("<html>", "manifest of `x` is not valid JSON at line 1, column 1");
  check_not_json("{\"a\": 1e999}", "manifest of `x` is not valid JSON at line 1, column 11");
  check_not_json("\"\xff\"", "manifest of `x` is not UTF-8");
}

TEST_CASE("what other readers of JSON do not take for JSON is refused") {
  check_not_json("\xef\xbb\xbf{}", "manifest of `x` begins with a byte order mark");
  check_not_json(std::string("{}\0", 3), "manifest of `x` holds a NUL byte");
  check_not_json(std::string("{}\0{}", 5), "manifest of `x` holds a NUL byte");
  check_not_json("{}\n{}", "manifest of `x` is not valid JSON at line 2, column 1");
  check_not_json("{} x", "manifest of `x` is not valid JSON at line 1, column 4");
  CHECK_NOTHROW(parse_json(" {}\r\n", "it"));
}

TEST_CASE("a key that appears twice is refused") {
  check_not_json(R"({"a": 1, "b": {"a": 1}, "a": 2})", "manifest of `x`: key `a` appears twice");
  check_not_json(R"({"a": [{"\u0062": 1, "b": 2}]})", "manifest of `x`: key `b` appears twice");
  CHECK_NOTHROW(parse_json(R"([{"a": 1}, {"a": 1}])", "it"));
}

TEST_CASE("JSON is nested at most 64 deep") {
  CHECK_NOTHROW(parse_json(repeated("[", 64) + repeated("]", 64), "it"));
  check_not_json(repeated("[", 65) + repeated("]", 65),
                 "manifest of `x` is nested more than 64 deep");
  check_not_json(repeated("{\"a\":", 4'000'000), "manifest of `x` is nested more than 64 deep");
}

TEST_CASE("large documents take no longer than their size") {
  CHECK(parse_json("[" + repeated("[],", 500'000) + "[]]", "it").size() == 500'001);
}

TEST_CASE("large objects take no longer than their size") {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i)
    text += "\"" + std::to_string(i) + "\":0,";
  CHECK(parse_json(text + "\"x\":0}", "it").size() == 200'001);
}

TEST_CASE("JSON of every kind of value is read as it is written") {
  const std::string text =
      R"([-1,0,18446744073709551615,0.5,"a\"ä",true,false,null,[],{},[[]],{"a":{"b":[1,{"c":2}]},"d":3}])";
  CHECK(parse_json(text, "it").dump() == text);
  CHECK(parse_json("7", "it") == 7);
}
