#include "layers/file_set.h"

#include "layers/name_fold.h"
#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/recipe_support.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

using namespace mlpack;
using namespace mlpack::test;

namespace {

TreeInput weights_of(const fs::path& source) {
  TreeInput input = input_of(source, "/models/m");
  input.links = TreeInput::Links::follow;
  return input;
}

}  // namespace

TEST_CASE("a folder puts its contents into the target, sorted by bytes") {
  const TempDir dir;
  dir.write("app/b.py", "b");
  dir.write("app/a/z.py", "z");
  dir.write("app/a-b", "");
  dir.write("app/B", "");
  CHECK(paths(walk(input_of(dir / "app"))) ==
        Paths{"app/", "app/B", "app/a/", "app/a-b", "app/a/z.py", "app/b.py"});
  CHECK(paths(walk(input_of(dir / "app", "/"))) == Paths{"B", "a/", "a-b", "a/z.py", "b.py"});
  CHECK(paths(walk(input_of(dir / "app/", "/x//y/./"))) ==
        Paths{"x/y/", "x/y/B", "x/y/a/", "x/y/a-b", "x/y/a/z.py", "x/y/b.py"});
}

TEST_CASE("a file becomes the target, or lands in it where that ends in a slash") {
  const TempDir dir;
  const fs::path file = dir.write("run.sh", "x");
  CHECK(paths(walk(input_of(file, "/usr/bin/run"))) == Paths{"usr/bin/run"});
  CHECK(paths(walk(input_of(file, "/opt/"))) == Paths{"opt/run.sh"});
  CHECK(paths(walk(input_of(file, "/"))) == Paths{"run.sh"});
}

TEST_CASE("modes and owners are those of the rules, not of the disk") {
  const TempDir dir;
  ::chmod(dir.write("d/plain", "x").c_str(), 0600);
  ::chmod(dir.write("d/tool", "x").c_str(), 0500);
  ::chmod((dir / "d").c_str(), 0700);
  auto entries = walk(input_of(dir / "d"));
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].mode == 0755);
  CHECK(entries[1].mode == 0644);
  CHECK(entries[2].mode == 0755);
  CHECK(entries[2].uid == 0);
  TreeInput input = input_of(dir / "d");
  input.mode = 0640;
  input.owner = Owner{10, 20};
  entries = walk(input);
  CHECK(entries[0].mode == 0750);
  CHECK(entries[1].mode == 0640);
  CHECK(entries[2].mode == 0640);
  CHECK(entries[0].uid == 10);
  CHECK(entries[1].gid == 20);
}

TEST_CASE("content is a range of the file, by an absolute path and its state") {
  const TempDir dir;
  const fs::path file = dir.write("d/f", "hello");
  const auto entries = walk(input_of(dir / "d"));
  const auto& range = std::get<FileRange>(entries[1].content);
  CHECK(range.path == file);
  CHECK(range.identity == identity_of(open_regular(file)));
  CHECK(entries[1].size == 5);
}

TEST_CASE("empty folders are kept, and those whose content is excluded are not") {
  const TempDir dir;
  fs::create_directories(dir / "d/empty");
  dir.write("d/original/x", "x");
  dir.write("d/f", "x");
  TreeInput input = input_of(dir / "d");
  input.exclude = {"original/**"};
  CHECK(paths(walk(input)) == Paths{"app/", "app/empty/", "app/f"});
  input.include = {"f"};
  CHECK(paths(walk(input)) == Paths{"app/", "app/f"});
  fs::create_directories(dir / "nothing");
  CHECK(paths(walk(input_of(dir / "nothing"))) == Paths{"app/"});
}

