#include "layers/tar_reader.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using test::TempDir;

namespace {

std::vector<TarEntry> list(const fs::path& archive) {
  return list_tar(open_file(archive));
}

const TarEntry& entry(const std::vector<TarEntry>& entries, const std::string& path) {
  for (const TarEntry& entry : entries) {
    if (entry.path == path) return entry;
  }
  FAIL("no entry " << path);
  return entries.front();
}

}  // namespace

TEST_CASE("archives of GNU tar are read, with where their data lies") {
  for (const std::string format : {"pax", "gnu", "ustar"}) {
    const TempDir dir;
    dir.write("in/file", "hello");
    dir.write("in/caf\xC3\xA9", "x");
    fs::create_symlink("file", dir / "in/link");
    fs::create_hard_link(dir / "in/file", dir / "in/twin");
    const std::string archive = (dir / "a.tar").string();
    test::output_of("tar --sort=name --format=" + format + " -C " + (dir / "in").string() +
                    " -cf " + archive + " .");
    const auto entries = list(archive);
    CHECK(entry(entries, "link").kind == TarEntry::Kind::symlink);
    CHECK(entry(entries, "link").link == "file");
    CHECK(entry(entries, "twin").kind == TarEntry::Kind::hardlink);
    CHECK(entry(entries, "twin").link == "file");
    CHECK(entry(entries, "caf\xC3\xA9").size == 1);
    const TarEntry& file = entry(entries, "file");
    CHECK(dir.read("a.tar").substr(file.offset, file.size) == "hello");
  }
}

TEST_CASE("a truncated archive is damaged, not shorter") {
  const TempDir dir;
  dir.write("in/file", std::string(5000, 'x'));
  const std::string archive = (dir / "a.tar").string();
  test::output_of("tar -C " + (dir / "in").string() + " -cf " + archive + " file");
  fs::resize_file(archive, 2000);
  CHECK_THROWS_AS(list(archive), Error);
}

TEST_CASE("what is no tar is refused") {
  const TempDir dir;
  CHECK_THROWS_AS(list(dir.write("a.tar", std::string(4096, 'x'))), Error);
}

TEST_CASE("an empty archive has no entries") {
  const TempDir dir;
  CHECK(list(dir.write("a.tar", std::string(1024, '\0'))).empty());
}

TEST_CASE("unsafe names and whiteouts are told apart") {
  TarEntry entry;
  entry.path = "a/../../etc/passwd";
  CHECK_FALSE(entry.is_safe());
  entry.path = "/etc/passwd";
  CHECK_FALSE(entry.is_safe());
  entry.path = "a/..b/c";
  CHECK(entry.is_safe());
  CHECK_FALSE(entry.is_whiteout());
  entry.path = "a/.wh.b";
  CHECK(entry.is_whiteout());
}
