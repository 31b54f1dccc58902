#include "lib/oci/referrers.h"
#include "lib/parallel.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/oci/check_error.h"
#include "tests/unit/store/sample.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;
using test::check_error;
using test::image_of;
using test::name;
using test::put_named;
using test::TempDir;

namespace {

StoreReport gc(Store& store) {
  return store.gc(Store::Gc::unreferenced);
}

}  // namespace

TEST_CASE("what no name leads to is removed and nothing else") {
  const TempDir dir;
  Store store(dir.path());
  const Image kept = put_named(store, "a:1", {"shared", "x"});
  const Image gone = put_named(store, "b:1", {"shared", "yy"});
  store.remove(name("b:1"));
  const StoreReport report = gc(store);
  CHECK(report.removed == 3);  // manifest, config and its own layer
  CHECK(report.removed_bytes == 2 + gone.manifest_bytes.size() + gone.config_bytes.size());
  CHECK(report.blobs == 4);
  CHECK(store.has_blob(Digest::of("shared")));
  CHECK(store.load_image(*store.find(name("a:1"))).digest() == kept.digest());
  CHECK(store.verify(2).problems.empty());
  CHECK(gc(store).removed == 0);
}

TEST_CASE("every image of an index is kept") {
  const TempDir dir;
  Store store(dir.path());
  store.put_blob("x");
  store.put_blob("y");
  store.tag(name("a:1"), store.put_index({image_of({"x"}), image_of({"y"}, "arm64")}, {}));
  CHECK(gc(store).removed == 0);
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("what refers to an image stays as long as a name leads to the image, and is no image") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  const Image artifact = image_of({"what is said"});
  store.put_image(artifact);
  store.put_blob("what is said");
  store.tag(name("a:" + referrers_tag(image.digest())), store.put_index({artifact}, {}));
  CHECK(store.images().size() == 1);
  CHECK(gc(store).removed == 0);
  put_named(store, "a:1", {"y"});
  CHECK(gc(store).removed == 7);  // three of the image, three of the artifact, the list
  CHECK_FALSE(store.find(name("a:" + referrers_tag(image.digest()))));
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("an image with the name of a list of referrers is an image") {
  const TempDir dir;
  Store store(dir.path());
  put_named(store, "a:" + referrers_tag(Digest::of("none of these")), {"x"});
  CHECK(store.images().size() == 1);
  CHECK(gc(store).removed == 0);
}

TEST_CASE("an index of which one image is stored is kept") {
  const TempDir dir;
  Store store(dir.path());
  store.put_blob("x");
  const Image absent = image_of({"y"}, "arm64");
  store.tag(name("a:1"), store.put_index({image_of({"x"}), absent}, {}));
  fs::remove(store.blob_path(absent.digest()));
  fs::remove(store.blob_path(absent.manifest.config.digest));
  CHECK(gc(store).removed == 0);
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("recipes and origins of layers that nothing needs are removed") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = image_of({"weights", "base"});
  store.put_image(image);
  store.tag(name("a:1"), test::descriptor_of(image));
  store.put_recipe(Digest::of("weights"), LayerRecipe());
  store.put_recipe(Digest::of("old"), LayerRecipe());
  store.put_origin(Digest::of("base"), name("registry.example.com/b"));
  store.put_origin(Digest::of("old base"), name("registry.example.com/b"));
  const StoreReport report = gc(store);
  CHECK(report.removed == 2);
  CHECK(report.recipes == 1);
  CHECK(store.recipe(Digest::of("weights")));
  CHECK(store.locate(Digest::of("base")).kind == BlobLocation::Kind::remote);
  CHECK(store.locate(Digest::of("old")).kind == BlobLocation::Kind::unknown);
  CHECK(store.locate(Digest::of("old base")).kind == BlobLocation::Kind::unknown);
}

TEST_CASE("temporaries of dead processes are removed wherever they are") {
  const TempDir dir;
  Store store(dir.path());
  put_named(store, "a:1", {"x"});
  dir.write("blobs/sha256/.new.999999.0.tmp", "half a layer");
  dir.write("blobs/sha256/." + Digest::of("x").hex() + ".999999.1.tmp", "half");
  dir.write("recipes/.abc.999999.0.tmp", "half");
  dir.write("cache/sha256/.new.999999.0.tmp", "half");
  dir.write(".index.json.999999.0.tmp", "half");
  dir.write(".resolver.999999.0.tmp/pylock.toml", "half");
  dir.write(".resolver.999999.0.tmp/none/x", "half");
  dir.write(".mine/x", "mine");
  CHECK(gc(store).removed == 6);
  CHECK(!fs::exists(dir.path() / ".resolver.999999.0.tmp"));
  CHECK(dir.read(".mine/x") == "mine");
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("files that are none of the store's are left alone") {
  const TempDir dir;
  Store store(dir.path());
  dir.write("blobs/sha256/README", "mine");
  dir.write("blobs/sha512/" + std::string(128, 'a'), "mine");
  dir.write("notes.txt", "mine");
  CHECK(gc(store).removed == 0);
  CHECK(dir.read("blobs/sha256/README") == "mine");
}

TEST_CASE("downloads are kept unless asked") {
  const TempDir dir;
  Store store(dir.path());
  dir.write("cache/sha256/" + Digest::of("deb").hex(), "deb");
  CHECK(gc(store).removed == 0);
  CHECK(store.has_cached(Digest::of("deb")));
  const StoreReport report = store.gc(Store::Gc::with_cache);
  CHECK(report.removed == 1);
  CHECK(report.removed_bytes == 3);
  CHECK_FALSE(store.has_cached(Digest::of("deb")));
}

TEST_CASE("downloads that were broken off are removed") {
  const TempDir dir;
  Store store(dir.path());
  dir.write("cache/part/" + Digest::of("weights").hex(), "wei");
  dir.write("cache/known/" + Digest::of("name").hex(), Digest::of("weights").text());
  dir.write("cache/listing/" + Digest::of("hf://a/b").hex(), "{}");
  dir.write("cache/listing/.abc.999999.0.tmp", "{");
  CHECK(gc(store).removed == 2);
  CHECK(store.gc(Store::Gc::with_cache).removed == 2);
}

TEST_CASE("downloads that a named image is made from are kept with the others gone") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = image_of({"weights", "packages", "parts"});
  store.put_image(image);
  store.tag(name("a:1"), test::descriptor_of(image));
  const auto put = [&](const std::string& layer, const std::string& content, Content from) {
    dir.write("cache/sha256/" + Digest::of(content).hex(), content);
    LayerRecipe recipe;
    RecipeEntry& entry = recipe.entries.emplace_back();
    entry.path = "x";
    entry.content = std::move(from);
    store.put_recipe(Digest::of(layer), recipe);
  };
  put("weights", "shard", FileRange{store.cache_path(Digest::of("shard")), {}, 0});
  put("packages", "deb", DebMember{Digest::of("deb"), "./x"});
  const FileRange split{store.cache_path(Digest::of("split")), {}, 8};
  put("parts", "split", Parts{{std::string("header"), 6}, {split, 1}});
  put("old", "old shard", FileRange{store.cache_path(Digest::of("old shard")), {}, 0});
  store.gc(Store::Gc::with_cache);
  CHECK(store.has_cached(Digest::of("shard")));
  CHECK(store.has_cached(Digest::of("deb")));
  CHECK(store.has_cached(Digest::of("split")));
  CHECK_FALSE(store.has_cached(Digest::of("old shard")));
}

TEST_CASE("garbage is not collected while another works with the store") {
  const TempDir dir;
  Store store(dir.path());
  store.put_blob("about to be named");
  {
    Store other(dir.path());
    const std::string message = "another mlpack works with the store `" + dir.path().string() + "`";
    check_error([&] { gc(other); }, Fault::input, message);
    check_error([&] { gc(store); }, Fault::input, message);
  }
  CHECK(store.has_blob(Digest::of("about to be named")));
  CHECK(gc(store).removed == 1);
  CHECK_NOTHROW(Store(dir.path()));  // the lock is shared again
}

TEST_CASE("who waits to collect garbage can be interrupted, and has the store as before") {
  const TempDir dir;
  Store store(dir.path());
  const Store other(dir.path());
  Stop stop;
  const Patience patience{
      std::chrono::hours(1), [&](const std::string&) { stop.request(Fault::interrupted); }, &stop};
  const auto work = [&] { store.gc(Store::Gc::unreferenced, patience); };
  CHECK(test::error_of(work).fault() == Fault::interrupted);
  CHECK_FALSE(FileLock::try_lock(dir / "lock", FileLock::Mode::exclusive));
}

TEST_CASE("nothing is removed where it is not known what an image needs") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  write_file(store.blob_path(image.digest()), "damaged");
  check_error([&] { gc(store); },
              Fault::integrity,
              "`a:1`: the blob `" + store.blob_path(image.digest()).string() +
                  "` is damaged: it holds `" + Digest::of("damaged").text() + "`");
  fs::remove(store.blob_path(image.digest()));
  check_error([&] { gc(store); },
              Fault::integrity,
              "`a:1` needs `" + image.digest().text() +
                  "`, which is not in the store; nothing was removed");
  CHECK(store.has_blob(Digest::of("x")));
  store.remove(name("a:1"));
  CHECK(gc(store).removed == 2);
}
