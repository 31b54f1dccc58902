#include "lib/spec/variables.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {
const Variables variables{{"a", "1"}, {"b", "${a}"}};
}

TEST_CASE("variables are replaced once") {
  CHECK(substitute("x${a}y${b}z", variables, Substitution::replace).text == "x1y${a}z");
}

TEST_CASE("two dollars make a literal") {
  CHECK(substitute("$${a} $5 $$ $", variables, Substitution::replace).text == "${a} $5 $$ $");
}

TEST_CASE("unknown names are listed") {
  const Substituted result = substitute("${c}${a}${PATH}", variables, Substitution::replace);
  CHECK(result.unknown == std::vector<std::string>{"c", "PATH"});
}

TEST_CASE("in env, PATH is the base's, unless the spec has a variable of that name") {
  CHECK(substitute("a:${PATH}", variables, Substitution::env).text == std::string("a:\0", 3));
  CHECK(substitute("${PATH}", {{"PATH", "/bin"}}, Substitution::env).text == "/bin");
}

TEST_CASE("broken references are told apart from unknown ones") {
  CHECK(substitute("${a", variables, Substitution::replace).malformed);
  CHECK(substitute("${}", variables, Substitution::replace).malformed);
  CHECK(substitute("${a b}", variables, Substitution::replace).malformed);
  CHECK(substitute("${a:-x}", variables, Substitution::replace).malformed);
  CHECK_FALSE(substitute("${a}", variables, Substitution::replace).malformed);
}

TEST_CASE("a text that variables make too long is cut short") {
  const Substituted result = substitute("${a}${a}${a}", variables, Substitution::replace, 1);
  CHECK(result.too_long);
  CHECK(result.text == "11");
}