TEST_CASE("symlinks that stay inside are kept as they are") {
  const TempDir dir;
  dir.write("d/a/f", "x");
  dir.write("d/b", "x");
  fs::create_symlink("a/f", dir / "d/l1");
  fs::create_symlink("../b", dir / "d/a/l2");
  fs::create_symlink("..", dir / "d/a/l3");
  fs::create_symlink("gone", dir / "d/l4");
  CHECK(paths(walk(input_of(dir / "d"))) == Paths{"app/",
                                                  "app/a/",
                                                  "app/a/f",
                                                  "app/a/l2 -> ../b",
                                                  "app/a/l3 -> ..",
                                                  "app/b",
                                                  "app/l1 -> a/f",
                                                  "app/l4 -> gone"});
}

TEST_CASE("a symlink that leaves its source is refused, by text or by what it leads to") {
  const TempDir dir;
  dir.write("secret", "x");
  dir.write("d/sub/f", "x");
  const std::string source = (dir / "d").string();
  const auto message = [&](const std::string& link) {
    return "`" + source + "/l` is a symlink to `" + link + "`, which leaves `" + source +
           "` | put what it leads to in its place, or exclude it";
  };
  for (const char* link : {"../secret", "/etc/passwd", "sub/../../secret", "../none"}) {
    fs::create_symlink(link, dir / "d/l");
    CHECK(refusal(input_of(dir / "d")) == message(link));
    fs::remove(dir / "d/l");
  }
  fs::create_symlink("sub", dir / "d/s");
  fs::create_symlink("s/../../secret", dir / "d/l");
  CHECK(refusal(input_of(dir / "d")) == message("s/../../secret"));
  TreeInput input = input_of(dir / "d");
  input.exclude = {"/l"};
  CHECK(paths(walk(input)) == Paths{"app/", "app/s -> sub", "app/sub/", "app/sub/f"});
}

TEST_CASE("a symlink loop is refused in files and in weights") {
  const TempDir dir;
  fs::create_directories(dir / "d");
  fs::create_symlink("l2", dir / "d/l1");
  fs::create_symlink("l1", dir / "d/l2");
  const std::string l1 = refusal(input_of(dir / "d"));
  CHECK(l1.find("/d/l") != std::string::npos);
  CHECK(l1.ends_with("` is a symlink that leads in circles | "));
  CHECK(refusal(weights_of(dir / "d")).ends_with("` is a symlink that leads in circles | "));
  const TempDir up;
  fs::create_directories(up / "w/sub");
  fs::create_symlink("..", up / "w/sub/up");
  CHECK(refusal(weights_of(up / "w")) ==
        "`" + (up / "w/sub/up").string() + "` is a symlink that leads in circles | ");
  fs::create_symlink("self", up / "self");
  CHECK(refusal(input_of(up / "self")) ==
        "`" + (up / "self").string() + "` is a symlink that leads in circles | ");
}

TEST_CASE("weights follow the links of the hub's cache to the files they name") {
  const TempDir dir;
  dir.write("blobs/abc", "weights");
  dir.write("blobs/sub/x", "x");
  fs::create_directories(dir / "snapshots/main");
  fs::create_symlink("../../blobs/abc", dir / "snapshots/main/model.safetensors");
  fs::create_symlink("../../blobs/sub", dir / "snapshots/main/tok");
  const auto entries = walk(weights_of(dir / "snapshots/main"));
  CHECK(paths(entries) ==
        Paths{"models/m/", "models/m/model.safetensors", "models/m/tok/", "models/m/tok/x"});
  CHECK(entries[1].size == 7);
  CHECK(std::get<FileRange>(entries[1].content).identity ==
        identity_of(open_regular(dir / "blobs/abc")));
  fs::create_symlink("../../blobs/gone", dir / "snapshots/main/z");
  CHECK(refusal(weights_of(dir / "snapshots/main")) ==
        "`" + (dir / "snapshots/main/z").string() +
            "` is a symlink to `../../blobs/gone`, which does not exist | if it is of a download, "
            "run the download again");
  fs::create_symlink("snapshots/main", dir / "link");
  TreeInput input = weights_of(dir / "link");
  input.exclude = {"z"};
  CHECK(walk(input).size() == 4);
}

