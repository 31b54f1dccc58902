#include "registry/pull.h"

#include "registry/push.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

#include <atomic>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::vector<std::string> pulled_layers = {"the base", "the weights"};
const Platform amd64 = *Platform::parse("linux/amd64");

void publish(FakeRegistry& registry, const Image& image, const std::string& tag) {
  for (const std::string& layer : pulled_layers) {
    registry.put_blob("acme/x", layer);
  }
  registry.put_blob("acme/x", image.config_bytes);
  registry.put_manifest("acme/x", tag, image.manifest_bytes, image.media_type);
}

std::string index_over(const Image& image, const Platform& platform) {
  Index index{std::string(media_type::oci_index), {}, {}};
  index.manifests.push_back(
      {image.media_type, image.digest(), image.manifest_bytes.size(), {}, platform});
  return write_index(index);
}

Reference tagged(const std::string& tag) {
  return name("registry.example.com/acme/x:" + tag);
}

}  // namespace

TEST_CASE("a base is fetched without any of its layers") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "1");
  const FetchedBase base = fetch_base(rig.client, tagged("1"), amd64, store);
  CHECK(base.image.manifest_bytes == image.manifest_bytes);
  CHECK(base.image.config_bytes == image.config_bytes);
  CHECK(base.reference.digest() == image.digest());
  CHECK(rig.net.count("GET /v2/acme/x/blobs/") == 1);
  CHECK_FALSE(store.has_blob(Digest::of(pulled_layers[0])));
  CHECK(store.locate(Digest::of(pulled_layers[0])).kind == BlobLocation::Kind::remote);
}

TEST_CASE("a base that has not changed costs one HEAD") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  publish(rig.registry, image_of(pulled_layers), "1");
  fetch_base(rig.client, tagged("1"), amd64, store);
  rig.net.forget();
  fetch_base(rig.client, tagged("1"), amd64, store);
  CHECK(rig.net.lines() == std::vector<std::string>{"HEAD /v2/acme/x/manifests/1"});
}

TEST_CASE("a base by digest that the store has costs nothing") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "1");
  const FetchedBase base = fetch_base(rig.client, tagged("1"), amd64, store);
  rig.net.forget();
  CHECK(fetch_base(rig.client, base.reference, amd64, store).image.digest() == image.digest());
  CHECK(rig.net.seen().empty());
}

TEST_CASE("offline, a base comes from the store, or the miss says what to do") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "1");
  fetch_base(rig.client, tagged("1"), amd64, store);
  CHECK(stored_base(tagged("1"), amd64, store).image.digest() == image.digest());
  const Error error = error_of([&] { stored_base(tagged("2"), amd64, store); });
  CHECK(error.fault() == Fault::input);
  CHECK(std::string(error.what()) ==
        "the store does not have the manifest of `registry.example.com/acme/x:2`");
  CHECK(error.hint() == "run `mlpack fetch` while the registry can be reached");
}

TEST_CASE("the platform's image is taken from an index, offline too") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "unused");
  const std::string index = index_over(image, amd64);
  rig.registry.put_manifest("acme/x", "1", index, std::string(media_type::oci_index));
  const FetchedBase base = fetch_base(rig.client, tagged("1"), amd64, store);
  CHECK(base.image.digest() == image.digest());
  CHECK(base.reference.digest() == Digest::of(index));
  CHECK(stored_base(tagged("1"), amd64, store).image.digest() == image.digest());
}

TEST_CASE("a base without an image for the platform is refused") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  publish(rig.registry, image_of(pulled_layers), "1");
  const Error error = error_of(
      [&] { fetch_base(rig.client, tagged("1"), *Platform::parse("linux/arm64"), store); });
  CHECK(error.fault() == Fault::incompatible);
  CHECK(std::string(error.what()) ==
        "`registry.example.com/acme/x:1` has no image for `linux/arm64`; it is for `linux/amd64`");
}

TEST_CASE("a base that does not exist is a missing input") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Error error = error_of([&] { fetch_base(rig.client, tagged("1"), amd64, store); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) ==
        "`registry.example.com/acme/x:1` does not exist in its registry");
}

