// What registries send that is no manifest, index or config.

#include "registry/pull.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string oci_manifest(media_type::oci_manifest);
const std::string oci_index(media_type::oci_index);

Reference tagged() {
  return name("registry.example.com/acme/x:1");
}

std::string shown(const std::string& manifest) {
  return "`" + tagged().with_digest(Digest::of(manifest)).text() + "`";
}

// What a pull of acme/x:1 fails with, the registry having `manifest` there.
Error failure_of(Rig& rig, const std::string& manifest, const std::string& type = oci_manifest) {
  const TempDir folder;
  Store store(folder.path());
  rig.registry.put_manifest("acme/x", "1", manifest, type);
  Error error = error_of([&] { pull(rig.client, tagged(), std::nullopt, store); });
  CHECK_FALSE(store.has_blob(Digest::of(manifest)));
  CHECK(store.images().empty());
  return error;
}

// A manifest of no layers whose config is `config`, which the registry has.
std::string manifest_with(Rig& rig, const std::string& config) {
  rig.registry.put_blob("acme/x", config);
  const Descriptor descriptor{
      std::string(media_type::oci_config), Digest::of(config), config.size(), {}, {}};
  return write_manifest({oci_manifest, descriptor, {}, {}});
}

}  // namespace

TEST_CASE("a config of a registry that is malformed is an integrity failure that names all") {
  Rig rig;
  const std::string manifest = manifest_with(rig, "{");
  const Error error = failure_of(rig, manifest);
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "config of " + shown(manifest) + " is not valid JSON at line 1, column 2");
}

TEST_CASE("a config that breaks a rule, has a byte order mark or a NUL byte is refused") {
  const std::string good = image_of({}).config_bytes;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", " has no `os`"},
      {R"({"os":"linux","architecture":"amd64","rootfs":{"type":"x"}})",
       ": `rootfs.type` is not `layers`"},
      {"\xef\xbb\xbf" + good, " begins with a byte order mark"},
      {good + std::string(1, '\0'), " holds a NUL byte"},
      {good + "x", " is not valid JSON at line 1, column " + std::to_string(good.size() + 1)},
      {"\xff", " is not UTF-8"}};
  for (const auto& [config, expected] : cases) {
    const std::string& problem = expected;  // clang 14 captures no structured binding
    Rig rig;
    CAPTURE(problem);
    const std::string manifest = manifest_with(rig, config);
    const Error error = failure_of(rig, manifest);
    CHECK(error.fault() == Fault::integrity);
    CHECK(std::string(error.what()) == "config of " + shown(manifest) + problem);
  }
}

TEST_CASE("a manifest of a registry that is malformed names reference, digest and fault") {
  const std::string good = image_of({}).manifest_bytes;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{", " is not valid JSON at line 1, column 2"},
      {"\xef\xbb\xbf" + good, " begins with a byte order mark"},
      {good + std::string(1, '\0'), " holds a NUL byte"},
      {good + std::string("\0{}", 3), " holds a NUL byte"},
      {good + "{}", " is not valid JSON at line 1, column " + std::to_string(good.size() + 1)},
      {" ", " is empty"}};
  for (const auto& [text, expected] : cases) {
    const std::string& problem = expected;
    CAPTURE(problem);
    Rig rig;
    const Error error = failure_of(rig, text);
    CHECK(error.fault() == Fault::integrity);
    CHECK(std::string(error.what()) == "manifest of " + shown(text) + problem);
  }
}

TEST_CASE("an index of a registry that is malformed does so too") {
  Rig rig;
  const Error error = failure_of(rig, "{", oci_index);
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "index of " + shown("{") + " is not valid JSON at line 1, column 2");
}

TEST_CASE("an image that is not for linux is well formed and of no use") {
  Rig rig;
  const std::string manifest = manifest_with(rig,
                                             R"({"os":"windows","architecture":"amd64",)"
                                             R"("rootfs":{"type":"layers","diff_ids":[]}})");
  const Error error = failure_of(rig, manifest);
  CHECK(error.fault() == Fault::incompatible);
  CHECK(std::string(error.what()) ==
        "config of " + shown(manifest) + " is for `windows/amd64`; only linux images can be used");
}

TEST_CASE("an index that is wrong about the size of a manifest is refused") {
  Rig rig;
  const Image image = image_of({"one"});
  rig.registry.put_blob("acme/x", "one");
  rig.registry.put_blob("acme/x", image.config_bytes);
  rig.registry.put_manifest("acme/x", "unused", image.manifest_bytes, image.media_type);
  const std::uint64_t size = image.manifest_bytes.size();
  Index index{oci_index, {}, {}};
  index.manifests.push_back({image.media_type, image.digest(), size + 1, {}, image.platform()});
  const Error error = failure_of(rig, write_index(index), oci_index);
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "the index of `registry.example.com/acme/x:1` says that the manifest `" +
            image.digest().text() + "` has " + std::to_string(size + 1) + " bytes, and it has " +
            std::to_string(size));
}

TEST_CASE("an index of nothing is refused") {
  Rig rig;
  const Error error = failure_of(rig, write_index({oci_index, {}, {}}), oci_index);
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) == "`registry.example.com/acme/x:1` is an index of no images");
}
