#include "lib/output.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <limits>
#include <set>

using namespace mlpack;
using test::TempDir;

namespace {

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

// Dies in the middle of writing `path`.
void write_and_die(const fs::path& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(path);
    file.write(as_bytes("half"));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("what a killed process left beside a file is removed") {
  const TempDir dir;
  dir.write("x.tar", "old");
  write_and_die(dir / "x.tar");
  CHECK(names_in(dir.path()).size() == 2);
  remove_leftovers(dir / "x.tar");
  CHECK(names_in(dir.path()) == std::set<std::string>{"x.tar"});
  CHECK(dir.read("x.tar") == "old");
}

TEST_CASE("what a living process writes stays until it is done") {
  const TempDir dir;
  AtomicFile file(dir / "x.tar");
  file.write(as_bytes("new"));
  remove_leftovers(dir / "x.tar");
  remove_all_leftovers(dir.path());
  file.commit();
  CHECK(dir.read("x.tar") == "new");
}

TEST_CASE("leftovers are those of one file or of all, and nothing that looks alike") {
  const TempDir dir;
  const std::set<std::string> alike{".x.tar.tmp",
                                    ".x.tar.1.tmp",
                                    "x.tar.1.2.tmp",
                                    ".x.tar.1.b.tmp",
                                    ".x.tar.1.2.tmp.keep",
                                    ".1.2.tmp"};
  for (const std::string& name : alike)
    dir.write(name, "mine");
  dir.write(".x.tar.999999.0.tmp", "half");
  dir.write(".y.tar.999999.0.tmp", "half");
  remove_leftovers(dir / "x.tar");
  std::set<std::string> left = alike;
  left.insert(".y.tar.999999.0.tmp");
  CHECK(names_in(dir.path()) == left);
  remove_all_leftovers(dir.path());
  CHECK(names_in(dir.path()) == alike);
}

TEST_CASE("a link or a folder with the name of a temporary is not followed and not removed") {
  const TempDir dir;
  dir.write("precious", "mine");
  fs::create_symlink("precious", dir / ".x.tar.999999.0.tmp");
  fs::create_directory(dir / ".x.tar.999999.1.tmp");
  remove_leftovers(dir / "x.tar");
  CHECK(names_in(dir.path()).size() == 3);
  CHECK(dir.read("precious") == "mine");
}

TEST_CASE("what was left lies where a link leads to") {
  const TempDir dir;
  dir.write("real/x.tar", "old");
  fs::create_symlink("real/x.tar", dir / "link");
  write_and_die(dir / "link");
  CHECK(names_in(dir / "real").size() == 2);
  remove_leftovers(dir / "link");
  CHECK(names_in(dir / "real").size() == 1);
}

TEST_CASE("temporaries of a process with the same number do not stand in the way") {
  const TempDir dir;
  const std::string before = temporary_beside(dir / "x").filename().string();
  const std::size_t dot = before.rfind('.', before.size() - 5);
  const int last = std::stoi(before.substr(dot + 1));
  for (int next = 1; next <= 3; ++next) {
    dir.write(before.substr(0, dot + 1) + std::to_string(last + next) + ".tmp", "of another");
  }
  write_file(dir / "x", "new");
  CHECK(dir.read("x") == "new");
}

TEST_CASE("one place has one name, however it is spelled") {
  const TempDir dir;
  fs::create_directory(dir / "a");
  fs::create_symlink("a", dir / "b");
  fs::create_symlink("a/later", dir / "dangling");
  const fs::path place = place_of(dir / "a/later");
  CHECK(place_of(dir / "b/later") == place);
  CHECK(place_of(dir / "a/./../b//later/") == place);
  CHECK(place_of(dir / "dangling") == place);
  CHECK(place_of(dir / "a/other") != place);
  CHECK(place_of("x") == place_of(fs::current_path() / "x"));
}

TEST_CASE("what does not fit is refused before a byte is written") {
  const TempDir dir;
  CHECK_NOTHROW(require_room(dir / "not/yet/there", 1));
  try {
    require_room(dir / "not/yet/there", std::numeric_limits<std::uint64_t>::max());
    FAIL("it fits");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::disk);
    const std::string text = error.what();
    CHECK(text.starts_with("`" + (dir / "not/yet/there").string() + "` needs "));
    CHECK(text.ends_with(" free"));
  }
}