TEST_CASE("a hostile manifest is refused and nothing of it is kept") {
  const std::string type(media_type::oci_manifest);
  const std::string config = R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json",)";
  const std::vector<std::string> texts = {
      std::string("[]"),
      std::string("{}"),
      std::string(100000, '['),
      R"({"schemaVersion":2,)" + config +
          R"("digest":"sha256:../../etc/passwd","size":1},"pulled_layers":[]})",
      R"({"schemaVersion":2,)" + config + R"("digest":"md5:00","size":1},"pulled_layers":[]})",
      R"({"schemaVersion":2,)" + config + R"("digest":")" + Digest::of("x").text() +
          R"(","size":-1},"layers":[]})",
      R"({"schemaVersion":2,)" + config + R"("digest":")" + Digest::of("x").text() +
          R"(","size":99999999},"layers":[]})",
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})",
      std::string(R"({"schemaVersion":2,"pulled_layers":[],"manifests":[]})"),
      std::string(R"({"schemaVersion":1,"fsLayers":[]})")};
  for (const std::string& text : texts) {
    Rig rig;
    const TempDir folder;
    Store store(folder.path());
    CAPTURE(text.substr(0, 100));
    rig.registry.put_manifest("acme/x", "1", text, type);
    const Error error = error_of([&] { fetch_base(rig.client, tagged("1"), amd64, store); });
    CHECK(error.fault() == Fault::integrity);
    CHECK_FALSE(store.has_blob(Digest::of(text)));
  }
}

TEST_CASE("a config that is not the manifest's is refused") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "1");
  rig.net.fault({.match = "/blobs/", .instead = [&](const Seen&) {
                   return reply(200, {}, std::string(image.config_bytes.size(), ' '));
                 }});
  CHECK(error_of([&] { fetch_base(rig.client, tagged("1"), amd64, store); }).fault() ==
        Fault::integrity);
}

TEST_CASE("a pull brings everything and the name") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "1");
  const PullReport report = pull(rig.client, tagged("1"), amd64, store);
  CHECK(report.downloaded == 2);
  CHECK(report.bytes_received == 19);
  CHECK(report.reference.digest() == image.digest());
  REQUIRE(store.find(tagged("1")));
  CHECK(store.find(tagged("1"))->digest == image.digest());
  CHECK(store.verify(1).problems.empty());
  CHECK(pull(rig.client, tagged("1"), amd64, store).present == 2);
}

TEST_CASE("a pull of an index without a platform brings all of it") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "unused");
  const std::string index = index_over(image, amd64);
  rig.registry.put_manifest("acme/x", "1", index, std::string(media_type::oci_index));
  pull(rig.client, tagged("1"), std::nullopt, store);
  CHECK(store.find(tagged("1"))->digest == Digest::of(index));
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("attestations beside an image come along, and go along with a push") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "unused");
  const std::string statement = R"({"_type":"https://in-toto.io/Statement/v0.1"})";
  const Descriptor config{"application/vnd.oci.empty.v1+json", Digest::of("{}"), 2, {}, {}};
  const Manifest claim{
      std::string(media_type::oci_manifest),
      config,
      {{std::string(media_type::in_toto), Digest::of(statement), statement.size(), {}, {}}},
      {}};
  const std::string attestation = write_manifest(claim);
  rig.registry.put_blob("acme/x", statement);
  rig.registry.put_blob("acme/x", "{}");
  rig.registry.put_manifest("acme/x", "also-unused", attestation, claim.media_type);
  Index index = parse_index(index_over(image, amd64), {}, "x");
  index.manifests.push_back({claim.media_type,
                             Digest::of(attestation),
                             attestation.size(),
                             {},
                             Platform{"unknown", "unknown", ""}});
  const std::string text = write_index(index);
  rig.registry.put_manifest("acme/x", "1", text, index.media_type);

  const PullReport report = pull(rig.client, tagged("1"), std::nullopt, store);
  REQUIRE(report.images.size() == 2);
  CHECK_FALSE(report.images[0].manifest.is_artifact());
  CHECK(report.images[1].manifest.is_artifact());
  CHECK(store.has_blob(Digest::of(statement)));
  CHECK(store.verify(1).problems.empty());

  const Reference copy = name("registry.example.com/acme/copy:1");
  const PullReport again = [&] {
    const OpenBlob open = [&](const Descriptor& blob) {
      return open_file(store.blob_path(blob.digest));
    };
    push(rig.client, {report.images, text, copy, open, &store});
    const TempDir other;
    Store second(other.path());
    return pull(rig.client, copy, std::nullopt, second);
  }();
  CHECK(again.descriptor.digest == Digest::of(text));
}

