#include "lib/text.h"

#include <doctest/doctest.h>

#include <array>

using namespace mlpack;

TEST_CASE("UTF-8 is told from what only looks like it") {
  CHECK(is_utf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80"));
  CHECK_FALSE(is_utf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // past U+10FFFF
  CHECK_FALSE(is_utf8("caf\xE9"));
  CHECK_FALSE(is_utf8("\xE2\x82"));
}

TEST_CASE("a slip of the fingers is recognised, a different word is not") {
  constexpr std::array<std::string_view, 3> known{"platform", "python", "port"};
  CHECK(did_you_mean("platfrom", known) == "platform");
  CHECK(did_you_mean("Port", known) == "port");
  CHECK(did_you_mean("biuld", std::vector<std::string_view>{"build", "push"}) == "build");
  CHECK_FALSE(did_you_mean("kubernetes", known));
}

TEST_CASE("sizes are read with decimal and binary units") {
  CHECK(parse_size("5GiB") == std::uint64_t{5} << 30);
  CHECK(parse_size("32Gi") == std::uint64_t{32} << 30);
  CHECK(parse_size("100MB") == 100'000'000);
  CHECK(parse_size("4096") == 4096);
  CHECK_FALSE(parse_size("0"));
  CHECK_FALSE(parse_size("-1"));
  CHECK_FALSE(parse_size("5 parsecs"));
  CHECK_FALSE(parse_size("99999999999TiB"));
  CHECK_FALSE(parse_size("GiB"));
}

TEST_CASE("numbers neither wrap nor take signs") {
  CHECK(parse_number("65535", 65535) == 65535);
  CHECK_FALSE(parse_number("65536", 65535));
  CHECK_FALSE(parse_number("99999999999999999999999", UINT64_MAX));
  CHECK_FALSE(parse_number("+1", 10));
  CHECK_FALSE(parse_number("", 10));
}

TEST_CASE("people read sizes and times in three digits") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(999) == "999 B");
  CHECK(human_size(1536) == "1.50 KiB");
  CHECK(human_size(std::uint64_t{6} << 30) == "6.00 GiB");
  CHECK(human_seconds(0.421) == "0.42 s");
  CHECK(human_seconds(187) == "3 min 07 s");
}

TEST_CASE("foreign text cannot drive a terminal") {
  CHECK(printable("a\x1b[31mb\xFF") == "a\\x1b[31mb\\xff");
  CHECK(printable("\xC3\xA9") == "\xC3\xA9");
  CHECK(printable("a\xC2\x9B"
                  "31mb") == "a\\x9b31mb");
  CHECK(printable("gpj.\xE2\x80\xAE"
                  "exe\xE2\x81\xA6x\xD8\x9C\xEF\xBB\xBF") ==
        "gpj.\\u202eexe\\u2066x\\u061c\\ufeff");
  CHECK(printable("\xE2\x80\xA6\xF0\x9F\x98\x80\xE6\xBC\xA2") ==
        "\xE2\x80\xA6\xF0\x9F\x98\x80\xE6\xBC\xA2");
  CHECK(printable(printable("a\x1b\xE2\x80\xAE")) == printable("a\x1b\xE2\x80\xAE"));
}

TEST_CASE("paths and files are taken out of URLs decoded") {
  CHECK(path_of_file_url("file:///a%20b/x%2By.whl") == "/a b/x+y.whl");
  CHECK_FALSE(path_of_file_url("https://h/a"));
  CHECK(file_in_url("https://h/w/torch-2.5%2Bcu124.whl?sig=a/b#x") == "torch-2.5+cu124.whl");
  CHECK(file_in_url("https://h/w/").empty());
}
