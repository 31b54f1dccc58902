#include "layers/recipes.h"

#include "layers/tar_view.h"
#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/recipe_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

fs::path sparse(const TempDir& dir, const std::string& name, std::uint64_t size) {
  const fs::path path = dir.write(name, "");
  REQUIRE(::truncate(path.c_str(), static_cast<off_t>(size)) == 0);
  return path;
}

std::vector<Origin> origins(const std::vector<std::string>& sources) {
  std::vector<Origin> origins;
  for (const std::string& source : sources) {
    origins.push_back({source, {"mlpack.yaml", origins.size() + 1, 3, ""}});
  }
  return origins;
}

}  // namespace

TEST_CASE("parents are brought where the root does not have them") {
  const TempDir dir;
  dir.write("app/f", "x");
  const auto inputs = std::vector{input_of(dir / "app", "/srv/one/app")};
  CHECK(paths(files_recipes("f", inputs, options_of(RootView::empty())).layers.at(0)) ==
        Paths{"srv/", "srv/one/", "srv/one/app/", "srv/one/app/f"});
}

TEST_CASE("parents of an image that was not looked at keep their owner and mode") {
  const TempDir dir;
  dir.write("app/f", "x");
  dir.write("app/sub/g", "x");
  const RecipeOptions options = options_of(RootView::unknown_image());
  TreeInput input = input_of(dir / "app", "/home/nonroot");
  CHECK(paths(files_recipes("f", {input}, options).layers.at(0)) ==
        Paths{"home/nonroot/f", "home/nonroot/sub/", "home/nonroot/sub/g"});
  CHECK(paths(weights_recipes("w", input, options).layers.at(0)).front() == "home/nonroot/f");
  input.owner = Owner{};
  CHECK(paths(files_recipes("f", {input}, options).layers.at(0)).front() == "home/nonroot/");
  CHECK(paths(files_recipes("f", {input_of(dir / "app/f", "/home/nonroot/a/f")}, options)
                  .layers.at(0)) == Paths{"home/nonroot/a/f"});
  fs::create_directories(dir / "empty");
  CHECK(paths(files_recipes("f", {input_of(dir / "empty", "/srv/a")}, options).layers.at(0)) ==
        Paths{"srv/a/"});
  ConfigInput config;
  config.home = "";
  config.writable = {"/home/nonroot/c"};
  CHECK(paths(config_recipe(config, options)) == Paths{"home/nonroot/c/"});
}

TEST_CASE("folders that the base has keep their rights") {
  const TempDir dir;
  dir.write("t/tmp/x", "x");
  dir.write("t/etc/app.conf", "x");
  const auto inputs = std::vector{input_of(dir / "t", "/")};
  CHECK(paths(files_recipes("f", inputs, options_of(RootView::unknown_image())).layers.at(0)) ==
        Paths{"etc/app.conf", "tmp/x"});
}

TEST_CASE("what lies beneath a link of the base goes where the link leads") {
  const TempDir dir;
  dir.write("t/bin/tool", "x");
  dir.write("t/app/f", "x");
  RootView root = RootView::empty();
  root.add_folder("usr");
  root.add_folder("usr/bin");
  root.add_link("bin", "usr/bin");
  const auto inputs = std::vector{input_of(dir / "t", "/")};
  CHECK(paths(files_recipes("f", inputs, options_of(root)).layers.at(0)) ==
        Paths{"app/", "app/f", "usr/bin/tool"});
  CHECK(refusal([&] { files_recipes("f", inputs, options_of(RootView::unknown_image())); }) ==
        "`/bin` goes through `/bin`, which in most images is a link to `/usr/bin` that it would "
        "replace | write `/usr/bin`");
  CHECK(refusal([&] {
          files_recipes("f", {input_of(dir / "t/app/f", "/usr")}, options_of(root));
        }) == "`/usr` would replace a folder of the base by `" + (dir / "t/app/f").string() +
                  "` | end the target in `/` to put it into the folder");
}

TEST_CASE("two inputs with one destination are refused, and both are named") {
  const TempDir dir;
  dir.write("a/x", "1");
  dir.write("b/x", "2");
  const auto inputs = std::vector{input_of(dir / "a", "/app"), input_of(dir / "b", "/app")};
  CHECK(refusal([&] { files_recipes("f", inputs, options_of(RootView::empty())); }) ==
        "`" + (dir / "a").string() + "` and `" + (dir / "b").string() +
            "` both write `/app/x` | exclude it from one of them");
}

