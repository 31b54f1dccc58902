#include "lib/resolve/releases.h"

#include "lib/text.h"
#include "tests/unit/resolve/rules_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

bool is_before(std::string_view a, std::string_view b) {
  return compare_releases(a, b) < 0 && compare_releases(b, a) > 0;
}

std::string taken(std::string_view text) {
  const std::vector<Version> all{version("3.8"), version("3.9"), version("3.12"), version("3.14")};
  NamedPythons named(all);
  std::vector<std::string> texts;
  for (const Version& one : named.in(text))
    texts.emplace_back(one.text());
  return join(texts, " ");
}

}  // namespace

TEST_CASE("releases of runtimes have an order, whatever they are called") {
  CHECK(is_before("0.8.5", "0.8.5.post1"));
  CHECK(is_before("0.9.0rc1", "0.9.0"));
  CHECK(is_before("0.9.9", "0.10.0"));
  CHECK(is_before("25.07", "26.01"));
  CHECK(is_before("2.9.1+cu126", "2.9.1+cu130"));
  CHECK(is_before("0.12.0-0.24.0", "0.30.0-0.33.0"));
  CHECK(is_before("ray-ml", "2.58.0"));
  CHECK(compare_releases("0.10.0", "0.010.0") == 0);
}

TEST_CASE("a specifier is read as PEP 440 says, and labels do not count") {
  const auto takes = [](std::string_view specifier, std::string_view release) {
    return takes_release(specifier, version(release));
  };
  CHECK(takes("", "2.9.0"));
  CHECK(takes("==2.9", "2.9.0"));
  CHECK(takes("==2.9.0+cu128", "2.9.0"));
  CHECK(takes(">=2.5, <2.9, !=2.7.*", "2.8.1"));
  CHECK_FALSE(takes(">=2.5, <2.9, !=2.7.*", "2.7.1"));
  CHECK(takes("~=2.13.0", "2.13.4"));
  CHECK_FALSE(takes("~=2.13.0", "2.14.0"));
  CHECK_FALSE(takes("~=2", "2.14.0"));
  CHECK(takes("===2.9.0", "2.9.0"));
  CHECK_FALSE(takes("=>2.9", "2.9.0"));
  CHECK_FALSE(takes("==2.9.0rc1", "2.9.0"));
}

TEST_CASE("the pin, the label and the Pythons of texts") {
  CHECK(pinned_release("==2.15.0") == "2.15.0");
  CHECK(pinned_release("==2.15.0,<3") == "");
  CHECK(local_label("==2.9.0+cu128,<3") == "cu128");
  CHECK(local_label("==2.9.0") == "");
  CHECK(taken(">=3.9,<3.13") == "3.9 3.12");
  CHECK(taken("3.8-3.9") == "3.8 3.9");
  CHECK(taken("3.12.3") == "3.12");
  CHECK(taken("") == "");
}

TEST_CASE("a row of a range is about its ends and all between") {
  CHECK(covers_release("0.30.0-0.33.0", "0.30.0"));
  CHECK(covers_release("0.30.0-0.33.0", "0.31.4"));
  CHECK(covers_release("0.30.0-0.33.0", "0.33.0"));
  CHECK_FALSE(covers_release("0.30.0-0.33.0", "0.33.1"));
  CHECK_FALSE(covers_release("0.30.0-0.33.0", "0.4.0"));
  CHECK(covers_release("server-cuda", "server-cuda"));
  CHECK_FALSE(covers_release("server-cuda", "0.31.0"));
  CHECK_FALSE(covers_release("0.30.0-0.33.0", ""));
  CHECK(last_release("0.30.0-0.33.0") == "0.33.0");
  CHECK(last_release("server-cuda") == "server-cuda");
  CHECK(last_release("0.8.5.post1") == "0.8.5.post1");
}
