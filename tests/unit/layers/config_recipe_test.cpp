#include "layers/recipes.h"
#include "tests/unit/layers/recipe_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("the config layer makes the account, its home and what it may write") {
  ConfigInput input;
  input.writable = {"/data", "/home/nonroot/.cache"};
  input.accounts = ConfigInput::Accounts::write;
  const LayerRecipe layer = config_recipe(input, options_of(RootView::empty()));
  CHECK(layer.role == Role::config);
  CHECK(paths(layer) == Paths{"data/",
                              "etc/",
                              "etc/group",
                              "etc/passwd",
                              "home/",
                              "home/nonroot/",
                              "home/nonroot/.cache/"});
  CHECK(entry_of(layer, "data").mode == 02775);
  CHECK(entry_of(layer, "data").uid == 65532);
  CHECK(entry_of(layer, "home").uid == 0);
  CHECK(entry_of(layer, "home/nonroot").mode == 0755);
  CHECK(entry_of(layer, "home/nonroot").gid == 65532);
  CHECK(std::get<std::string>(entry_of(layer, "etc/passwd").content) ==
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        "nonroot:x:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin\n");
  CHECK(std::get<std::string>(entry_of(layer, "etc/group").content) ==
        "root:x:0:\nnonroot:x:65532:\n");
}

TEST_CASE("folders that everybody may write are 1777 and root's, where they are not surely there") {
  ConfigInput input;
  input.home = "";
  input.writable = {"/tmp", "/var/tmp/"};
  for (const RootView& root : {RootView::empty(), RootView::unknown_image()}) {
    const LayerRecipe layer = config_recipe(input, options_of(root));
    for (const char* path : {"tmp", "var/tmp"}) {
      CHECK(entry_of(layer, path).mode == 01777);
      CHECK(entry_of(layer, path).uid == 0);
    }
  }
  RootView debian = RootView::empty();
  for (const char* path : {"tmp", "var", "var/tmp"})
    debian.add_folder(path);
  CHECK(config_recipe(input, options_of(debian)).entries.empty());
}

TEST_CASE("the root of the image cannot be a writable folder") {
  ConfigInput input;
  input.writable = {"/"};
  CHECK(refusal([&] { config_recipe(input, options_of(RootView::empty())); }) ==
        "the writable folder `/` is the root of the image | ");
}

TEST_CASE("a writable folder does not take the place of passwd or group") {
  for (const std::string path : {"/etc/passwd", "/etc/group/y"}) {
    ConfigInput input;
    input.writable = {path};
    CHECK(refusal([&] {
            config_recipe(input, options_of(RootView::empty()));
          }).starts_with("the writable folder `" + path + "` would take the place of the file"));
  }
}

TEST_CASE("a passwd or group of the user's is not written over") {
  ConfigInput input;
  input.home = "";
  input.accounts = ConfigInput::Accounts::write;
  const auto with = [&](std::vector<RecipeEntry> entries) {
    return paths(config_recipe(
        input, options_of(RootView::empty()), {files_layer("/etc", std::move(entries))}));
  };
  CHECK(with({text_entry("etc/passwd", "")}) == Paths{"etc/", "etc/group"});
  CHECK(with({link_entry("etc/group", "x"), text_entry("etc/passwd", "")}).empty());
  CHECK(with({text_entry("etc/hosts", "")}) == Paths{"etc/", "etc/group", "etc/passwd"});
}

TEST_CASE("an account that the base has is not written twice") {
  ConfigInput input;
  input.accounts = ConfigInput::Accounts::write;
  input.home = "";
  input.passwd = "app:x:65532:65532::/:/bin/sh\n";
  input.group = "nonroot:x:1:";
  const LayerRecipe layer = config_recipe(input, options_of(RootView::unknown_image()));
  CHECK(paths(layer) == Paths{"etc/group", "etc/passwd"});
  CHECK(std::get<std::string>(entry_of(layer, "etc/passwd").content) == input.passwd);
  CHECK(std::get<std::string>(entry_of(layer, "etc/group").content) == input.group);
}

TEST_CASE("an image's own account and nothing writable need no config layer") {
  ConfigInput input;
  input.home = "";
  CHECK(config_recipe(input, options_of(RootView::unknown_image())).entries.empty());
  input.writable = {"/var/run/app"};
  CHECK_THROWS_AS(config_recipe(input, options_of(RootView::unknown_image())), Error);
}