TEST_CASE("FIFOs, sockets and devices are refused with path and type, and do not hang") {
  const TempDir dir;
  fs::create_directories(dir / "d");
  const std::string at = "`" + (dir / "d/x").string() + "` is ";
  const std::string end = ", which cannot be in an image | exclude it";
  REQUIRE(::mkfifo((dir / "d/x").c_str(), 0600) == 0);
  CHECK(refusal(input_of(dir / "d")) == at + "a FIFO" + end);
  CHECK(refusal(weights_of(dir / "d")) == at + "a FIFO" + end);
  CHECK(refusal(input_of(dir / "d/x")) == at + "a FIFO" + end);
  fs::remove(dir / "d/x");

  const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (dir / "d/x").c_str());  // NOLINT
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(refusal(input_of(dir / "d")) == at + "a socket" + end);
  CHECK(refusal(input_of(dir / "d/x")) == at + "a socket" + end);
  fs::remove(dir / "d/x");

  CHECK(refusal(input_of("/dev/null")) ==
        "`/dev/null` is a device, which cannot be in an image | exclude it");
  fs::create_symlink("/dev/null", dir / "d/x");
  CHECK(refusal(weights_of(dir / "d")) == at + "a device" + end);
}

TEST_CASE("files of /proc are refused: they do not say how long they are") {
  CHECK(refusal(input_of("/proc/self/status")) ==
        "`/proc/self/status` is on a virtual file system (proc), whose files do not say how long "
        "they are | ");
  const TempDir dir;
  fs::create_directories(dir / "d");
  fs::create_symlink("/proc/self", dir / "d/p");
  CHECK(refusal(weights_of(dir / "d")) ==
        "`" + (dir / "d/p").string() +
            "` is on a virtual file system (proc), whose files do not say how long they are | ");
}

TEST_CASE("names that mean something else in a layer are refused") {
  const TempDir dir;
  dir.write("d/.wh.x", "x");
  const std::string d = (dir / "d").string();
  CHECK(refusal(input_of(dir / "d")) ==
        "`" + d +
            "/.wh.x` has a name that begins with `.wh.`, a deletion mark | rename it, or "
            "exclude it");
  fs::remove(dir / "d/.wh.x");
  fs::create_directories(dir / "d/.wh..wh..opq");
  CHECK(refusal(input_of(dir / "d")).starts_with("`" + d + "/.wh..wh..opq` has a name"));
  fs::remove(dir / "d/.wh..wh..opq");
  dir.write("d/a\nb", "x");
  CHECK(refusal(input_of(dir / "d")) ==
        "`" + d + "/a\\x0ab` has a newline in its name | rename it, or exclude it");
}

TEST_CASE("bad targets are refused with the rule") {
  const TempDir dir;
  dir.write("f", "x");
  const std::string what = "the target of `" + (dir / "f").string() + "`, ";
  const auto refused = [&](const std::string& target) {
    return refusal(input_of(dir / "f", target), Fault::usage);
  };
  CHECK(refused("app") == what + "`app` is not an absolute path | write `/app`");
  CHECK(refused("/a/../b") == what + "`/a/../b` holds `..` | ");
  CHECK(refused("/a/.wh.b") ==
        what + "`/a/.wh.b` holds a name that begins with `.wh.`, a deletion mark | ");
  CHECK(refused("/a\nb") == what + "`/a\\x0ab` holds a newline | ");
  CHECK(refused(std::string("/a\0b", 4)) == what + "`/a\\x00b` holds a NUL byte | ");
}

TEST_CASE("a source that is a symlink is followed, wherever it leads") {
  const TempDir dir;
  dir.write("outside/f", "x");
  fs::create_directory_symlink("../outside", (dir.write("spec/x", ""), dir / "spec/app"));
  fs::create_symlink("../outside/f", dir / "spec/one");
  CHECK(paths(walk(input_of(dir / "spec/app"))) == Paths{"app/", "app/f"});
  CHECK(paths(walk(input_of(dir / "spec/one", "/one"))) == Paths{"one"});
}

