#include "layers/busybox.h"

#include "layers/archive_members.h"
#include "layers/tar_view.h"
#include "tests/unit/debs/rig.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string copyright = "usr/share/doc/busybox-static/copyright";

TestDeb busybox(const std::string& program) {
  return {.name = "busybox-static",
          .version = "1:1.35",
          .files = {text_entry(program, "the program"),
                    text_entry(copyright, "GPL-2"),
                    text_entry("usr/share/man/man1/busybox.1.gz", "a page")}};
}

struct ShellRig : DebianRig {
  LayerRecipe layer() {
    repository.publish(key);
    context.keyrings = {key.keyring()};
    return busybox_layer(base, context);
  }
  SigningKey key;
};

const RecipeEntry* find(const LayerRecipe& recipe, const std::string& path) {
  const auto found = std::find_if(recipe.entries.begin(),
                                  recipe.entries.end(),
                                  [&](const RecipeEntry& entry) { return entry.path == path; });
  return found == recipe.entries.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("the shell is one program of the distribution under many names, with its copyright") {
  for (const char* place : {"bin/busybox", "usr/bin/busybox"}) {
    ShellRig rig;
    rig.repository.add(busybox(place));
    const LayerRecipe layer = rig.layer();
    CHECK(layer.role == Role::system);
    CHECK(layer.name == "shell");
    // What KServe runs in the image.
    for (const char* name : {"sh", "ln", "sleep", "ls", "[", "test", "echo", "mkdir"}) {
      const RecipeEntry* link = find(layer, std::string("bin/") + name);
      REQUIRE_MESSAGE(link != nullptr, name);
      CHECK(link->link == "busybox");
    }
    CHECK(find(layer, "bin/busybox") != nullptr);
    CHECK(find(layer, copyright) != nullptr);
    const RecipeEntry* status = find(layer, "var/lib/dpkg/status.d/busybox-static");
    REQUIRE(status != nullptr);
    CHECK(std::get<std::string>(status->content).find("Version: 1:1.35\n") != std::string::npos);
    CHECK(find(layer, "usr/share/man/man1/busybox.1.gz") == nullptr);

    const TarView view(layer, [&] { return member_opener(rig.store); });
    const std::string tar = all_of(*view.open());
    CHECK(tar.find("the program") != std::string::npos);
    CHECK(tar.find("GPL-2") != std::string::npos);
  }
}

TEST_CASE("nothing comes with the shell that the distribution always installs") {
  ShellRig rig;
  rig.repository.add(busybox("bin/busybox"));
  rig.layer();
  for (const std::string& url : rig.repository.asked())
    CHECK_MESSAGE(url.find("base-files") == std::string::npos, url);
}

TEST_CASE("a shell that was fetched is made again offline") {
  ShellRig rig;
  rig.repository.add(busybox("bin/busybox"));
  const LayerRecipe layer = rig.layer();
  rig.repository.forget();
  rig.context.offline = Offline::yes;
  CHECK(busybox_layer(rig.base, rig.context) == layer);
  CHECK(rig.repository.asked().empty());
}

TEST_CASE("a package that is not what it was is refused") {
  ShellRig without_program;
  without_program.repository.add({.name = "busybox-static", .files = {text_entry(copyright, "x")}});
  CHECK(failure(Fault::incompatible, [&] { without_program.layer(); }) ==
        "the package `busybox-static` 1 holds no `/bin/busybox`");

  ShellRig with_library;
  with_library.repository.add({.name = "libc6"});
  TestDeb dynamic = busybox("bin/busybox");
  dynamic.fields = "Depends: libc6\n";
  with_library.repository.add(dynamic);
  CHECK(failure(Fault::incompatible, [&] { with_library.layer(); }) ==
        "the package `busybox-static` does not stand alone");
}