TEST_CASE("nothing lies beneath a file or link of another input") {
  const TempDir dir;
  dir.write("a/x", "1");
  dir.write("b/x/y", "2");
  const auto inputs = std::vector{input_of(dir / "a", "/app"), input_of(dir / "b", "/app")};
  CHECK(refusal([&] { files_recipes("f", inputs, options_of(RootView::empty())); }) ==
        "`/app/x` is a folder of `" + (dir / "b").string() + "` and something else in `" +
            (dir / "a").string() + "` | choose another target for one of them");
  const auto deep =
      std::vector{input_of(dir / "a", "/app"), input_of(dir / "b/x/y", "/app/x/deep/y")};
  CHECK(refusal([&] { files_recipes("f", deep, options_of(RootView::empty())); }) ==
        "`/app/x` is a folder of `" + (dir / "b/x/y").string() + "` and something else in `" +
            (dir / "a").string() + "` | choose another target for one of them");
}

TEST_CASE("a folder of two inputs is as the first has it") {
  const TempDir dir;
  dir.write("a/x", "1");
  dir.write("b/y", "2");
  auto inputs = std::vector{input_of(dir / "a", "/app"), input_of(dir / "b", "/app")};
  inputs[0].owner = Owner{7, 8};
  const LayerRecipe layer = files_recipes("f", inputs, options_of(RootView::empty())).layers.at(0);
  CHECK(paths(layer) == Paths{"app/", "app/x", "app/y"});
  CHECK(entry_of(layer, "app").uid == 7);
  CHECK(entry_of(layer, "app/y").uid == 0);
}

