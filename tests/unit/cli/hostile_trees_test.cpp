#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

// What is in a folder that a spec names is somebody else's: each of these stops a build, with the
// path and the reason that tests/golden/cli/hostile-trees.txt has.
using namespace mlpack;
using namespace mlpack::test;

namespace {

struct Tree {
  std::string name;                             // of the folder that holds spec and tree
  std::string rest;                             // of the spec
  std::function<void(const fs::path&)> grow{};  // makes the tree in the folder
};

const std::string files = "files: [{source: tree/, target: /app}]\n";
const std::string tree_weights = "weights: [{source: tree/, target: /models/m}]\n";

std::function<void(const fs::path&)> link(const std::string& name, const std::string& target) {
  return [=](const fs::path& at) { fs::create_symlink(target, at / "tree" / name); };
}

std::function<void(const fs::path&)> file(const std::string& name) {
  return [=](const fs::path& at) { write_file(at / "tree" / name, "x"); };
}

void make_fifo(const fs::path& at) {
  REQUIRE(::mkfifo((at / "tree/x").c_str(), 0600) == 0);
}

void make_socket(const fs::path& at) {
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  const std::string path = at / "tree/x";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(static_cast<char*>(address.sun_path), path.c_str(), path.size());
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

void nest_deeply(const fs::path& at) {
  fs::path deep = at / "tree";
  for (int i = 0; i < 300; ++i)
    deep /= "x";
  fs::create_directories(deep);
}

void make_patterns_without_end(const fs::path& at) {
  write_file(at / ".mlpackignore", "*.pyc\n[a-\n");
  write_file(at / "tree/x", "x");
}

void add_links(std::vector<Tree>& trees) {
  trees.push_back({"link-absolute", files, link("x", "/etc/passwd")});
  trees.push_back({"link-up", files, link("x", "../secret")});
  trees.push_back({"link-up-and-down", files, link("x", "a/../../../tree/tree/y")});
  trees.push_back({"link-through-link", files, [](const fs::path& at) {
                     fs::create_directories(at / "tree/sub");
                     fs::create_symlink("sub/..", at / "tree/s");
                     fs::create_symlink("s/../../secret", at / "tree/x");
                   }});
  trees.push_back({"link-itself", files, link("x", "x")});
  trees.push_back({"link-itself-weights", tree_weights, link("x", "x")});
  trees.push_back({"link-circle-weights", tree_weights, link("x", "..")});
  trees.push_back({"link-nowhere-weights", tree_weights, link("x", "../blobs/gone")});
  trees.push_back({"link-device-weights", tree_weights, link("x", "/dev/null")});
  trees.push_back({"link-proc-weights", tree_weights, link("x", "/proc/self")});
  trees.push_back({"link-with-newline", files, link("x", "/a\nerror: all is well")});
}

void add_names(std::vector<Tree>& trees) {
  trees.push_back({"whiteout", files, file(".wh.passwd")});
  trees.push_back({"opaque", files, [](const fs::path& at) {
                     fs::create_directories(at / "tree/.wh..wh..opq/x");
                   }});
  trees.push_back({"newline", files, file("a\nerror: all is well")});
  trees.push_back({"escape-sequence", files, file("\x1b[2J\nx")});
  trees.push_back({"deep", files, nest_deeply});
}

std::vector<Tree> hostile_trees() {
  std::vector<Tree> trees{{"fifo", files, make_fifo},
                          {"fifo-weights", tree_weights, make_fifo},
                          {"socket", files, make_socket}};
  add_links(trees);
  add_names(trees);
  trees.push_back({"missing", "files: [{source: none/, target: /app}]\n"});
  trees.push_back({"source-proc", "files: [{source: /proc/self/status, target: /app}]\n"});
  trees.push_back({"source-device", "files: [{source: /dev/null, target: /app}]\n"});
  trees.push_back({"file-twice",
                   "files: [{source: tree/, target: /app}, {source: tree/x, target: /app/x}]\n",
                   file("x")});
  trees.push_back({"file-as-folder",
                   "files: [{source: tree/x, target: /app}, {source: tree/x, target: /app/y}]\n",
                   file("x")});
  trees.push_back(
      {"include-nothing", "weights: [{source: tree/, include: [\"*.safetensors\"]}]\n", file("x")});
  trees.push_back({"include-excluded",
                   "weights: [{source: tree/, include: [\"*.pth\"], exclude: [old/]}]\n",
                   [](const fs::path& at) { write_file(at / "tree/old/a.pth", "x"); }});
  trees.push_back({"ignore-file", files, make_patterns_without_end});
  return trees;
}

// Makes every tree below `dir`; the command lines that build them.
std::vector<std::string> planted(const TempDir& dir) {
  std::vector<std::string> lines;
  for (const Tree& tree : hostile_trees()) {
    const fs::path at = dir / tree.name;
    fs::create_directories(at / "tree");
    write_file(at / "mlpack.yaml",
               "schema: 1\nname: demo\nbase: scratch\nplatform: linux/amd64\n" + tree.rest);
    if (tree.grow) tree.grow(at);
    lines.push_back("build " + at.string());
  }
  return lines;
}

}  // namespace

TEST_CASE("a hostile tree stops a build with the path and the reason") {
  AppRun app;
  const std::vector<std::string> lines = planted(app.dir);
  CHECK(lines.size() >= 25);
  const std::string text = app.transcript(lines);
  CHECK(text == golden("cli/hostile-trees.txt", text));
  CHECK(text.find("all is well\n") == std::string::npos);
  CHECK(app.run({"store", "ls"}).out == "NAME  DIGEST  PLATFORM  SIZE\n");
}
