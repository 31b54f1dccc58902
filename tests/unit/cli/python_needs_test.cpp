#include "cli/python_needs.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;

namespace {

using Texts = std::vector<std::string>;

ListedWheel wheel(const std::string& name, Texts dependencies) {
  ListedWheel listed{{name + "-1-py3-none-any.whl", Digest::of(name), 1, {}}, {}};
  listed.listing.name = name;
  listed.listing.version = "1";
  listed.listing.dependencies = std::move(dependencies);
  return listed;
}

Texts missing(const std::vector<ListedWheel>& wheels,
              const AskedExtras& extras = {},
              const std::set<std::string>& there = {}) {
  const PythonFacts facts{"3.11.2", {}, linux_markers("3.11.2", "x86_64")};
  return missing_needs(wheels, facts, extras, there);
}

}  // namespace

TEST_CASE("what wheels need and nobody installs is told") {
  CHECK(missing({wheel("a", {"Six>=1", "b"}), wheel("b", {})}) ==
        Texts{"`six`, which `a` 1 needs"});
  CHECK(missing({wheel("a", {"six", "no requirement, is it"})}, {}, {"six"}).empty());
  CHECK(missing({wheel("a", {"win ; sys_platform == 'win32'", "old ; python_version < '3.11'"})})
            .empty());
}

TEST_CASE("extras count where they are asked for") {
  const std::vector<ListedWheel> wheels{wheel("z", {"b[x]"}), wheel("b", {"six ; extra == 'x'"})};
  CHECK(missing({wheels[1]}).empty());
  CHECK(missing({wheels[1]}, {{"b", {"x"}}}) == Texts{"`six`, which `b` 1 needs"});
  CHECK(missing(wheels) == Texts{"`six`, which `b` 1 needs"});
  CHECK(missing({wheel("b", {"b[y] ; extra == 'x'", "deep ; extra == 'y'"})}, {{"b", {"x"}}}) ==
        Texts{"`deep`, which `b` 1 needs"});
}
