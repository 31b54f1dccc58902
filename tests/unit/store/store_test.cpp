#include "lib/store/store.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/oci/check_error.h"
#include "tests/unit/store/sample.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

using namespace mlpack;
using test::check_error;
using test::layer_of;
using test::name;
using test::recipe_over;
using test::TempDir;

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1000 * ms;

KnownLayer known(std::string_view bytes) {
  return {layer_of(bytes), Digest::of("diff id")};
}

// A recipe over a file that changed at `mtime_ns` and whose inode changed at `ctime_ns`.
LayerRecipe changed_at(std::int64_t mtime_ns, std::int64_t ctime_ns) {
  RecipeEntry entry;
  entry.path = "a";
  entry.content = FileRange{"/a", {1, 2, 3, mtime_ns, ctime_ns}, 0};
  LayerRecipe recipe;
  recipe.entries.push_back(entry);
  return recipe;
}

bool remembered(const LayerRecipe& recipe, std::int64_t snapshot_ns) {
  const TempDir dir;
  Store store(dir / "store");
  store.put_blob("layer");
  store.remember_layer(Digest::of("key"), recipe, snapshot_ns, known("layer"));
  return store.known_layer(Digest::of("key")).has_value();
}

// Files of this process may grow to `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a new store is an image layout without images") {
  const TempDir dir;
  const Store store(dir / "a/store");
  CHECK(dir.read("a/store/oci-layout") == R"({"imageLayoutVersion":"1.0.0"})");
  CHECK(
      dir.read("a/store/index.json") ==
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})");
  CHECK(store.images().empty());
}

TEST_CASE("a layout of another version is refused") {
  const TempDir dir;
  dir.write("oci-layout", R"({"imageLayoutVersion": "2.0.0"})");
  check_error([&] { Store{dir.path()}; },
              Fault::input,
              "`" + (dir / "oci-layout").string() + "`: `imageLayoutVersion` is `2.0.0`");
}

TEST_CASE("a layout that another tool made is taken over") {
  const TempDir dir;
  dir.write("oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}\n");
  Store store(dir.path());
  test::put_named(store, "a:1", {"x"});
  CHECK(store.images().size() == 1);
}

TEST_CASE("a blob is under its digest") {
  const TempDir dir;
  Store store(dir.path());
  const Digest digest = store.put_blob("hello");
  CHECK(digest == Digest::of("hello"));
  CHECK(store.has_blob(digest));
  CHECK(store.blob_size(digest) == 5);
  CHECK(store.read_blob(digest, 100) == "hello");
  CHECK(store.blob_path(digest) == dir / "blobs/sha256" / digest.hex());
}

TEST_CASE("a blob that is not there is an absence") {
  const TempDir dir;
  const Store store(dir.path());
  CHECK_FALSE(store.has_blob(Digest::of("x")));
  CHECK_FALSE(store.blob_size(Digest::of("x")));
  CHECK_FALSE(store.read_blob(Digest::of("x"), 100));
}

TEST_CASE("a blob written in pieces appears when it is committed") {
  const TempDir dir;
  Store store(dir.path());
  const auto file = store.new_blob();
  file->write(as_bytes("hello"));
  CHECK_FALSE(store.has_blob(Digest::of("hello")));
  file->commit_as(store.blob_path(Digest::of("hello")));
  CHECK(store.read_blob(Digest::of("hello"), 100) == "hello");
  const auto download = store.new_cached();
  download->write(as_bytes("deb"));
  download->commit_as(store.cache_path(Digest::of("deb")));
  CHECK(store.has_cached(Digest::of("deb")));
  CHECK_FALSE(store.has_blob(Digest::of("deb")));
}

TEST_CASE("a damaged blob is not returned, and putting it again repairs it") {
  const TempDir dir;
  Store store(dir.path());
  const Digest digest = store.put_blob("hello");
  const std::string path = store.blob_path(digest).string();
  write_file(path, "hallo");
  check_error([&] { store.read_blob(digest, 100); },
              Fault::integrity,
              "the blob `" + path + "` is damaged: it holds `" + Digest::of("hallo").text() + "`");
  store.put_blob("hello");
  CHECK(store.read_blob(digest, 100) == "hello");
}

