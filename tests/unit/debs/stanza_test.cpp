#include "layers/deb_stanza.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Names = std::vector<std::string>;

// The paragraphs of `text`, given in pieces of `step` bytes.
Names paragraphs(std::string_view text, std::size_t step) {
  Names found;
  ParagraphSink sink([&](std::string_view paragraph) { found.emplace_back(paragraph); });
  for (std::size_t at = 0; at < text.size(); at += step)
    sink.write(as_bytes(text.substr(at, step)));
  sink.finish();
  return found;
}

}  // namespace

TEST_CASE("a field is found whatever its case, without the space around it") {
  const std::string_view paragraph = "Package: bash\nVersion:5.2\nMulti-Arch:  foreign \n";
  CHECK(deb_field(paragraph, "Package") == "bash");
  CHECK(deb_field(paragraph, "package") == "bash");
  CHECK(deb_field(paragraph, "VERSION") == "5.2");
  CHECK(deb_field(paragraph, "Multi-Arch") == "foreign");
}

TEST_CASE("a field that is missing, or only the start of another, is empty") {
  const std::string_view paragraph = "Pre-Depends: a\nDepends: b\nDescription: no field\n Depth: x";
  CHECK(deb_field(paragraph, "Depends") == "b");
  CHECK(deb_field(paragraph, "Dep").empty());
  CHECK(deb_field(paragraph, "Depth").empty());
  CHECK(deb_field(paragraph, "Size").empty());
  CHECK(deb_field("", "Size").empty());
  CHECK(deb_field("Size", "Size").empty());
}

TEST_CASE("continuation lines belong to the value as they are") {
  const std::string_view paragraph = "Depends: a,\n b,\n\tc\nSize: 7\nEmpty:\n";
  CHECK(deb_field(paragraph, "Depends") == "a,\n b,\n\tc");
  CHECK(deb_field(paragraph, "Size") == "7");
  CHECK(deb_field(paragraph, "Empty").empty());
}

TEST_CASE("paragraphs end at blank lines, and comments are no part of them") {
  CHECK(deb_paragraphs("# said\n\nA: 1\n# in between\nB: 2\n \n\nA: 2") ==
        Names{"A: 1\nB: 2\n", "A: 2\n"});
  CHECK(deb_paragraphs("\n\n").empty());
  CHECK(deb_paragraphs("").empty());
}

TEST_CASE("a list in pieces of any size has the same paragraphs") {
  for (const std::size_t step : std::initializer_list<std::size_t>{1, 2, 3, 5, 100}) {
    INFO(step);
    CHECK(paragraphs("A: 1\nB: 2\n\nA: 2\n\nA: 3\n", step) ==
          Names{"A: 1\nB: 2\n", "A: 2\n", "A: 3\n"});
    CHECK(paragraphs("A: 1", step) == Names{"A: 1"});
    CHECK(paragraphs("", step).empty());
  }
}

TEST_CASE("any number of blank lines parts two paragraphs of a list") {
  for (const std::size_t step : std::initializer_list<std::size_t>{1, 2, 3, 100}) {
    for (const std::size_t blank : std::initializer_list<std::size_t>{2, 3, 4, 5, 6}) {
      INFO(step << " bytes each, " << blank << " line breaks");
      const std::string gap(blank, '\n');
      Names found = paragraphs(gap + "A: 1" + gap + "A: 2" + gap, step);
      REQUIRE(found.size() == 2);
      CHECK(deb_field(found[0], "A") == "1");
      CHECK(deb_field(found[1], "A") == "2");
    }
  }
}

TEST_CASE("a paragraph without end is refused before it fills the memory") {
  ParagraphSink sink([](std::string_view) {});
  const std::string line(200 << 10, 'x');
  CHECK(failure(Fault::integrity, [&] {
          for (int i = 0; i < 5; ++i)
            sink.write(as_bytes(line));
        }) == "a paragraph of a package list is longer than 512 KiB");
}

TEST_CASE("a dependency is known by its name, without version, architecture or profile") {
  CHECK(dependency_name("libc6") == "libc6");
  CHECK(dependency_name("libc6 (>= 2.36)") == "libc6");
  CHECK(dependency_name("libc6(>=2.36)") == "libc6");
  CHECK(dependency_name("python3:any (>= 3.11)") == "python3");
  CHECK(dependency_name("gcc [amd64]") == "gcc");
  CHECK(dependency_name("gcc <!nocheck>") == "gcc");
}

TEST_CASE("dependencies are parted by commas, their alternatives by bars") {
  using Needs = std::vector<std::vector<std::string_view>>;
  CHECK(dependencies("a (>= 1) | b|c,\n d,") == Needs{{"a (>= 1)", "b", "c"}, {"d"}});
  CHECK(dependencies(" , ,").empty());
  CHECK(dependencies("").empty());
}
