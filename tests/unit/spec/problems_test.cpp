#include "lib/spec/problems.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

// What a person is told of one problem.
std::string message_of(const std::string& message, const std::string& hint) {
  Problems problems("a.yaml");
  problems.add({1, 1}, message, hint);
  try {
    problems.raise_if_any();
  } catch (const Error& error) {
    return error.where().at(0).message;
  }
  return "no error";
}

}  // namespace

TEST_CASE("a problem is shown with its line, a caret and the hint") {
  const Where where{"mlpack.yaml", 2, 7, "`name` is wrong\nhint: write another"};
  CHECK(format_problem(where, "schema: 1\nname: Demo\n") ==
        "mlpack.yaml:2:7: error: `name` is wrong\n"
        "  name: Demo\n"
        "        ^\n"
        "  hint: write another\n");
}

TEST_CASE("without the source only the place is shown") {
  CHECK(format_problem({"a.yaml", 2, 7, "wrong"}, "") == "a.yaml:2:7: error: wrong\n");
  CHECK(format_problem({"a.yaml", 0, 0, "wrong"}, "x") == "a.yaml: error: wrong\n");
  CHECK(format_problem({"a.yaml", 99, 1, "wrong"}, "x\n") == "a.yaml:99:1: error: wrong\n");
}

TEST_CASE("the caret stands right after tabs, wide characters and Windows line ends") {
  CHECK(format_problem({"a", 1, 4, "m"}, "\té\tx\r\n") == "a:1:4: error: m\n  \té\tx\n  \t \t^\n");
}

TEST_CASE("control characters of the file do not reach the terminal") {
  CHECK(format_problem({"a", 1, 1, "m"}, "a\x1b[2J\n") == "a:1:1: error: m\n  a\\x1b[2J\n  ^\n");
}

TEST_CASE("a long line is cut around the caret") {
  const std::string line = std::string(200, 'a') + "B" + std::string(200, 'c');
  const std::string text = format_problem({"a", 1, 201, "m"}, line);
  CHECK(text == "a:1:201: error: m\n  ..." + std::string(49, 'a') + "B" + std::string(49, 'c') +
                    "...\n  " + std::string(52, ' ') + "^\n");
}

TEST_CASE("secrets of the quoted line are masked, and the caret still fits") {
  const std::string text =
      format_problem({"a", 1, 31, "m"}, "env: {DB_PASSWORD: hunter2222, 1X: b}");
  CHECK(text == "a:1:31: error: m\n  env: {DB_PASSWORD: ***, 1X: b}\n                         ^\n");
  CHECK(format_problem({"a", 1, 20, "m"}, "env: {DB_PASSWORD: hunter2}") ==
        "a:1:20: error: m\n  env: {DB_PASSWORD: ***}\n                     ^\n");
}

TEST_CASE("a message that quotes the file is cut, masked and cannot steer a terminal") {
  CHECK(message_of("a\x1b[2Jb\nerror: c", "write `\x15`") ==
        "a\\x1b[2Jb\\x0aerror: c\nhint: write `\\x15`");
  CHECK(message_of(std::string(999, 'a') + "\u00e9\u00e9", "") == std::string(999, 'a') + "...");
  const std::string token = "hf_" + std::string(100, 'x');
  CHECK(message_of(std::string(980, 'a') + " " + token, token) ==
        std::string(980, 'a') + " ***...\nhint: ***");
  CHECK(message_of(std::string(1 << 20, '='), "").size() == 1003);
}

TEST_CASE("past a hundred problems the rest is counted") {
  Problems problems("a.yaml");
  for (std::size_t i = 150; i > 0; --i)
    problems.add({i, 1}, "wrong");
  try {
    problems.raise_if_any();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "`a.yaml` has 150 problems");
    REQUIRE(error.where().size() == 101);
    CHECK(error.where()[0].line == 1);
    CHECK(error.where()[100].message == "50 more problems");
  }
}
