#include "lib/file.h"

#include "lib/error.h"
#include "lib/parallel.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <thread>
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

TEST_CASE("what is no file is not replaced by one") {
  const TempDir dir;
  const fs::path fifo = dir / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::string told = fmt::format("cannot write `{}`: it is a FIFO", fifo.string());
  CHECK_THROWS_WITH_AS(write_file(fifo, "text"), told.c_str(), Error);
  CHECK(fs::is_fifo(fifo));
}

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
  const std::string expected = "`" + path.string() + "` changed after it was looked at";
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

TEST_CASE("a symlink stays, and what it leads to is replaced or made") {
  const TempDir dir;
  dir.write("real/old", "old");
  fs::create_symlink("real/old", dir / "link");
  fs::create_symlink("link", dir / "again");
  fs::create_symlink("real/new", dir / "dangling");
  write_file(dir / "again", "new");
  write_file(dir / "dangling", "made");
  CHECK(fs::read_symlink(dir / "link") == "real/old");
  CHECK(fs::is_symlink(dir / "dangling"));
  CHECK(dir.read("real/old") == "new");
  CHECK(dir.read("real/new") == "made");
  CHECK(entries(dir / "real") == 2);
}

TEST_CASE("links that lead round in a circle are refused") {
  const TempDir dir;
  fs::create_symlink("b", dir / "a");
  fs::create_symlink("a", dir / "b");
  CHECK_THROWS_AS(write_file(dir / "a", "x"), Error);
}

TEST_CASE("what cannot be read is the input's fault, what cannot be written the disk's") {
  const TempDir dir;
  const std::string file = dir.write("file", "x").string();
  const auto fault_of = [](const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.fault();
    }
    return Fault::internal;
  };
  // Root too cannot make a folder below a file, nor put a file in the place of a folder.
  CHECK(fault_of([&] { write_file(file + "/name", "x"); }) == Fault::disk);
  CHECK(fault_of([&] { make_folders(file + "/folder"); }) == Fault::disk);
  CHECK(fault_of([&] { FileLock(file + "/lock", FileLock::Mode::shared); }) == Fault::disk);
  CHECK(fault_of([&] { write_file(dir.path(), "x"); }) == Fault::disk);
  CHECK(fault_of([&] { read_file(file + "/name", 10); }) == Fault::input);
  CHECK(fault_of([&] { read_file(dir.path(), 10); }) == Fault::input);
  CHECK(entries(dir.path()) == 1);
}

TEST_CASE("a passing lock keeps others out, and its file does not stay") {
  const TempDir dir;
  {
    const PassingLock held(dir / "lock");
    CHECK_FALSE(FileLock::try_lock(dir / "lock", FileLock::Mode::shared));
  }
  CHECK(entries(dir.path()) == 0);
  std::atomic<int> inside{0};
  std::atomic<bool> alone{true};
  parallel_for(200, 8, [&](std::size_t) {
    const PassingLock lock(dir / "lock");
    if (++inside != 1) alone = false;
    std::this_thread::yield();
    --inside;
  });
  CHECK(alone);
  CHECK(entries(dir.path()) == 0);
}

TEST_CASE("a lock keeps others out until it is released") {
  const TempDir dir;
  {
    const FileLock held(dir / "lock", FileLock::Mode::exclusive);
    CHECK_FALSE(FileLock::try_lock(dir / "lock", FileLock::Mode::shared));
  }
  CHECK(FileLock::try_lock(dir / "lock", FileLock::Mode::exclusive));
}

TEST_CASE("a socket is refused as one") {
  const TempDir dir;
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = dir / "s";
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  const std::string expected = "`" + path + "` is a socket, not a regular file";
  CHECK_THROWS_WITH_AS(open_regular(path), expected.c_str(), Error);
}
