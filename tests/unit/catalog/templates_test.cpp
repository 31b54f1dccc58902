#include "lib/catalog/compat_tables.h"
#include "lib/error.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr std::string_view head = R"(table:
  about: "what a row says"
  as_of: "today"
  source: ["a document"]
  key: [name]
  columns: {name: text, since: "version?", runs: "versions? @table.since", kind: "enum - a b"}
  retrieved: "2026-11"
  rows:
)";

// What is wrong with a table that has these rows; empty: nothing.
std::string problem_with(const std::string& rows, const std::string& text = std::string(head)) {
  const TempDir dir;
  const TemplateNode file = read_template(dir.write("table.yaml", text + rows));
  CatalogPool pool;
  try {
    const CompatTable table("table", file.items.front(), "table.yaml", pool);
    const CatalogTable* const tables[] = {&table.table};
    for (const RowProblem& problem : check_tables(tables))
      return std::string(problem.row->origin) + ": " + problem.message;
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string headed(const std::string& from, const std::string& to) {
  std::string text(head);
  text.replace(text.find(from), from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("a table with sources, keys and values of their kinds is taken") {
  CHECK(problem_with("    - {name: x, since: \"1.2\", runs: [\"1.2\"], kind: a}\n"
                     "    - {name: y, since: null, kind: b, note: n, unverified: [since]}\n") ==
        "");
}

TEST_CASE("a row without a source, a key or a value of its kind is refused with its line") {
  CHECK(problem_with("    - {name: x, kind: a}\n", headed("[\"a document\"]", "[]")) ==
        "line 9: a row needs a source");
  CHECK(problem_with("    - {kind: a}\n") == "line 9: missing name");
  CHECK(problem_with("    - {name: x, kind: c}\n") == "line 9: kind: `c` is none of a, b");
  CHECK(problem_with("    - {name: x, kind: a, since: \"1.x\"}\n") ==
        "line 9: since: `1.x` is no version");
  CHECK(problem_with("    - {name: x, kind: a, since: [\"1\"]}\n") ==
        "line 9: since must be one value");
  CHECK(problem_with("    - {name: null, kind: a}\n") == "line 9: name must not be null");
  CHECK(problem_with("    - {name: x, kind: a, colour: red}\n") == "line 9: unknown key colour");
  CHECK(problem_with("    - {name: x, kind: a, retrieved: today}\n") ==
        "line 9: retrieved must be a date");
  CHECK(problem_with("    - {name: x, kind: a, unverified: [colour]}\n") ==
        "line 9: unverified: there is no column `colour`");
}

TEST_CASE("names are unique, and references between tables resolve") {
  CHECK(problem_with("    - {name: x, kind: a}\n    - {name: x, kind: b}\n") ==
        "line 10: `x` is there twice");
  CHECK(problem_with("    - {name: x, kind: a, since: \"1.2\", runs: [\"1.3\"]}\n") ==
        "table.yaml:9:7: runs: `1.3` is not in table.since");
  CHECK(problem_with("    - {name: x, kind: a, runs: [\"1\"]}\n",
                     headed("@table.since", "@other.since")) ==
        "table.yaml:9:7: runs: `1` is not in other.since");
  CHECK(problem_with("    []\n") == "line 2: a table needs rows");
}

TEST_CASE("a column of an unknown kind is refused") {
  CHECK(problem_with("    - {name: x, kind: a}\n", headed("name: text", "name: colour")) ==
        "line 6: no column is of the kind colour");
  CHECK(problem_with("    - {name: x, kind: a}\n", headed("name: text", "name: text sorted")) ==
        "line 6: `sorted` says nothing of a column");
}