TEST_CASE("a missing source is named") {
  const TempDir dir;
  CHECK(refusal(input_of(dir / "none")) ==
        "`" + (dir / "none").string() +
            "` does not exist | a relative path is relative to the spec's folder");
}

TEST_CASE("hard links are two files, and a sparse file is as long as it says") {
  const TempDir dir;
  const fs::path file = dir.write("d/a", "x");
  fs::create_hard_link(file, dir / "d/b");
  const fs::path sparse = dir.write("d/s", "");
  REQUIRE(::truncate(sparse.c_str(), off_t{6} << 30) == 0);
  const auto entries = walk(input_of(dir / "d"));
  REQUIRE(entries.size() == 4);
  CHECK(entries[1].kind == EntryKind::file);
  CHECK(entries[2].kind == EntryKind::file);
  CHECK(entries[3].size == std::uint64_t{6} << 30);
}

TEST_CASE("names that are not UTF-8 are kept byte by byte") {
  const TempDir dir;
  dir.write("d/caf\xe9", "x");
  CHECK(paths(walk(input_of(dir / "d"))) == Paths{"app/", "app/caf\xe9"});
}

TEST_CASE("a tree nested without end is refused") {
  const TempDir dir;
  std::string deep = "d";
  for (int i = 0; i < 300; ++i) {
    deep += "/x";
  }
  fs::create_directories(dir / deep);
  CHECK(refusal(input_of(dir / "d")).ends_with("` lies deeper than 256 folders | "));
}

TEST_CASE("names that one file system takes for one are pointed out") {
  std::vector<RecipeEntry> entries{text_entry("app/Data", ""),
                                   text_entry("app/caf\xc3\xa9", ""),
                                   text_entry("app/cafe\xcc\x81", ""),
                                   text_entry("app/data", ""),
                                   text_entry("app/other", "")};
  CHECK(case_collisions(entries) ==
        std::vector<std::string>{
            "`/app/caf\xc3\xa9` and `/app/cafe\xcc\x81` are one file on systems that ignore case "
            "or the form of accents",
            "`/app/Data` and `/app/data` are one file on systems that ignore case or the form of "
            "accents"});
}

TEST_CASE("names that differ in case or composition only fold to one name, in every script") {
  CHECK(fold_name("\xc3\x84\xd0\x96\xce\xa9\xe4\xb8\xad") ==
        "\xc3\xa4\xd0\xb6\xcf\x89\xe4\xb8\xad");
  CHECK(fold_name("\xe1\xba\xa1") == fold_name("A\xcc\xa3"));                 // a with a dot below
  CHECK(fold_name("\xea\xb0\x80") == fold_name("\xe1\x84\x80\xe1\x85\xa1"));  // Hangul GA
  CHECK(fold_name("q\xcc\xa3\xcc\x87") == fold_name("q\xcc\x87\xcc\xa3"));    // order of marks
  CHECK(fold_name("Na\xff") == "na\xff");
  CHECK(fold_name("").empty());
}

TEST_CASE("twenty thousand files are walked, each once") {
  const TempDir dir;
  for (int folder = 0; folder < 200; ++folder) {
    const fs::path at = dir.path() / fmt::format("d/package{}/sub", folder);
    fs::create_directories(at);
    for (int file = 0; file < 100; ++file) {
      const Fd fd(
          ::open((at / fmt::format("module{}.py", file)).c_str(), O_CREAT | O_WRONLY, 0644));
    }
  }
  TreeInput input = input_of(dir / "d");
  input.exclude = {"__pycache__/", "*.pyc"};
  const auto entries = walk(input);
  CHECK(entries.size() == 20'000 + 401);
  CHECK(case_collisions(entries).empty());
}
