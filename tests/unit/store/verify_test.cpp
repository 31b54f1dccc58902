#include "tests/support/temp_dir.h"
#include "tests/unit/store/sample.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;
using test::image_of;
using test::name;
using test::put_named;
using test::recipe_over;
using test::TempDir;

namespace {

using Lines = std::vector<std::string>;

Lines problems(const Store& store) {
  return store.verify(2).problems;
}

// Names an image whose one layer, of the bytes "weights", is not stored.
Image put_without_layer(Store& store) {
  Image image = image_of({"weights"});
  store.put_image(image);
  store.tag(name("a:1"), test::descriptor_of(image));
  return image;
}

const std::string weights = Digest::of("weights").text();

}  // namespace

TEST_CASE("a sound store has no problems") {
  const TempDir dir;
  Store store(dir.path());
  put_named(store, "a:1", {"x", "y"});
  store.put_recipe(Digest::of("z"), LayerRecipe());
  const StoreReport report = store.verify(4);
  CHECK(report.blobs == 4);
  CHECK(report.recipes == 1);
  CHECK(report.problems == Lines{});
}

TEST_CASE("a damaged blob is found by hashing it") {
  const TempDir dir;
  Store store(dir.path());
  put_named(store, "a:1", {"x", "y"});
  const fs::path path = store.blob_path(Digest::of("y"));
  write_file(path, "Y");
  CHECK(problems(store) ==
        Lines{"`" + path.string() + "` is damaged: it holds `" + Digest::of("Y").text() +
              "`; delete it, then build or pull again"});
}

TEST_CASE("a damaged manifest is a problem of the image too") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  const fs::path path = store.blob_path(image.digest());
  write_file(path, "");
  CHECK(problems(store) ==
        Lines{"`" + path.string() + "` is damaged: it holds `" + Digest::of("").text() +
                  "`; delete it, then build or pull again",
              "`a:1` needs `" + image.digest().text() + "`, which is damaged"});
}

TEST_CASE("a damaged download is found") {
  const TempDir dir;
  const Store store(dir.path());
  const fs::path path = dir.write("cache/sha256/" + Digest::of("deb").hex(), "dab");
  CHECK(problems(store) ==
        Lines{"`" + path.string() + "` is damaged: it holds `" + Digest::of("dab").text() +
              "`; delete it, then build or pull again"});
}

TEST_CASE("blobs that images need and nobody has are named") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_without_layer(store);
  fs::remove(store.blob_path(image.manifest.config.digest));
  CHECK(
      problems(store) ==
      Lines{"`a:1` needs `" + image.manifest.config.digest.text() + "`, which is not in the store",
            "`a:1` needs `" + weights + "`, which is nowhere; build or pull it again"});
}

TEST_CASE("a layer that is at a registry is no problem") {
  const TempDir dir;
  Store store(dir.path());
  put_without_layer(store);
  store.put_origin(Digest::of("weights"), name("registry.example.com/a"));
  CHECK(problems(store) == Lines{});
}

TEST_CASE("a layer that is made from files is no problem while they are as they were") {
  const TempDir dir;
  const TempDir home;
  Store store(dir.path());
  put_without_layer(store);
  const fs::path path = home.write("w.safetensors", "weights");
  store.put_recipe(Digest::of("weights"), recipe_over(path));
  CHECK(problems(store) == Lines{});
  const Lines changed{"`a:1` needs `" + path.string() +
                      "`, which changed or is gone; build it again"};
  home.write("w.safetensors", "WEIGHTS");
  CHECK(problems(store) == changed);
  fs::remove(path);
  CHECK(problems(store) == changed);
}

TEST_CASE("a layer that is made from packages needs them in the cache") {
  const TempDir dir;
  Store store(dir.path());
  put_without_layer(store);
  LayerRecipe recipe;
  recipe.entries.emplace_back();
  recipe.entries[0].path = "usr/bin/x";
  recipe.entries[0].content = DebMember{Digest::of("deb"), "./usr/bin/x"};
  store.put_recipe(Digest::of("weights"), recipe);
  CHECK(problems(store) == Lines{"`a:1` needs the package `" + Digest::of("deb").text() +
                                 "`, which is not in the cache; build it again"});
  dir.write("cache/sha256/" + Digest::of("deb").hex(), "deb");
  CHECK(problems(store) == Lines{});
}

TEST_CASE("a damaged recipe is a problem of the image") {
  const TempDir dir;
  Store store(dir.path());
  put_without_layer(store);
  dir.write("recipes/" + Digest::of("weights").hex(), "mlpack-recipe 1\n");
  CHECK(problems(store) ==
        Lines{"`a:1` needs the recipe of `" + weights + "`, which cannot be read; build it again"});
}

TEST_CASE("a layer of another size than the manifest says is a problem") {
  const TempDir dir;
  Store store(dir.path());
  Layer layer{Role::files, "", test::layer_of("x"), Digest::of("x"), "", false};
  layer.descriptor.size = 100;
  store.put_blob("x");
  ImageConfig config;
  config.platform = Platform::host();
  const Image image = assemble({}, {layer}, config, {});
  store.put_image(image);
  store.tag(name("a:1"), test::descriptor_of(image));
  CHECK(problems(store) ==
        Lines{"`a:1` needs `" + Digest::of("x").text() + "` with 100 bytes, but it has 1"});
}
