#include "registry/remote_xml.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("a reply of S3 is read") {
  const auto root = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<List xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\" a='>'>\n"
      "  <Key>a &amp; b&lt;&gt;&quot;&apos;&#65;&#x20AC;</Key><Empty/><Empty2></Empty2>\n"
      "</List>\n",
      10);
  REQUIRE(root);
  CHECK(root->name == "List");
  CHECK(root->children.size() == 3);
  CHECK(root->text_of("Key") == "a & b<>\"'A\xe2\x82\xac");
  CHECK(root->text_of("Empty").empty());
  CHECK(root->find("Missing") == nullptr);
}

TEST_CASE("what S3 never sends is no reply") {
  for (const char* bad : {"",
                          "text",
                          "<a>",
                          "<a></b>",
                          "<a/><b/>",
                          "<a/>text",
                          "<!DOCTYPE a><a/>",
                          "<a><![CDATA[x]]></a>",
                          "<a><!-- x --></a>",
                          "<a>&unknown;</a>",
                          "<a>&#0;</a>",
                          "<a>&#xd800;</a>",
                          "<a>&#x110000;</a>",
                          "<a>&#;</a>",
                          "<a>&amp</a>",
                          "<a b></a>",
                          "<a b=c></a>",
                          "<a b=\"c></a>",
                          "<a><b></a></b>",
                          "< a/>",
                          "<a>\xff</a>",
                          "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_xml(bad, 10));
  }
}

TEST_CASE("a document has its limits") {
  CHECK(parse_xml("<a><b/><b/></a>", 3));
  CHECK_FALSE(parse_xml("<a><b/><b/></a>", 2));
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i)
      text += "<a>";
    for (int i = 0; i < depth; ++i)
      text += "</a>";
    return text;
  };
  CHECK(parse_xml(nested(16), 100));
  CHECK_FALSE(parse_xml(nested(17), 100));
  CHECK_FALSE(parse_xml(nested(100'000), 1'000'000));
}
