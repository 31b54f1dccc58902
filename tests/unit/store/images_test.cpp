#include "lib/store/store.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/oci/check_error.h"
#include "tests/unit/store/sample.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;
using test::check_error;
using test::descriptor_of;
using test::image_of;
using test::name;
using test::put_named;
using test::TempDir;

namespace {

std::vector<std::string> names(const Store& store) {
  std::vector<std::string> names;
  for (const StoredImage& image : store.images())
    names.push_back(image.name);
  return names;
}

}  // namespace

TEST_CASE("an image is found by the name it was given") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "registry.example.com/a/b:1", {"x"});
  const auto found = store.find(name("registry.example.com/a/b:1"));
  REQUIRE(found);
  CHECK(*found == descriptor_of(image));
  const Image loaded = store.load_image(*found);
  CHECK(loaded.manifest_bytes == image.manifest_bytes);
  CHECK(loaded.config_bytes == image.config_bytes);
}

TEST_CASE("a name without tag means latest") {
  const TempDir dir;
  Store store(dir.path());
  put_named(store, "a", {"x"});
  CHECK(names(store) == std::vector<std::string>{"a:latest"});
  CHECK(store.find(name("a")));
  CHECK(store.find(name("a:latest")));
  CHECK_FALSE(store.find(name("a:1")));
  CHECK_FALSE(store.find(name("b")));
}

TEST_CASE("index.json is a valid index with each name as annotation") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "acme/x:1", {"x"});
  CHECK(dir.read("index.json") ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
        R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
            image.digest().text() + R"(","size":)" + std::to_string(image.manifest_bytes.size()) +
            R"(,"annotations":{"org.opencontainers.image.ref.name":"acme/x:1"}}]})");
}

TEST_CASE("a name points where it was last put") {
  const TempDir dir;
  Store store(dir.path());
  put_named(store, "a:1", {"x"});
  put_named(store, "b:1", {"x"});
  const Image second = put_named(store, "a:1", {"y"});
  CHECK(names(store) == std::vector<std::string>{"a:1", "b:1"});
  CHECK(store.find(name("a:1"))->digest == second.digest());
}

TEST_CASE("giving a name again does not touch index.json") {
  const TempDir dir;
  Store store(dir.path());
  put_named(store, "a:1", {"x"});
  put_named(store, "b:1", {"x"});
  const FileIdentity before = identity_of(open_regular(dir / "index.json"));
  put_named(store, "a:1", {"x"});
  CHECK(identity_of(open_regular(dir / "index.json")) == before);
}

TEST_CASE("a name is given only to what is stored") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = image_of({"x"});
  check_error([&] { store.tag(name("a:1"), descriptor_of(image)); },
              Fault::input,
              "cannot name `" + image.digest().text() + "` as `a:1`: it is not in the store `" +
                  dir.path().string() + "`");
}

TEST_CASE("an image is found by its digest, whatever its name is") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  CHECK(store.find(name("b").with_digest(image.digest())) == descriptor_of(image));
  CHECK_FALSE(store.find(name("a:1").with_digest(Digest::of("x"))));
}

TEST_CASE("images of several platforms are an index") {
  const TempDir dir;
  Store store(dir.path());
  const Image amd64 = image_of({"x"}, "amd64");
  const Image arm64 = image_of({"y"}, "arm64");
  const Descriptor descriptor = store.put_index({amd64, arm64}, {{"k", "v"}});
  store.tag(name("a:1"), descriptor);
  const auto index = store.load_index(*store.find(name("a:1")));
  REQUIRE(index);
  CHECK(index->annotations == Annotations{{"k", "v"}});
  const Descriptor& entry = select_platform(*index, arm64.platform(), "a:1");
  CHECK(store.load_image(entry).config.platform == arm64.platform());
  CHECK(store.find(name("a").with_digest(amd64.digest()))->digest == amd64.digest());
  CHECK_FALSE(store.load_index(descriptor_of(amd64)));
  check_error([&] { store.load_image(descriptor); },
              Fault::input,
              "`" + descriptor.digest.text() + "` is an index of several images, not an image");
}

