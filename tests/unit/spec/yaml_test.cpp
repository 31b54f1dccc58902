#include "lib/spec/yaml.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

YamlNode tree_of(std::string_view text) {
  Problems problems("a.yaml");
  YamlNode root = parse_yaml(text, problems);
  problems.raise_if_any();
  return root;
}

YamlNode::Scalar type_of(const std::string& scalar) {
  return tree_of("a: " + scalar).find("a")->type;
}

}  // namespace

TEST_CASE("plain scalars have the types of YAML 1.2") {
  for (const char* const text : {"yes",
                                 "on",
                                 "No",
                                 "1:30",
                                 "65532:65532",
                                 "1_000",
                                 "3.12.1",
                                 "abc",
                                 "20261101T000000Z",
                                 "1e",
                                 "--1",
                                 ".",
                                 "0o9",
                                 "0x"}) {
    CAPTURE(text);
    CHECK(type_of(text) == YamlNode::Scalar::text);
  }
  for (const char* const text : {"0", "12", "-3", "+3", "0755", "0o17", "0xfF"}) {
    CAPTURE(text);
    CHECK(type_of(text) == YamlNode::Scalar::integer);
  }
  for (const char* const text : {"3.10", "1.", ".5", "1e5", "-1.5E-3", ".inf", "-.inf", ".nan"}) {
    CAPTURE(text);
    CHECK(type_of(text) == YamlNode::Scalar::real);
  }
  CHECK(type_of("true") == YamlNode::Scalar::boolean);
  CHECK(type_of("\"3.10\"") == YamlNode::Scalar::text);
  CHECK(tree_of("a: 3.10").find("a")->text == "3.10");
  CHECK(tree_of("a: ~").find("a")->kind == YamlNode::Kind::null);
  CHECK(tree_of("a: \"~\"").find("a")->kind == YamlNode::Kind::scalar);
}

TEST_CASE("places count characters, not bytes") {
  const YamlNode root = tree_of("é: {ü: x}\nb:\n  - c\n");
  CHECK(root.entries[0].value.entries[0].place == Place{1, 5});
  CHECK(root.entries[0].value.entries[0].value.place == Place{1, 8});
  CHECK(root.find("b")->items[0].place == Place{3, 5});
}

TEST_CASE("a byte order mark is passed over") {
  const YamlNode root = tree_of(
      "\xEF\xBB\xBF"
      "a: b\n");
  CHECK(root.find("a")->place == Place{1, 4});
}

TEST_CASE("aliases are copies") {
  const YamlNode root = tree_of("a: &x {b: [1, 2]}\nc: *x\nd: [*x]\n");
  CHECK(root.find("c")->find("b")->items.size() == 2);
  CHECK(root.find("d")->items[0].find("b")->items[1].text == "2");
}

TEST_CASE("maps keep the order of the file") {
  const YamlNode root = tree_of("b: 1\na: 2\n");
  CHECK(root.entries[0].key == "b");
  CHECK(root.find("c") == nullptr);
}
