#include "lib/store/memo.h"

#include "lib/parallel.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

using namespace mlpack;
using test::TempDir;

namespace {

const Digest key = Digest::of("key");

// Opens a memo, keeping what it warns of.
struct Opened {
  explicit Opened(const TempDir& dir)
      : memo(dir / "memo.sqlite", [this](const std::string& text) { warnings.push_back(text); }) {}
  std::vector<std::string> warnings;
  Memo memo;
};

std::string anew(const TempDir& dir) {
  return "the memo of the store was damaged or of another version and is made anew; the old one is "
         "`" +
         (dir / "memo.sqlite.damaged").string() + "`";
}

void execute(const fs::path& path, const char* sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

void check_is_made_anew(const TempDir& dir) {
  const std::string before = dir.read("memo.sqlite");
  {
    Opened opened(dir);
    CHECK_FALSE(opened.memo.get("k", key));
    opened.memo.put("k", key, "new");
    CHECK(opened.memo.get("k", key) == "new");
    CHECK(opened.warnings == std::vector{anew(dir)});
  }
  CHECK(dir.read("memo.sqlite.damaged") == before);
  Opened again(dir);
  CHECK(again.memo.get("k", key) == "new");
  CHECK(again.warnings.empty());
}

void fill(const TempDir& dir, int count) {
  Opened opened(dir);
  for (int i = 0; i < count; ++i) {
    opened.memo.put("k", Digest::of(std::to_string(i)), std::string(1000, 'x'));
  }
}

}  // namespace

TEST_CASE("a memo keeps text across runs") {
  const TempDir dir;
  { Opened(dir).memo.put("k", key, "text"); }
  Opened opened(dir);
  CHECK(opened.memo.get("k", key) == "text");
  CHECK_FALSE(opened.memo.get("other", key));
  CHECK(opened.warnings.empty());
}

TEST_CASE("a memo that is no database is set aside once") {
  const TempDir dir;
  dir.write("memo.sqlite", std::string(10'000, 'x'));
  check_is_made_anew(dir);
}

TEST_CASE("a memo of a newer version is set aside") {
  const TempDir dir;
  fill(dir, 1);
  execute(dir / "memo.sqlite", "PRAGMA user_version = 7");
  check_is_made_anew(dir);
}

TEST_CASE("a memo without its table is set aside") {
  const TempDir dir;
  fill(dir, 1);
  execute(dir / "memo.sqlite", "DROP TABLE entry");
  check_is_made_anew(dir);
}

TEST_CASE("a memo that is cut is set aside when the missing part is asked for") {
  const TempDir dir;
  fill(dir, 100);
  fs::resize_file(dir / "memo.sqlite", fs::file_size(dir / "memo.sqlite") / 2);
  check_is_made_anew(dir);
}

TEST_CASE("a memo damaged behind its first page is set aside when the place is read") {
  const TempDir dir;
  fill(dir, 100);
  std::string bytes = dir.read("memo.sqlite");
  bytes.replace(4096, bytes.size() - 4096, bytes.size() - 4096, '\xee');
  dir.write("memo.sqlite", bytes);
  check_is_made_anew(dir);
}

TEST_CASE("an entry whose bytes changed is no entry") {
  const TempDir dir;
  { Opened(dir).memo.put("k", key, "truth"); }
  execute(dir / "memo.sqlite", "UPDATE entry SET text = CAST('lie' AS BLOB)");
  Opened opened(dir);
  CHECK_FALSE(opened.memo.get("k", key));
  opened.memo.put("k", key, "truth");
  CHECK(opened.memo.get("k", key) == "truth");
  CHECK(opened.warnings.empty());
}

TEST_CASE("a memo that cannot be opened is done without") {
  const TempDir dir;
  fs::create_directories(dir / "memo.sqlite");
  Opened opened(dir);
  opened.memo.put("k", key, "text");
  CHECK_FALSE(opened.memo.get("k", key));
  CHECK(opened.warnings == std::vector<std::string>{"the store works without its memo `" +
                                                    (dir / "memo.sqlite").string() +
                                                    "`, so nothing is remembered: unable to open "
                                                    "database file"});
}

TEST_CASE("what a killed process left of a transaction is rolled back") {
  const TempDir dir;
  fill(dir, 1);
  // A copy of file and journal taken in the middle of a transaction is what a killed process
  // leaves.
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open((dir / "memo.sqlite").c_str(), &database) == SQLITE_OK);
  const char* sql =
      "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN;"
      "UPDATE entry SET text = CAST('lie' AS BLOB);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
      " INSERT INTO entry SELECT 'k', randomblob(32), 'x', randomblob(500) FROM n";
  CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  const TempDir copy;
  fs::copy_file(dir / "memo.sqlite", copy / "memo.sqlite");
  fs::copy_file(dir / "memo.sqlite-journal", copy / "memo.sqlite-journal");
  sqlite3_close(database);
  REQUIRE(fs::file_size(copy / "memo.sqlite") > 100'000);
  Opened opened(copy);
  CHECK(opened.memo.get("k", Digest::of("0")) == std::string(1000, 'x'));
  CHECK(opened.warnings.empty());
}

TEST_CASE("threads share a memo") {
  const TempDir dir;
  Opened opened(dir);
  parallel_for(200, 4, [&](std::size_t i) {
    const Digest own = Digest::of(std::to_string(i));
    opened.memo.put("k", own, std::to_string(i));
    if (opened.memo.get("k", own) != std::to_string(i)) fail(Fault::internal, "lost {}", i);
  });
  CHECK(opened.memo.get("k", Digest::of("199")) == "199");
}

TEST_CASE("two memos over one file see each other's entries") {
  const TempDir dir;
  Opened first(dir);
  Opened second(dir);
  first.memo.put("k", key, "1");
  CHECK(second.memo.get("k", key) == "1");
  second.memo.put("k", key, "2");
  CHECK(first.memo.get("k", key) == "2");
}
