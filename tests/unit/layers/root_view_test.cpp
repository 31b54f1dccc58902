#include "layers/root_view.h"

#include "lib/error.h"

#include <doctest/doctest.h>

#include <functional>

using namespace mlpack;

namespace {

// What a Debian root has.
RootView debian() {
  RootView root = RootView::empty();
  for (const char* folder : {"usr", "usr/bin", "usr/lib", "etc", "var", "run", "usr/share"}) {
    root.add_folder(folder);
  }
  root.add_link("bin", "usr/bin");
  root.add_link("lib", "usr/lib");
  root.add_link("var/run", "/run");
  root.add_link("usr/share/up", "../../etc");
  root.add_link("etc/localtime", "/usr/share/zoneinfo/UTC");
  return root;
}

std::string refused_by(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a destination beneath a known link is where the link leads") {
  const RootView root = debian();
  CHECK(root.resolve_entry("bin/tool") == "usr/bin/tool");
  CHECK(root.resolve_folder("bin") == "usr/bin");
  CHECK(root.resolve_folder("lib/a/b") == "usr/lib/a/b");
  CHECK(root.resolve_entry("var/run/x/y") == "run/x/y");
  CHECK(root.resolve_entry("usr/share/up/hosts") == "etc/hosts");
  CHECK(root.resolve_entry("app/bin/tool") == "app/bin/tool");
  CHECK(root.resolve_folder("") == "");
}

TEST_CASE("a link to a file may be replaced, one to a folder may not") {
  const RootView root = debian();
  CHECK(root.resolve_entry("etc/localtime") == "etc/localtime");
  CHECK(refused_by([&] { root.resolve_entry("bin"); }) ==
        "`/bin` would replace the base's link to the folder `/usr/bin` | choose another target");
}

TEST_CASE("links that lead in circles are refused") {
  RootView root = RootView::empty();
  root.add_link("a", "b");
  root.add_link("b", "a");
  CHECK(refused_by([&] { root.resolve_folder("a/x"); }) ==
        "`/a/x`: links of the base lead in circles | ");
}

TEST_CASE("in an image that was not looked at, what may be a link is refused") {
  const RootView root = RootView::unknown_image();
  const auto message = [](const std::string& path, const std::string& instead) {
    return "`/" + path +
           "` goes through `/bin`, which in most images is a link to `/usr/bin` that "
           "it would replace | write `/" +
           instead + "`";
  };
  CHECK(refused_by([&] { root.resolve_entry("bin/tool"); }) == message("bin/tool", "usr/bin/tool"));
  CHECK(refused_by([&] { root.resolve_folder("bin/a/b"); }) == message("bin/a/b", "usr/bin/a/b"));
  CHECK(refused_by([&] { root.resolve_folder("bin"); }) == message("bin", "usr/bin"));
  CHECK(refused_by([&] { root.resolve_entry("bin"); }) == message("bin", "usr/bin"));
  for (const char* path :
       {"sbin/x", "lib/x", "lib32/x", "lib64/x", "libx32/x", "var/run/x", "var/lock/x"}) {
    CHECK_THROWS_AS(root.resolve_entry(path), Error);
  }
  CHECK(root.resolve_entry("usr/bin/tool") == "usr/bin/tool");
  CHECK(root.resolve_entry("var/lib/x") == "var/lib/x");
  CHECK(root.has_folder("tmp"));
  CHECK(root.has_folder(""));
  CHECK_FALSE(root.has_folder("app"));
}

TEST_CASE("a layer's folders and links become known") {
  LayerRecipe recipe;
  recipe.entries.resize(3);
  recipe.entries[0].path = "opt";
  recipe.entries[0].kind = EntryKind::directory;
  recipe.entries[1].path = "data";
  recipe.entries[1].kind = EntryKind::symlink;
  recipe.entries[1].link = "opt";
  recipe.entries[2].path = "file";
  RootView root = RootView::empty();
  root.add(recipe);
  CHECK(root.has_folder("opt"));
  CHECK_FALSE(root.has_folder("file"));
  CHECK(root.resolve_entry("data/x") == "opt/x");
}