TEST_CASE("a full disk leaves the store as it was") {
  const TempDir dir;
  Store store(dir.path());
  test::put_named(store, "a:1", {"x"});
  const std::string big(std::size_t{1} << 20, 'x');
  {
    const FileSizeLimit limit(std::size_t{1} << 16);
    check_error([&] { store.put_blob(big); },
                Fault::disk,
                "cannot write `" + store.blob_path(Digest::of(big)).string() + "`: File too large");
  }
  CHECK_FALSE(store.has_blob(Digest::of(big)));
  CHECK(files_in(dir / "blobs/sha256") == 3);
  CHECK(store.images().size() == 1);
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("bytes are looked for as a blob, as a recipe, and where they came from") {
  using Kind = BlobLocation::Kind;
  const TempDir dir;
  Store store(dir.path());
  const Digest digest = Digest::of("layer");
  CHECK(store.locate(digest).kind == Kind::unknown);
  store.put_origin(digest, name("registry.example.com/a/b:1"));
  CHECK(store.locate(digest).kind == Kind::remote);
  CHECK(store.locate(digest).origins == std::vector{name("registry.example.com/a/b")});
  store.put_recipe(digest, LayerRecipe());
  CHECK(store.locate(digest).kind == Kind::recipe);
  store.put_blob("layer");
  CHECK(store.locate(digest).kind == Kind::stored);
  CHECK(store.locate(digest).path == store.blob_path(digest));
}

TEST_CASE("every repository that has a blob is remembered once") {
  const TempDir dir;
  Store store(dir.path());
  const Digest digest = Digest::of("x");
  store.put_origin(digest, name("a.example/x"));
  store.put_origin(digest, name("b.example/x"));
  store.put_origin(digest, name("a.example/x:tag"));
  CHECK(store.origins(digest) == std::vector{name("a.example/x"), name("b.example/x")});
}

TEST_CASE("a line of origins that was cut does not spoil the next") {
  const TempDir dir;
  Store store(dir.path());
  const Digest digest = Digest::of("x");
  store.put_origin(digest, name("a.example/x"));
  dir.write("origins/" + digest.hex(), "\na.example/x\n\nb.exa/");
  store.put_origin(digest, name("c.example/x"));
  CHECK(store.origins(digest) == std::vector{name("a.example/x"), name("c.example/x")});
}

TEST_CASE("a recipe is read back, and one that is damaged is none") {
  const TempDir dir;
  Store store(dir.path());
  const LayerRecipe recipe = changed_at(1, 2);
  store.put_recipe(Digest::of("layer"), recipe);
  CHECK(store.recipe(Digest::of("layer")) == recipe);
  CHECK_FALSE(store.recipe(Digest::of("other")));
  dir.write("recipes/" + Digest::of("layer").hex(), write_recipe(recipe) + "x");
  CHECK_FALSE(store.recipe(Digest::of("layer")));
}

TEST_CASE("a layer is known by its key, across runs") {
  const TempDir dir;
  KnownLayer layer = known("layer");
  layer.descriptor.annotations["dev.mlpack.layer.codec"] = "zstd 1.5.4 l3";
  {
    Store store(dir.path());
    store.put_blob("layer");
    store.remember_layer(Digest::of("key"), LayerRecipe(), 0, layer);
  }
  const Store store(dir.path());
  const auto found = store.known_layer(Digest::of("key"));
  REQUIRE(found);
  CHECK(found->descriptor == layer.descriptor);
  CHECK(found->diff_id == layer.diff_id);
  CHECK_FALSE(store.known_layer(Digest::of("other key")));
}

TEST_CASE("a layer whose bytes are gone is not known any more") {
  const TempDir dir;
  Store store(dir.path());
  const Digest digest = store.put_blob("layer");
  store.remember_layer(Digest::of("key"), LayerRecipe(), 0, known("layer"));
  fs::remove(store.blob_path(digest));
  CHECK_FALSE(store.known_layer(Digest::of("key")));
  store.put_recipe(digest, LayerRecipe());
  CHECK(store.known_layer(Digest::of("key")));
}

TEST_CASE("a layer is not remembered where a file had just changed") {
  const std::int64_t now = 1'700'000'000 * second + 123 * ms;
  CHECK(remembered(changed_at(now - 21 * ms, now - 21 * ms), now));
  CHECK_FALSE(remembered(changed_at(now - 20 * ms, now - second), now));
  CHECK_FALSE(remembered(changed_at(now - second, now - 20 * ms), now));
  CHECK(remembered(changed_at(now + second, now - second), now));
}

TEST_CASE("where times are whole seconds a change two seconds ago is too near") {
  const std::int64_t now = 1'700'000'000 * second + 500 * ms;
  const std::int64_t whole = 1'700'000'000 * second;
  CHECK_FALSE(remembered(changed_at(whole, whole), now));
  CHECK_FALSE(remembered(changed_at(whole - second, whole - second), now));
  CHECK(remembered(changed_at(whole - 2 * second, whole - 2 * second), now));
  CHECK(remembered(changed_at(whole - second, whole - second + 1), now));
}

TEST_CASE("one file that had just changed is enough") {
  const std::int64_t now = 1'700'000'000 * second + 123 * ms;
  LayerRecipe recipe = changed_at(1, 1);
  recipe.entries.push_back(changed_at(now, 1).entries[0]);
  CHECK_FALSE(remembered(recipe, now));
}

TEST_CASE("facts are kept by kind and digest") {
  const TempDir dir;
  Store store(dir.path());
  store.put_fact("elf", Digest::of("a"), "needs libc");
  store.put_fact("elf", Digest::of("b"), "");
  store.put_fact("packages", Digest::of("a"), std::string("x\0y", 3));
  CHECK(store.fact("elf", Digest::of("a")) == "needs libc");
  CHECK(store.fact("elf", Digest::of("b")) == "");
  CHECK(store.fact("packages", Digest::of("a")) == std::string("x\0y", 3));
  CHECK_FALSE(store.fact("packages", Digest::of("b")));
  store.put_fact("elf", Digest::of("a"), "needs nothing");
  CHECK(store.fact("elf", Digest::of("a")) == "needs nothing");
}

TEST_CASE("a store for reading that is not there is empty, and is not made") {
  const TempDir dir;
  const Store store(dir / "store", {}, Store::Access::read);
  CHECK_FALSE(store.is_there());
  CHECK(store.images().empty());
  CHECK_FALSE(store.find(name("a:1")));
  CHECK_FALSE(store.recipe(Digest::of("x")));
  CHECK(store.locate(Digest::of("x")).kind == BlobLocation::Kind::unknown);
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("a store that cannot be made can be read as one that is not there") {
  const TempDir dir;
  const fs::path root = dir.write("file", "x") / "store";
  CHECK(Store(root, {}, Store::Access::read).images().empty());
  check_error([&] { const Store store(root); },
              Fault::disk,
              "cannot write to the store `" + root.string() + "`: Not a directory");
}

TEST_CASE("a store whose first user was killed while making it is completed") {
  const TempDir dir;
  dir.write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  dir.write("index.lock", "");
  CHECK(Store(dir.path()).images().empty());
  CHECK(fs::exists(dir / "index.json"));
}

TEST_CASE("a store for reading knows what was remembered, and remembers nothing") {
  const TempDir dir;
  const Digest key = Digest::of("a");
  { Store(dir / "store").put_fact("elf", key, "needs libc"); }
  const std::string before = dir.read("store/memo.sqlite");
  Store reader(dir / "store", {}, Store::Access::read);
  CHECK(reader.fact("elf", key) == "needs libc");
  reader.put_fact("elf", key, "needs nothing");
  CHECK(reader.fact("elf", key) == "needs libc");
  CHECK(dir.read("store/memo.sqlite") == before);
}

TEST_CASE("a reader of a store takes a damaged memo for none, and leaves it") {
  const TempDir dir;
  { const Store store(dir / "store"); }
  dir.write("store/memo.sqlite", "no database at all, but long enough to be looked at");
  const Store reader(dir / "store", {}, Store::Access::read);
  CHECK_FALSE(reader.fact("elf", Digest::of("a")));
  CHECK(dir.read("store/memo.sqlite") == "no database at all, but long enough to be looked at");
  CHECK_FALSE(fs::exists(dir / "store/memo.sqlite.damaged"));
}
