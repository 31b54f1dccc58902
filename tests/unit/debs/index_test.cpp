#include "layers/deb_index.h"
#include "layers/deb_solve.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Names = std::vector<std::string>;

void add(DebIndex& index, std::string_view text, std::size_t archive = 0) {
  ParagraphSink sink = index.list(archive);
  sink.write(as_bytes(text));
  sink.finish();
}

DebIndex index_of(std::string_view text) {
  DebIndex index;
  add(index, text);
  return index;
}

std::string package(const std::string& name, const std::string& fields = "") {
  return "Package: " + name + "\nVersion: 1\nArchitecture: amd64\n" + fields + "\n";
}

Names names(const std::vector<const IndexedDeb*>& packages) {
  Names found;
  for (const IndexedDeb* package : packages)
    found.emplace_back(package->name);
  return found;
}

Names solved(const DebIndex& index,
             const Names& wanted,
             const std::vector<std::string_view>& ignored = {}) {
  return names(solve(index, wanted, ignored));
}

std::string unsolved(Fault fault, const DebIndex& index, const Names& wanted) {
  return failure(fault, [&] {
    check_known(index, wanted);
    solve(index, wanted, {});
  });
}

}  // namespace

TEST_CASE("all unknown packages are told at once, each at its place") {
  DebIndex index;
  add(index, package("python3"));
  const Names wanted{"nosuchpkgzz", "python3", "pyhton3"};
  const std::map<std::string, Where> places{{"nosuchpkgzz", {"spec", 6, 30, ""}},
                                            {"pyhton3", {"spec", 6, 18, ""}}};
  try {
    check_known(index, wanted, places);
    FAIL("known");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "the distribution has no package `nosuchpkgzz`, no `pyhton3`");
    CHECK(error.hint() == "did you mean `python3`?");
    REQUIRE(error.where().size() == 2);
    CHECK(error.where()[1].column == 18);
    CHECK(error.where()[1].message == "the distribution has no package `pyhton3`");
  }
}

TEST_CASE("of each package the highest version counts, of equal ones the first list's") {
  DebIndex index;
  add(index, "Package: a\nVersion: 1.9\nFilename: old\n\nPackage: b\nVersion: 1\n");
  add(index, "Package: a\nVersion: 1.10\nFilename: new\n\nPackage: b\nVersion: 1\n", 1);
  add(index, "Package: a\nVersion: 1.2\nFilename: older\n", 2);
  REQUIRE(index.find("a") != nullptr);
  CHECK(index.find("a")->version == "1.10");
  CHECK(index.find("a")->archive == 1);
  CHECK(deb_field(index.find("a")->paragraph, "Filename") == "new");
  CHECK(index.find("b")->archive == 0);
  CHECK(index.find("c") == nullptr);
  auto all = index.names();
  std::sort(all.begin(), all.end());
  CHECK(all == std::vector<std::string_view>{"a", "b"});
}

TEST_CASE("fields that nobody reads are not kept") {
  const DebIndex index = index_of(
      "Package: a\nVersion: 1\nDescription: long\n Depends: no\nDepends: x,\n y\nTag: z\n");
  CHECK(index.find("a")->paragraph == "Package: a\nVersion: 1\nDepends: x,\n y\n");
}

TEST_CASE("a paragraph that is no package is refused") {
  CHECK(failure(Fault::integrity, [] { index_of("Version: 1\n"); }) ==
        "a package list has a paragraph without Package and Version: `Version: 1\\x0a`");
  CHECK(failure(Fault::integrity, [] { index_of("<html>\x01</html>"); }) ==
        "a package list has a paragraph without Package and Version: `<html>\\x01</html>`");
}

TEST_CASE("of those that provide a name the more important ones come first") {
  const DebIndex index =
      index_of(package("z", "Priority: required\nProvides: v (= 2)\n") +
               package("b", "Priority: optional\nProvides: u, v\n") +
               package("a", "Priority: optional\nProvides: v\n") + package("c", "Provides: v\n"));
  CHECK(names(index.providers("v")) == Names{"z", "a", "b", "c"});
  CHECK(names(index.providers("u")) == Names{"b"});
  CHECK(index.providers("a").empty());
}

TEST_CASE("the closure is all that may be needed, the first choices what apt would take") {
  const DebIndex index =
      index_of(package("a", "Pre-Depends: b\nDepends: c | d, gone | v\n") + package("b") +
               package("c") + package("d") + package("e", "Provides: v\n") + package("f"));
  CHECK(names(index.closure(Names{"a"}, {})) == Names{"a", "b", "c", "d", "e"});
  CHECK(names(index.first_choices(Names{"a"}, {})) == Names{"a", "b", "c", "e"});
  const std::vector<std::string_view> ignored{"d"};
  CHECK(names(index.closure(Names{"a"}, ignored)) == Names{"a", "b", "e"});
}

