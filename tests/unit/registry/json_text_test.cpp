#include "registry/json_text.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;

namespace {

const nlohmann::ordered_json entry = {{"auth", "eDp5"}};

// `text` with the member `name` of its outermost object set to `entry`.
std::string with(const std::string& text, const std::string& name) {
  const ObjectText object = read_object(text, text.find('{'));
  return put_member(text, object, name, entry, layout_of(text, object));
}

std::string without(const std::string& text, std::size_t index) {
  return drop_member(text, read_object(text, text.find('{')), index);
}

}  // namespace

TEST_CASE("the members of an object are found in its text") {
  const std::string text = R"( {"a" : "}\"{", "\u0062":[{"a":1},"]"] , "c":-1.50e+3})";
  const ObjectText object = read_object(text, 1);
  REQUIRE(object.members.size() == 3);
  CHECK(object.close == text.size() - 1);
  CHECK(object.members[1].name == "b");
  const ObjectText::Member* number = object.find("c");
  REQUIRE(number != nullptr);
  CHECK(text.substr(number->value, number->end - number->value) == "-1.50e+3");
  CHECK(object.find("d") == nullptr);
  CHECK(read_object("{ }", 0).members.empty());
}

TEST_CASE("a member is replaced and nothing else is touched") {
  CHECK(with(R"({ "a":1e3,"b":{"x":[]} ,"c":1.10 })", "b") ==
        R"({ "a":1e3,"b":{"auth":"eDp5"} ,"c":1.10 })");
}

TEST_CASE("a new member is laid out as its neighbours are") {
  CHECK(with(R"({"a":1})", "b") == R"({"a":1,"b":{"auth":"eDp5"}})");
  CHECK(with("{\n\t\"a\": 1\n}\n", "b") ==
        "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"auth\": \"eDp5\"\n\t}\n}\n");
  CHECK(with("{}\n", "b") == "{\n  \"b\": {\n    \"auth\": \"eDp5\"\n  }\n}\n");
}

TEST_CASE("a member goes with its comma") {
  CHECK(without(R"({"a":1, "b":2, "c":3})", 0) == R"({"b":2, "c":3})");
  CHECK(without(R"({"a":1, "b":2, "c":3})", 1) == R"({"a":1, "c":3})");
  CHECK(without(R"({"a":1, "b":2, "c":3 })", 2) == R"({"a":1, "b":2 })");
  CHECK(without("{\n  \"a\": 1\n}", 0) == "{}");
}