TEST_CASE("a layer stays below max_size where files can be told apart") {
  const TempDir dir;
  for (int i = 0; i < 10; ++i) {
    dir.write(fmt::format("d/s{}/f", i), std::string(100'000, 'x'));
  }
  TreeInput input = input_of(dir / "d", "/app");
  input.owner = Owner{5, 5};
  const auto layers = files_recipes("f", {input}, options_of(RootView::empty(), 350'000)).layers;
  CHECK(layers.size() == 4);
  std::size_t files = 0;
  for (const LayerRecipe& layer : layers) {
    CHECK(TarView(layer).size() <= 350'000);
    CHECK(layer.entries.front().path == "app");
    CHECK(layer.entries.front().uid == 5);
    CHECK(layer.name == "f");
    for (const RecipeEntry& entry : layer.entries) {
      if (entry.kind == EntryKind::file) ++files;
    }
  }
  CHECK(files == 10);
}

TEST_CASE("weights larger than max_size are told of with what splits them") {
  const TempDir dir;
  sparse(dir, "model.safetensors", 2 * mib);
  const Recipes recipes =
      weights_recipes("base", input_of(dir.path(), "/m"), options_of(RootView::empty(), 1 * mib));
  CHECK(recipes.warnings ==
        Paths{"`/m/model.safetensors` is 2.00 MiB, larger than `layers.max_size` (1.00 MiB): its "
              "layer is too; `--reshard` splits the file into shards"});
}

TEST_CASE("a file larger than max_size lies alone, and the user is told") {
  const TempDir dir;
  dir.write("d/a", "x");
  sparse(dir, "d/b", 3 * mib);
  dir.write("d/c", "x");
  const Recipes recipes =
      files_recipes("f", {input_of(dir / "d", "/app")}, options_of(RootView::empty(), mib));
  REQUIRE(recipes.layers.size() == 3);
  CHECK(paths(recipes.layers[1]) == Paths{"app/", "app/b"});
  CHECK(recipes.warnings ==
        Paths{"`/app/b` is 3.00 MiB, larger than `layers.max_size` (1.00 MiB): its layer is too"});
}

TEST_CASE("each shard is a layer, and the small files of a model share one") {
  const TempDir dir;
  sparse(dir, "w/model-2.safetensors", 64 * mib);
  sparse(dir, "w/model-1.safetensors", 70 * mib);
  sparse(dir, "w/sub/almost.bin", 64 * mib - 1);
  dir.write("w/config.json", "{}");
  fs::create_directories(dir / "w/empty");
  const auto layers =
      weights_recipes("base", input_of(dir / "w", "/models/base"), options_of(RootView::empty()))
          .layers;
  REQUIRE(layers.size() == 3);
  CHECK(paths(layers[0]) == Paths{"models/", "models/base/", "models/base/model-1.safetensors"});
  CHECK(paths(layers[1]) == Paths{"models/", "models/base/", "models/base/model-2.safetensors"});
  CHECK(paths(layers[2]) == Paths{"models/",
                                  "models/base/",
                                  "models/base/config.json",
                                  "models/base/empty/",
                                  "models/base/sub/",
                                  "models/base/sub/almost.bin"});
  for (const LayerRecipe& layer : layers) {
    CHECK(layer.role == Role::weights);
    CHECK(layer.name == "base");
  }
}

TEST_CASE("equal files give equal layers, whatever else is in the image") {
  const TempDir dir;
  sparse(dir, "one/a.bin", 64 * mib);
  sparse(dir, "two/a.bin", 64 * mib);
  dir.write("two/b", "x");
  fs::remove(dir / "two/a.bin");
  fs::create_hard_link(dir / "one/a.bin", dir / "two/a.bin");
  const auto layer = [&](const char* source) {
    return weights_recipes("m", input_of(dir / source, "/m"), options_of(RootView::empty()))
        .layers.at(0);
  };
  const LayerRecipe one = layer("one");
  const LayerRecipe two = layer("two");
  CHECK(TarView(one).header(0) == TarView(two).header(0));
  CHECK(TarView(one).header(1) == TarView(two).header(1));
}

TEST_CASE("layers that write one path are refused, and both files are named") {
  const TempDir dir;
  dir.write("w/config.json", "1");
  dir.write("f/config.json", "2");
  auto layers =
      weights_recipes("m", input_of(dir / "w", "/m"), options_of(RootView::empty())).layers;
  const auto files =
      files_recipes("f", {input_of(dir / "f", "/m")}, options_of(RootView::empty())).layers;
  layers.push_back(files.at(0));
  const auto made_of = origins({"`w`", "`f`"});
  CHECK(
      refusal([&] { check_overlaps(layers, made_of); }) ==
      "`" + (dir / "w/config.json").string() + "` and `" + (dir / "f/config.json").string() +
          "` both write `/m/config.json` | exclude it from one of them, or choose another target");
  layers[1].entries = {text_entry("m/config.json/x", "")};
  CHECK(refusal([&] { check_overlaps(layers, made_of); }) ==
        "`/m/config.json` is a folder of `f` and something else in `" +
            (dir / "w/config.json").string() + "` | choose another target for one of them");
  layers[1].entries = {folder_entry("m"), text_entry("m/other", "")};
  check_overlaps(layers, made_of);
}

TEST_CASE("a name that no file system takes is refused") {
  const std::string name(256, 'a');
  const std::vector layers{files_layer("/t", {text_entry("t/" + name.substr(1), "")}),
                           files_layer("/u", {text_entry("u/" + name, "")})};
  CHECK(refusal([&] {
          check_overlaps(layers, origins({"`one`", "`two`"}));
        }) ==
        "a name of 256 bytes in the path of `two`, which no file system takes: Linux has 255 at "
        "most | choose a shorter `target`");
}

TEST_CASE("layers that exclude each other are refused with the places of both entries") {
  const std::vector layers{files_layer("/t", {link_entry("t", "x")}),
                           files_layer("/t/", {folder_entry("t"), text_entry("t/a", "")})};
  try {
    check_overlaps(layers, origins({"`one`", "`two`"}));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "`/t` is a folder of `two` and something else in `one`");
    REQUIRE(error.where().size() == 2);
    CHECK(error.where()[0].line == 2);
    CHECK(error.where()[0].message == error.what());
    CHECK(error.where()[1].line == 1);
    CHECK(error.where()[1].message == "this is the other of the two");
  }
}

TEST_CASE("a layer that the registry does not take is refused before it is hashed") {
  const LayerRecipe layer = weights_layer("base", {folder_entry("m"), text_entry("m/a", "x")});
  CHECK_FALSE(layer_size_problem(layer, 4096, "registry.example.com"));
  const TempDir dir;
  const fs::path file = sparse(dir, "big.gguf", 20 * 1024 * mib);
  const LayerRecipe large = weights_layer("base", {file_entry("m/big.gguf", file)});
  const std::string what = "the weights layer `base` is 20.0 GiB with `" + file.string() +
                           "` (20.0 GiB), and ghcr.io takes layers of 10.0 GiB at most";
  const auto problem = [](const LayerRecipe& refused, std::uint64_t limit) {
    return refusal([&] { throw Error(layer_size_problem(refused, limit, "ghcr.io").value()); });
  };
  CHECK(problem(large, 10 * 1024 * mib) == what + " | `--reshard` splits the file into shards");
  const LayerRecipe other = files_layer("/app", {file_entry("m/big.gguf", file)});
  CHECK(problem(other, 10 * 1024 * mib)
            .ends_with(" | split the file (`max_shard_size` of save_pretrained, say), or use "
                       "another registry"));
}

TEST_CASE("a layer that is too large for many small files is made smaller by the spec") {
  const LayerRecipe layer = weights_layer("base",
                                          {text_entry("m/a", std::string(6000, 'a')),
                                           text_entry("m/b", std::string(6000, 'b')),
                                           text_entry("m/c", std::string(6000, 'c'))});
  CHECK(refusal([&] { throw Error(layer_size_problem(layer, 16384, "ghcr.io").value()); }) ==
        "the weights layer `base` is 20.5 KiB with the weights layer `base` (5.86 KiB), and "
        "ghcr.io takes layers of 16.0 KiB at most | lower `layers.max_size`");
}