TEST_CASE("all that is depended on is taken, and nothing else") {
  const DebIndex index =
      index_of(package("a", "Pre-Depends: b (>= 1)\nDepends: c:any\nRecommends: d\n") +
               package("b", "Depends: a\n") + package("c", "Multi-Arch: allowed\n") + package("d") +
               package("e"));
  CHECK(solved(index, {"a"}) == Names{"a", "b", "c"});
  CHECK(solved(index, {}).empty());
}

TEST_CASE("of alternatives the first is taken, and another where the first cannot be") {
  const DebIndex index =
      index_of(package("a", "Depends: x | y\n") + package("x") + package("y") +
               package("b", "Conflicts: x\n") + package("c", "Depends: x (>= 2) | y\n") +
               package("d", "Depends: gone | y\n"));
  CHECK(solved(index, {"a"}) == Names{"a", "x"});
  CHECK(solved(index, {"a", "y"}) == Names{"a", "y"});
  CHECK(solved(index, {"a", "b"}) == Names{"a", "b", "y"});
  CHECK(solved(index, {"c"}) == Names{"c", "y"});
  CHECK(solved(index, {"d"}) == Names{"d", "y"});
}

TEST_CASE("a virtual package is what provides it") {
  const DebIndex index =
      index_of(package("a", "Depends: mail\n") + package("p", "Provides: mail\n") +
               package("o", "Provides: mail\nPriority: important\n") +
               package("b", "Depends: api (>= 3)\n") + package("q", "Provides: api (= 2)\n") +
               package("r", "Provides: api (= 3)\n"));
  CHECK(solved(index, {"a"}) == Names{"a", "o"});
  CHECK(solved(index, {"a", "p"}) == Names{"a", "p"});
  CHECK(solved(index, {"b"}) == Names{"b", "r"});
}

TEST_CASE("a dependency on what is never installed counts as satisfied") {
  const DebIndex index = index_of(package("a", "Depends: dpkg (>= 9), tar | b\n") +
                                  package("dpkg", "Depends: c\n") + package("b") + package("c"));
  CHECK(solved(index, {"a"}, {"dpkg", "tar"}) == Names{"a"});
  CHECK(solved(index, {"a", "dpkg"}, {"dpkg", "tar"}) == Names{"a", "c", "dpkg"});
}

TEST_CASE("a package that does not exist is named, with what may have been meant") {
  const DebIndex index = index_of(package("python3") + package("exim4", "Provides: mail-agent\n") +
                                  package("postfix", "Provides: mail-agent\n"));
  CHECK(unsolved(Fault::usage, index, {"pyhton3"}) ==
        "the distribution has no package `pyhton3` | did you mean `python3`?");
  CHECK(unsolved(Fault::usage, index, {"mail-agent"}) ==
        "the distribution has no package `mail-agent` | it is a virtual package: name one of "
        "exim4, postfix");
  CHECK(unsolved(Fault::usage, index, {"quite-another-thing"}) ==
        "the distribution has no package `quite-another-thing`");
}

TEST_CASE("what cannot be installed together is said with the reasons") {
  const std::string start = "no set of packages satisfies `system_packages`: ";
  const DebIndex index =
      index_of(package("a", "Conflicts: b\n") + package("b") + package("c", "Breaks: b (<< 2)\n") +
               package("d", "Depends: b (>= 2)\n") + package("e", "Depends: gone\n"));
  CHECK(unsolved(Fault::incompatible, index, {"a", "b"}) ==
        start + "package a-1.amd64 conflicts with b provided by b-1.amd64");
  CHECK(unsolved(Fault::incompatible, index, {"b", "c"}) ==
        start + "package c-1.amd64 conflicts with b << 2 provided by b-1.amd64");
  CHECK(unsolved(Fault::incompatible, index, {"d"}) ==
        start + "nothing provides b >= 2 needed by d-1.amd64");
  CHECK(unsolved(Fault::incompatible, index, {"e"}) ==
        start + "nothing provides gone needed by e-1.amd64");
}

TEST_CASE("package lists that would fill the memory are refused") {
  const std::string long_field = "Depends: " + std::string(400'000, 'x') + "\n";
  CHECK(failure(Fault::integrity, [&] {
          DebIndex index;
          for (int i = 0; i < 400; ++i)
            add(index, package("p" + std::to_string(i), long_field));
        }) == "the package lists hold more than 128 MiB");
  CHECK(failure(Fault::integrity, [] {
          DebIndex index;
          for (int i = 0; i <= 300'000; ++i)
            add(index, package("p" + std::to_string(i)));
        }) == "the package lists have more than 300000 packages");
  std::string provides = "Provides: a";
  for (int i = 0; i < 60'000; ++i)
    provides += ",n" + std::to_string(i);
  CHECK(failure(Fault::integrity, [&] {
          DebIndex index;
          for (int i = 0; i < 6; ++i)
            add(index, package("p" + std::to_string(i), provides + "\n"));
          index.providers("a");
        }) == "the package lists have more than 300000 `Provides`");
}
