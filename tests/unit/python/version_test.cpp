#include "lib/python/version.h"

#include "lib/python/name.h"
#include "lib/python/requirement.h"
#include "lib/python/specifier.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;

namespace {

std::string normal(const char* text) {
  const auto version = PythonVersion::parse(text);
  return version ? version->text() : "none";
}

bool fits(const char* specifiers, const char* version) {
  return PythonSpecifiers::parse(specifiers)
      .value()
      .contains(PythonVersion::parse(version).value());
}

}  // namespace

TEST_CASE("versions are sorted as PEP 440 sorts them") {
  const std::vector<const char*> sorted{"1.dev0",
                                        "1.0.dev456",
                                        "1.0a1",
                                        "1.0a2.dev456",
                                        "1.0a12.dev456",
                                        "1.0a12",
                                        "1.0b1.dev456",
                                        "1.0b2",
                                        "1.0b2.post345.dev456",
                                        "1.0b2.post345",
                                        "1.0rc1.dev456",
                                        "1.0rc1",
                                        "1.0",
                                        "1.0+abc.5",
                                        "1.0+abc.7",
                                        "1.0+5",
                                        "1.0.post456.dev34",
                                        "1.0.post456",
                                        "1.0.15",
                                        "1.1.dev1",
                                        "1!0.1"};
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    CAPTURE(sorted[i]);
    CHECK(PythonVersion::parse(sorted[i - 1]).value() < PythonVersion::parse(sorted[i]).value());
  }
}

TEST_CASE("spellings that PEP 440 allows have one normal form") {
  CHECK(normal("1.1RC1") == "1.1rc1");
  CHECK(normal("00.9.0") == "0.9.0");
  CHECK(normal("1.1.a1") == "1.1a1");
  CHECK(normal("1.1-a-1") == "1.1a1");
  CHECK(normal("1.1c3") == "1.1rc3");
  CHECK(normal("1.1alpha1") == "1.1a1");
  CHECK(normal("1.2a") == "1.2a0");
  CHECK(normal("1.2-post2") == "1.2.post2");
  CHECK(normal("1.0-r4") == "1.0.post4");
  CHECK(normal("1.0-1") == "1.0.post1");
  CHECK(normal("1.2.dev") == "1.2.dev0");
  CHECK(normal("1.0+ubuntu-1") == "1.0+ubuntu.1");
  CHECK(normal(" v1.0\n") == "1.0");
  CHECK(normal("1!2.0rc1.post2.dev3+local.4") == "1!2.0rc1.post2.dev3+local.4");
}

TEST_CASE("what is no version is told from what is one") {
  for (const char* text : {"",
                           "x",
                           "1.",
                           "1..2",
                           "1.0+",
                           "1.0+a..b",
                           "!1",
                           "1.0-",
                           "1 0",
                           "french",
                           "1.0+foo+bar",
                           "1.1234567890123456789",
                           "\xff"}) {
    CAPTURE(text);
    CHECK(normal(text) == "none");
  }
}

TEST_CASE("conditions hold for the versions that PEP 440 says") {
  CHECK(fits("~=2.2", "2.9"));
  CHECK_FALSE(fits("~=2.2", "3.0"));
  CHECK(fits("~=1.4.5a4", "1.4.9"));
  CHECK_FALSE(fits("~=1.4.5a4", "1.5"));
  CHECK(fits("~=2.2.0", "2.2.0.post1"));
  CHECK(fits("==1.1.*", "1.1.post1"));
  CHECK(fits("==1.1.*", "1.1a1"));
  CHECK_FALSE(fits("==1.1", "1.1.post1"));
  CHECK(fits("==1.1", "1.1.0+local"));
  CHECK_FALSE(fits("==1.1+other", "1.1+local"));
  CHECK_FALSE(fits("!=1.1.*", "1.1.post1"));
  CHECK_FALSE(fits(">1.7", "1.7.0.post1"));
  CHECK(fits(">1.7", "1.7.1"));
  CHECK(fits(">1.7.post2", "1.7.0.post3"));
  CHECK_FALSE(fits(">1.7", "1.7+local"));
  CHECK_FALSE(fits("<3.0", "3.0rc1"));
  CHECK(fits("<3.0rc2", "3.0rc1"));
  CHECK(fits(">=3.8,!=3.9.1, <4", "3.11.2"));
  CHECK(fits("", "1"));
  CHECK(fits("===1.0", "1.0"));
}

TEST_CASE("conditions that PEP 440 does not know are none") {
  for (const char* text :
       {"1.0", "~=1", ">=1.0.*", ">1.0+local", "=>1.0", "==", "==1.0 2.0", "==1.0+a.*"}) {
    CAPTURE(text);
    CHECK_FALSE(PythonSpecifiers::parse(text));
  }
}

TEST_CASE("names are compared as PEP 503 normalises them") {
  CHECK(normalized_name("Friendly-._Bard") == "friendly-bard");
  CHECK(is_project_name("ruamel.yaml"));
  CHECK_FALSE(is_project_name("-x"));
  CHECK_FALSE(is_project_name("a b"));
}

TEST_CASE("requirements are read as PEP 508 writes them") {
  const auto full =
      parse_requirement(R"(requests [security,Tests] >= 2.8.1, == 2.8.* ; python_version < "2.7")");
  REQUIRE(full);
  CHECK(full->name == "requests");
  CHECK(full->extras == std::vector<std::string>{"security", "tests"});
  CHECK(full->versions.contains(*PythonVersion::parse("2.8.2")));
  CHECK(full->marker == "python_version < \"2.7\"");
  const auto url =
      parse_requirement("pip @ https://x.example/pip-1.3.1-py3-none-any.whl;x ; os_name=='a'");
  REQUIRE(url);
  CHECK(url->url == "https://x.example/pip-1.3.1-py3-none-any.whl;x");
  CHECK(url->marker == "os_name=='a'");
  CHECK(parse_requirement("A.B-C_D(>=1)")->name == "a-b-c-d");
  for (const char* text :
       {"", "[x]", "name [x", "name >= ", "name;", "name @", "name @ u x", "na me"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_requirement(text));
  }
}