TEST_CASE("an image whose blobs are gone is named") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  const std::string in_store = "` is not in the store `" + dir.path().string() + "`";
  fs::remove(store.blob_path(image.manifest.config.digest));
  check_error([&] { store.load_image(descriptor_of(image)); },
              Fault::input,
              "the config `" + image.manifest.config.digest.text() + in_store);
  fs::remove(store.blob_path(image.digest()));
  check_error([&] { store.load_image(descriptor_of(image)); },
              Fault::input,
              "the manifest `" + image.digest().text() + in_store);
}

TEST_CASE("a manifest of another size than named is refused") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  Descriptor wrong = descriptor_of(image);
  wrong.size += 1;
  check_error([&] { store.load_image(wrong); },
              Fault::integrity,
              "the manifest `" + image.digest().text() + "` is " + std::to_string(wrong.size - 1) +
                  " bytes, not " + std::to_string(wrong.size) + " as what names it says");
}

TEST_CASE("a name is removed, and then it is not there") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  CHECK(store.remove(name("a:1")));
  CHECK_FALSE(store.remove(name("a:1")));
  CHECK(store.images().empty());
  CHECK(store.has_blob(image.digest()));
}

TEST_CASE("a name with a digest is removed only where it names that") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  put_named(store, "a:2", {"x"});
  put_named(store, "a:3", {"y"});
  CHECK_FALSE(store.remove(name("a:1").with_digest(Digest::of("other"))));
  CHECK_FALSE(store.remove(name("a").with_digest(Digest::of("other"))));
  CHECK(names(store) == std::vector<std::string>{"a:1", "a:2", "a:3"});
  CHECK(store.remove(name("a").with_digest(image.digest())));
  CHECK(names(store) == std::vector<std::string>{"a:3"});
}

TEST_CASE("entries that other tools wrote are kept") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  const Descriptor entry = descriptor_of(image);
  dir.write("index.json", write_index({std::string(media_type::oci_index), {entry}, {}}));
  put_named(store, "b:1", {"y"});
  CHECK(names(store) == std::vector<std::string>{"b:1"});
  const Index index = parse_layout_index(dir.read("index.json"), "index.json");
  CHECK(index.manifests.size() == 2);
  CHECK(index.manifests[0] == entry);
}

TEST_CASE("a damaged index.json says what to do and is not overwritten") {
  const TempDir dir;
  Store store(dir.path());
  const Image image = put_named(store, "a:1", {"x"});
  dir.write("index.json", dir.read("index.json").substr(0, 30));
  const std::string message = "the list of images `" + (dir / "index.json").string() +
                              "` is not valid JSON at line 1, column 31";
  check_error([&] { store.images(); }, Fault::integrity, message);
  check_error([&] { store.tag(name("b:1"), descriptor_of(image)); }, Fault::integrity, message);
  check_error([&] { store.gc(Store::Gc::unreferenced); }, Fault::integrity, message);
  CHECK(
      test::error_of([&] { store.images(); }).hint() ==
      "put it back from a copy, or delete it and make the images anew: of their layers, those that "
      "are there are found again");
  CHECK(dir.read("index.json").size() == 30);
  CHECK(store.has_blob(image.digest()));
}

TEST_CASE("hostile lists of names are refused with the rule") {
  const TempDir dir;
  const Store store(dir.path());
  const auto check = [&](std::string_view text, const std::string& problem) {
    dir.write("index.json", text);
    check_error([&] { store.images(); },
                Fault::integrity,
                "the list of images `" + (dir / "index.json").string() + "`" + problem);
  };
  check("", " is empty");
  check("[]", " is not an object");
  check(R"({"schemaVersion":2})", " has no `manifests`");
  check(R"({"schemaVersion":2,"manifests":[{}]})", ": `manifests[0]` has no `mediaType`");
  check(R"({"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../x","size":1}]})",
        ": `manifests[0].digest` is not a digest: `sha256:../../x`");
}