TEST_CASE("a pull by digest alone is kept under that digest") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "1");
  const Reference pinned = name("registry.example.com/acme/x").with_digest(image.digest());
  pull(rig.client, pinned, std::nullopt, store);
  REQUIRE(store.images().size() == 1);
  CHECK(store.images()[0].name == pinned.text());
  CHECK(store.find(pinned)->digest == image.digest());
  CHECK(store.remove(pinned));
  CHECK(store.images().empty());
}

TEST_CASE("a layer that is wrong leaves neither a blob nor a name") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  publish(rig.registry, image_of(pulled_layers), "1");
  rig.net.fault({.match = Digest::of(pulled_layers[1]).hex(),
                 .times = 9,
                 .instead = [](const Seen&) { return reply(200, {}, "THE WEIGHTS"); }});
  CHECK(error_of([&] { pull(rig.client, tagged("1"), amd64, store); }).fault() == Fault::integrity);
  CHECK_FALSE(store.has_blob(Digest::of(pulled_layers[1])));
  CHECK_FALSE(store.find(tagged("1")));
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("of several origins the one that has the blob is read") {
  Rig rig;
  rig.registry.put_blob("acme/y", "hello");
  const OpenBlob open = remote_blobs(rig.client,
                                     {name("dead.example.com/a"),
                                      name("registry.example.com/acme/x"),
                                      name("registry.example.com/acme/y")});
  StringSink sink(10);
  copy(*open(blob_of("hello")), sink);
  CHECK(sink.text == "hello");
  CHECK(rig.waits.empty());
}

TEST_CASE("a blob that nobody has any more is a refusal that names the place") {
  Rig rig;
  const OpenBlob open = remote_blobs(rig.client, {name("registry.example.com/acme/x")});
  const Error error = error_of([&] { open(blob_of("hello")); });
  CHECK(std::string(error.what()) ==
        "`registry.example.com/acme/x` no longer has blob `" + Digest::of("hello").text() + "`");
}

TEST_CASE("layers go through the one who looks into them, once") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "1");
  std::atomic<int> moves{0};
  const MoveLayer move = [&](auto source, Sink& sink, const Descriptor& layer, const Digest& id) {
    CHECK(layer.digest == id);  // the layers are not compressed
    copy(*source, sink);
    ++moves;
  };
  pull(rig.client, tagged("1"), std::nullopt, store);
  CHECK(pull(rig.client, tagged("1"), std::nullopt, store, move).downloaded == 0);
  CHECK(moves == 2);
  pull(rig.client, tagged("1"), std::nullopt, store, move);
  CHECK(moves == 2);
}

TEST_CASE("what a pull finds to be wrong is neither kept nor named") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  publish(rig.registry, image_of(pulled_layers), "1");
  const MoveLayer refuse = [](auto source, Sink& sink, const Descriptor&, const Digest&) {
    copy(*source, sink);
    fail(Fault::integrity, "it is wrong");
  };
  const Error error = error_of([&] { pull(rig.client, tagged("1"), std::nullopt, store, refuse); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(store.images().empty());
  CHECK_FALSE(store.has_blob(Digest::of(pulled_layers[0])));
  CHECK_FALSE(store.has_blob(Digest::of(pulled_layers[1])));
}

TEST_CASE("a blob of the store that was cut short is pulled again") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  publish(rig.registry, image_of(pulled_layers), "1");
  pull(rig.client, tagged("1"), std::nullopt, store);
  write_file(store.blob_path(Digest::of(pulled_layers[0])), "the");
  CHECK(pull(rig.client, tagged("1"), std::nullopt, store).downloaded == 1);
  CHECK(store.verify(1).problems.empty());
}

TEST_CASE("an image for which there is no room is not begun") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(pulled_layers);
  publish(rig.registry, image, "unused");
  Manifest manifest = image.manifest;
  manifest.layers[1].size = std::uint64_t{1} << 45;
  rig.registry.put_manifest("acme/x", "1", write_manifest(manifest), image.media_type);
  rig.net.forget();
  const Error error = error_of([&] { pull(rig.client, tagged("1"), std::nullopt, store); });
  CHECK(error.fault() == Fault::disk);
  CHECK(rig.net.count("GET /v2/acme/x/blobs/") == 1);  // the config
}
