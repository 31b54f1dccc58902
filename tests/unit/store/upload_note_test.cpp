#include "lib/store/upload_note.h"

#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <utime.h>

#include <ctime>

using namespace mlpack;
using test::TempDir;

namespace {

const std::string place = "https://registry.example.com/v2/a/blobs/uploads/1?signature=secret";

fs::path left_note(const TempDir& dir, std::string_view text) {
  const fs::path path = dir.path() / "uploads" / "note";
  write_file(path, text, 0600);
  return path;
}

std::string location_at(const fs::path& path) {
  const auto note = UploadNote::take(path);
  return note ? note->location() : "nobody may";
}

}  // namespace

TEST_CASE("what an upload left is there for the next one, and for its owner alone") {
  const TempDir dir;
  const fs::path path = dir.path() / "uploads" / "note";
  UploadNote::take(path)->keep(place);
  CHECK(location_at(path) == place);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
}

TEST_CASE("an upload is gone on with by one at a time") {
  const TempDir dir;
  const fs::path path = dir.path() / "note";
  const auto mine = UploadNote::take(path);
  REQUIRE(mine);
  CHECK(UploadNote::take(path) == nullptr);
}

TEST_CASE("what ended leaves no file") {
  const TempDir dir;
  const fs::path path = dir.path() / "note";
  {
    const auto note = UploadNote::take(path);
    note->keep("https://a/longer/than/the/next");
    note->keep("https://a/b");
    CHECK(note->location() == "https://a/b");
    note->drop();
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("half a note, an old one and one that is too long are none") {
  const TempDir dir;
  CHECK(location_at(left_note(dir, place)).empty());
  CHECK(location_at(left_note(dir, std::string(9000, 'x') + "\n")).empty());
  const fs::path old = left_note(dir, place + "\n");
  const utimbuf times{std::time(nullptr) - 90000, std::time(nullptr) - 90000};
  REQUIRE(::utime(old.c_str(), &times) == 0);
  CHECK(location_at(old).empty());
}

TEST_CASE("a link in the place of a note is not followed, and a folder is none") {
  const TempDir dir;
  write_file(dir.path() / "precious", "text");
  fs::create_symlink(dir.path() / "precious", dir.path() / "link");
  CHECK(UploadNote::take(dir.path() / "link") == nullptr);
  CHECK(UploadNote::take(dir.path()) == nullptr);
  CHECK(read_file(dir.path() / "precious", 10) == "text");
}
