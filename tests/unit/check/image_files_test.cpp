#include "lib/check/image_files.h"

#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

namespace {

LayerFacts layer_of(const std::vector<std::string>& paths) {
  LayerFacts layer;
  for (const std::string& path : paths) {
    FileFacts file;
    file.path = path;
    layer.files.push_back(std::move(file));
  }
  return layer;
}

}  // namespace

TEST_CASE("layers take away what they say before they add") {
  ImageFiles files;
  files.add(layer_of({"a/one", "a/two", "b/three", "c"}));
  LayerFacts next = layer_of({"b/four"});
  next.removed = {"a/one", "c"};
  next.emptied = {"b"};
  files.add(next);
  CHECK(files.find("a/one") == nullptr);
  CHECK(files.find("a/two") != nullptr);
  CHECK(files.find("b/three") == nullptr);
  CHECK(files.find("b/four") != nullptr);
  CHECK(files.find("c") == nullptr);
}

TEST_CASE("links are followed as in a container, and circles end") {
  TestImage image;
  image.link("lib", "usr/lib");
  image.link("usr/lib/here", ".");
  image.link("abs", "/usr/lib/x86_64-linux-gnu/libc.so.6");
  image.link("one", "two");
  image.link("two", "one");
  image.link("gone", "nowhere");
  ImageFiles files;
  files.add(image.top);
  CHECK(files.real_path("/lib/here/../lib/x86_64-linux-gnu/libc.so.6") ==
        "usr/lib/x86_64-linux-gnu/libc.so.6");
  CHECK(files.real_path("abs") == "usr/lib/x86_64-linux-gnu/libc.so.6");
  CHECK(files.real_path("../../etc/passwd") == "etc/passwd");
  CHECK(files.real_path("one") == std::nullopt);
  CHECK(files.real_path("gone") == std::nullopt);
  CHECK(files.real_path("etc/passwd/x") == std::nullopt);
  CHECK(files.real_path("/") == "");
}

TEST_CASE("a hard link is the file that it names, and what replaces a folder replaces all in it") {
  ImageFiles files;
  LayerFacts layer = layer_of({"a/file", "b/file"});
  layer.files[0].size = 7;
  FileFacts hard;
  hard.path = "c";
  hard.kind = EntryKind::hardlink;
  hard.link = "a/file";
  layer.files.push_back(hard);
  files.add(layer);
  files.add(layer_of({"b"}));
  REQUIRE(files.find("c") != nullptr);
  CHECK(files.find("c")->kind == EntryKind::file);
  CHECK(files.find("c")->size == 7);
  CHECK(files.find("b/file") == nullptr);
}
