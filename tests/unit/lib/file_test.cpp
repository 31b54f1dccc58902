#include "lib/file.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <vector>

using namespace mlpack;
using test::TempDir;

namespace {

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

FileIdentity identity_at(const fs::path& path) {
  return identity_of(open_regular(path));
}

}  // namespace

TEST_CASE("an atomic file appears whole") {
  const TempDir dir;
  AtomicFile file(dir / "deep/er/name", 0640);
  file.write(as_bytes("hello"));
  CHECK_FALSE(fs::exists(dir / "deep/er/name"));
  file.commit();
  CHECK(dir.read("deep/er/name") == "hello");
  CHECK(fs::status(dir / "deep/er/name").permissions() == fs::perms{0640});
}

TEST_CASE("an atomic file that is not committed leaves nothing") {
  const TempDir dir;
  { AtomicFile(dir / "name").write(as_bytes("hello")); }
  CHECK(entries(dir.path()) == 0);
}

TEST_CASE("a FIFO is refused, not waited for") {
  const TempDir dir;
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  const std::string expected = "`" + (dir / "pipe").string() + "` is a FIFO, not a regular file";
  CHECK_THROWS_WITH_AS(read_file(dir / "pipe", 100), expected.c_str(), Error);
}

TEST_CASE("a file larger than accepted is refused") {
  const TempDir dir;
  dir.write("big", std::string(101, 'x'));
  CHECK_THROWS_AS(read_file(dir / "big", 100), Error);
  CHECK(read_file(dir / "big", 101).size() == 101);
}

TEST_CASE("a missing file is an absence or an error, as asked") {
  const TempDir dir;
  CHECK_FALSE(read_file_if_exists(dir / "none", 10));
  CHECK_THROWS_AS(read_file(dir / "none", 10), Error);
}

TEST_CASE("a file that changed since it was looked at is named") {
  const TempDir dir;
  const fs::path path = dir.write("w", "12345678");
  const FileIdentity before = identity_at(path);
  dir.write("w", "123456789");
  const std::string expected = "`" + path.string() + "` changed while it was read";
  CHECK_THROWS_WITH_AS(FileSource(path, before, 0, 8), expected.c_str(), Error);
}

TEST_CASE("a range of a file is read and no more") {
  const TempDir dir;
  const fs::path path = dir.write("w", "0123456789");
  FileSource source(path, identity_at(path), 2, 5);
  StringSink sink(100);
  CHECK(copy(source, sink) == 5);
  CHECK(sink.text == "23456");
}

TEST_CASE("a lock keeps others out until it is released") {
  const TempDir dir;
  {
    const FileLock held(dir / "lock", FileLock::Mode::exclusive);
    CHECK_FALSE(FileLock::try_lock(dir / "lock", FileLock::Mode::shared));
  }
  CHECK(FileLock::try_lock(dir / "lock", FileLock::Mode::exclusive));
}
