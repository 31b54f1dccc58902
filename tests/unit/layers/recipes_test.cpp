#include "layers/recipes.h"

#include "layers/tar_view.h"
#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <functional>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Paths = std::vector<std::string>;

Paths paths(const LayerRecipe& layer) {
  Paths texts;
  for (const RecipeEntry& entry : layer.entries) {
    texts.push_back(entry.kind == EntryKind::directory ? entry.path + '/' : entry.path);
  }
  return texts;
}

const RecipeEntry& entry_of(const LayerRecipe& layer, const std::string& path) {
  for (const RecipeEntry& entry : layer.entries) {
    if (entry.path == path) return entry;
  }
  FAIL("no entry " << path);
  std::abort();
}

TreeInput input_of(const fs::path& source, const std::string& target) {
  TreeInput input;
  input.source = source;
  input.target = target;
  return input;
}

std::string refusal(const std::function<void()>& action, Fault fault = Fault::usage) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.fault() == fault);
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

fs::path sparse(const TempDir& dir, const std::string& name, std::uint64_t size) {
  const fs::path path = dir.write(name, "");
  REQUIRE(::truncate(path.c_str(), static_cast<off_t>(size)) == 0);
  return path;
}

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

RecipeOptions options_of(const RootView& root, std::uint64_t max_size = 5000 * mib) {
  RecipeOptions options;
  options.root = root;
  options.max_size = max_size;
  return options;
}

LayerRecipe weights_layer(const std::string& name, std::vector<RecipeEntry> entries) {
  LayerRecipe layer;
  layer.role = Role::weights;
  layer.name = name;
  layer.entries = std::move(entries);
  return layer;
}

}  // namespace

TEST_CASE("parents are brought where the root does not have them") {
  const TempDir dir;
  dir.write("app/f", "x");
  const auto inputs = std::vector{input_of(dir / "app", "/srv/one/app")};
  CHECK(paths(files_recipes("f", inputs, options_of(RootView::empty())).layers.at(0)) ==
        Paths{"srv/", "srv/one/", "srv/one/app/", "srv/one/app/f"});
  CHECK(paths(files_recipes("f", inputs, options_of(RootView::unknown_image())).layers.at(0)) ==
        Paths{"srv/one/", "srv/one/app/", "srv/one/app/f"});
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
  CHECK(
      refusal([&] { check_overlaps(layers); }) ==
      "`" + (dir / "w/config.json").string() + "` and `" + (dir / "f/config.json").string() +
          "` both write `/m/config.json` | exclude it from one of them, or choose another target");
  layers[1].entries = {text_entry("m/config.json/x", "")};
  CHECK(refusal([&] { check_overlaps(layers); }) ==
        "`/m/config.json` is a folder of the files layer `f` and something else in the weights "
        "layer `m` | choose another target for one of them");
  layers[1].entries = {folder_entry("m"), text_entry("m/other", "")};
  check_overlaps(layers);
}

TEST_CASE("a folder with an owner of its own is not made plain by a layer above") {
  LayerRecipe below;
  below.entries = {folder_entry("app"), text_entry("app/a", "")};
  below.entries[0].uid = 9;
  LayerRecipe above;
  above.entries = {folder_entry("app"), folder_entry("app/sub"), text_entry("app/sub/b", "")};
  const auto layers = fit_layer_count({below, above}, 0, mib);
  CHECK(paths(layers[0]) == Paths{"app/", "app/a"});
  CHECK(paths(layers[1]) == Paths{"app/sub/", "app/sub/b"});
}

TEST_CASE("more than 127 layers are joined where weights allow it, and refused else") {
  std::vector<LayerRecipe> layers;
  for (int i = 0; i < 130; ++i) {
    layers.push_back(
        weights_layer("m", {folder_entry("m"), text_entry(fmt::format("m/s{:03}", i), "x")}));
  }
  layers[50].entries[1] = text_entry("m/s050", std::string(5000, 'x'));
  const auto fitted = fit_layer_count(layers, 3, mib);
  CHECK(fitted.size() == 124);
  CHECK(paths(fitted[0]) == Paths{"m/", "m/s000", "m/s001"});
  CHECK(paths(fitted[1]) == Paths{"m/", "m/s002", "m/s003"});
  CHECK(fit_layer_count(layers, 3, mib) == fitted);
  CHECK(fit_layer_count({layers.begin(), layers.begin() + 127}, 0, mib).size() == 127);
  const char* message =
      "the image would have 133 layers, 3 of them the base's; container runtimes accept 127 | "
      "raise `layers.max_size`, or make fewer and larger files of the weights";
  CHECK(refusal([&] { fit_layer_count(layers, 3, 3000); }) == message);
}

TEST_CASE("a layer that the registry does not take is refused before it is hashed") {
  const LayerRecipe layer = weights_layer("base", {folder_entry("m"), text_entry("m/a", "x")});
  check_layer_sizes({layer}, 4096, "registry.example.com");
  const TempDir dir;
  const fs::path file = sparse(dir, "big.gguf", 20 * 1024 * mib);
  const LayerRecipe large = weights_layer("base", {file_entry("m/big.gguf", file)});
  CHECK(refusal([&] {
          check_layer_sizes({layer, large}, 10 * 1024 * mib, "ghcr.io");
        }) ==
        "the weights layer `base` is 20.0 GiB with `" + file.string() +
            "` (20.0 GiB), and ghcr.io takes layers of 10.0 GiB at most | split the file into "
            "shards (`gguf-split`, or `max_shard_size` of save_pretrained)");
}

TEST_CASE("the config layer makes the account, its home and what it may write") {
  ConfigInput input;
  input.writable = {"/data", "/tmp", "/home/nonroot/.cache"};
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
