#include "lib/oci/manifest.h"

#include "tests/unit/oci/check_error.h"

#include <fmt/format.h>

#include <string>
#include <vector>

using namespace mlpack;
using test::check_error;

namespace {

const std::string hex_a(64, 'a');
const std::string hex_b(64, 'b');
const std::string hex_c(64, 'c');

std::string descriptor(std::string_view type, const std::string& hex, std::string_view more = {}) {
  return fmt::format(R"({{"mediaType":"{}","digest":"sha256:{}","size":7{}}})", type, hex, more);
}

const std::string config = descriptor(media_type::oci_config, hex_c);
const std::string layer = descriptor(media_type::oci_layer_gzip, hex_a);

std::string manifest_of(const std::string& config_json, const std::string& layers) {
  return fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":{}}})",
                     media_type::oci_manifest,
                     config_json,
                     layers);
}

const std::string good = manifest_of(config, "[" + layer + "]");

std::string with_size(const std::string& size) {
  return fmt::format(R"([{{"mediaType":"{}","digest":"sha256:{}","size":{}}}])",
                     media_type::oci_layer,
                     hex_a,
                     size);
}

std::string with_digest(const std::string& digest) {
  return fmt::format(
      R"([{{"mediaType":"{}","digest":{},"size":1}}])", media_type::oci_layer, digest);
}

std::string entry(const std::string& hex, std::string_view platform) {
  return descriptor(media_type::oci_manifest,
                    hex,
                    platform.empty() ? "" : fmt::format(R"(,"platform":{})", platform));
}

std::string index_of(const std::string& entries) {
  return fmt::format(
      R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}})", media_type::oci_index, entries);
}

constexpr std::string_view amd64 = R"({"architecture":"amd64","os":"linux"})";
constexpr std::string_view arm64 = R"({"architecture":"arm64","os":"linux","variant":"v8"})";
constexpr std::string_view arm64_v9 = R"({"architecture":"arm64","os":"linux","variant":"v9"})";
constexpr std::string_view unknown = R"({"architecture":"unknown","os":"unknown"})";
constexpr std::string_view windows =
    R"({"architecture":"amd64","os":"windows","os.version":"10.0.1"})";

Manifest parsed_manifest(const std::string& text, std::string_view content_type = {}) {
  return parse_manifest(text, content_type, "x");
}

Index parsed_index(const std::string& text) {
  return parse_index(text, {}, "x");
}

void check_no_manifest(const std::string& text,
                       const std::string& problem,
                       std::string_view type = {}) {
  CAPTURE(text.substr(0, 500));
  check_error(
      [&] { parse_manifest(text, type, "x"); }, Fault::integrity, "manifest of `x`" + problem);
}

void check_index_refused(const std::string& text, const std::string& problem) {
  CAPTURE(text.substr(0, 500));
  check_error([&] { parse_index(text, {}, "x"); }, Fault::integrity, "index of `x`" + problem);
}

}  // namespace

TEST_CASE("a manifest is read") {
  const Manifest manifest = parsed_manifest(good, media_type::oci_manifest);
  CHECK(manifest.media_type == media_type::oci_manifest);
  CHECK(manifest.config.digest.hex() == hex_c);
  REQUIRE(manifest.layers.size() == 1);
  CHECK(manifest.layers[0].media_type == media_type::oci_layer_gzip);
  CHECK(manifest.layers[0].size == 7);
}

TEST_CASE("a manifest that was read is written back as it was") {
  const std::string text = fmt::format(
      R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}],"annotations":{{"a":"ä"}}}})",
      media_type::oci_manifest,
      config,
      descriptor(media_type::oci_layer, hex_b, R"(,"annotations":{"k":"v"})"));
  CHECK(write_manifest(parsed_manifest(text)) == text);
}

TEST_CASE("an OCI manifest need not say its type") {
  const std::string text = fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[]}})", config);
  CHECK(parsed_manifest(text).media_type == media_type::oci_manifest);
  CHECK(parsed_manifest(text, media_type::docker_manifest).media_type ==
        media_type::docker_manifest);
}

TEST_CASE("parameters of a content type do not count") {
  CHECK_NOTHROW(parsed_manifest(good, "application/vnd.oci.image.manifest.v1+json; charset=utf-8"));
  CHECK_NOTHROW(parsed_manifest(good, "Application/vnd.oci.image.manifest.v1+JSON"));
}

TEST_CASE("docker's manifests are read too") {
  const std::string text =
      fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}})",
                  media_type::docker_manifest,
                  descriptor(media_type::docker_config, hex_c),
                  descriptor(media_type::docker_layer_gzip, hex_a));
  CHECK(parsed_manifest(text).media_type == media_type::docker_manifest);
}

TEST_CASE("schema 1 is refused however it comes") {
  const std::string problem =
      " is schema 1, a format that registries gave up; push the image again with a current tool";
  check_no_manifest(R"({"schemaVersion":1,"fsLayers":[],"history":[]})", problem);
  check_no_manifest(R"({"schemaVersion":1,"name":"x"})", problem);
  check_no_manifest("{}", problem, "application/vnd.docker.distribution.manifest.v1+prettyjws");
  check_no_manifest("{}", problem, "application/vnd.docker.distribution.manifest.v1+json");
}

TEST_CASE("a manifest that is an image to one reader and an index to another is refused") {
  check_no_manifest(R"({"schemaVersion":2,"layers":[],"manifests":[]})",
                    " has both `layers` and `manifests`");
  check_no_manifest(R"({"schemaVersion":2,"layers":[],"Manifests":[]})",
                    ": `Manifests` differs from `manifests` in case only");
  check_no_manifest(index_of(""), " is an index, not a manifest");
  check_no_manifest(R"({"schemaVersion":2,"manifests":[]})", " is an index, not a manifest");
  check_index_refused(good, " is a manifest, not an index");
  check_index_refused(R"({"schemaVersion":2,"manifests":[],"config":{}})",
                      " has both `manifests` and `config`");
}

TEST_CASE("the content type must be what the manifest says") {
  check_no_manifest(good,
                    ": `mediaType` is `application/vnd.oci.image.manifest.v1+json` but it came as "
                    "`application/vnd.docker.distribution.manifest.v2+json`",
                    media_type::docker_manifest);
  check_no_manifest(good, " is of type `text/html`, not a manifest of an image", "text/html");
  check_no_manifest(good, " is an index, not a manifest", media_type::oci_index);
}

TEST_CASE("sizes that are no sizes are refused") {
  const auto sized = [](const std::string& size) { return manifest_of(config, with_size(size)); };
  check_no_manifest(sized("-1"), ": `layers[0].size` is negative");
  check_no_manifest(sized("1.5"), ": `layers[0].size` is not a whole number that fits in 64 bits");
  check_no_manifest(sized("1e3"), ": `layers[0].size` is not a whole number that fits in 64 bits");
  check_no_manifest(sized("99999999999999999999"),
                    ": `layers[0].size` is not a whole number that fits in 64 bits");
  check_no_manifest(sized("9223372036854775807"),
                    ": `layers[0].size` is 9223372036854775807, larger than 70368744177664");
  check_no_manifest(sized("\"7\""), ": `layers[0].size` is not a number");
  check_no_manifest(sized("null"), ": `layers[0]` has no `size`");
  CHECK(parsed_manifest(sized("0")).layers[0].size == 0);
}

TEST_CASE("a config larger than accepted is refused before it is fetched") {
  const std::string big = fmt::format(
      R"({{"mediaType":"{}","digest":"sha256:{}","size":8388609}})", media_type::oci_config, hex_a);
  check_no_manifest(manifest_of(big, "[]"), ": `config.size` is 8388609, larger than 8388608");
}

TEST_CASE("digests that are none are refused") {
  const auto digest = [](const std::string& text) {
    return manifest_of(config, with_digest(text));
  };
  check_no_manifest(digest(R"("sha256:../../../etc/passwd")"),
                    ": `layers[0].digest` is not a digest: `sha256:../../../etc/passwd`");
  check_no_manifest(digest("\"sha512:" + std::string(128, 'a') + "\""),
                    ": `layers[0].digest` uses the algorithm `sha512`, only `sha256` is accepted");
  check_no_manifest(digest("\"tarsum.v1+sha256:" + hex_a + "\""),
                    ": `layers[0].digest` uses the algorithm `tarsum.v1+sha256`, only `sha256` is "
                    "accepted");
  check_no_manifest(digest("\"sha256:" + std::string(64, 'A') + "\""),
                    ": `layers[0].digest` is not a digest: `sha256:" + std::string(64, 'A') + "`");
  check_no_manifest(digest("\"sha256:" + hex_a + "0\""),
                    ": `layers[0].digest` is not a digest: `sha256:" + hex_a + "0`");
  check_no_manifest(digest(R"("../x:y")"), ": `layers[0].digest` is not a digest: `../x:y`");
  check_no_manifest(digest(R"("")"), ": `layers[0].digest` is not a digest: ``");
  check_no_manifest(digest("7"), ": `layers[0].digest` is not a string");
}

TEST_CASE("types that are wrong are refused wherever they are") {
  check_no_manifest("[]", " is not an object");
  check_no_manifest("null", " is not an object");
  check_no_manifest("\"x\"", " is not an object");
  check_no_manifest(R"({"schemaVersion":"2","layers":[]})", ": `schemaVersion` is not a number");
  check_no_manifest(R"({"schemaVersion":3})", ": `schemaVersion` is not 2");
  check_no_manifest(R"({"schemaVersion":2,"mediaType":5})", ": `mediaType` is not a string");
  check_no_manifest(manifest_of("[]", "[]"), ": `config` is not an object");
  check_no_manifest(manifest_of(config, "{}"), ": `layers` is not a list");
  check_no_manifest(manifest_of(config, "[7]"), ": `layers[0]` is not an object");
  check_no_manifest(manifest_of(config, "[null]"), ": `layers[0]` is not an object");
  check_no_manifest(
      manifest_of(
          config,
          "[" + descriptor(media_type::oci_layer, hex_a, R"(,"annotations":{"a":1})") + "]"),
      ": `layers[0].annotations.a` is not a string");
  check_no_manifest(
      manifest_of(config,
                  "[" + descriptor(media_type::oci_layer, hex_a, R"(,"annotations":[])") + "]"),
      ": `layers[0].annotations` is not an object");
  check_no_manifest(
      manifest_of(
          config,
          "[" + descriptor(media_type::oci_layer, hex_a, R"(,"annotations":{"a":"b\u0000"})") +
              "]"),
      ": `layers[0].annotations.a` holds a NUL byte");
}

TEST_CASE("what is missing is named") {
  check_no_manifest("{}", " has no `config`");
  check_no_manifest(R"({"schemaVersion":2,"layers":[]})", " has no `config`");
  check_no_manifest(manifest_of("null", "[]"), " has no `config`");
  check_no_manifest(manifest_of(config, "null"), " has no `layers`");
  check_no_manifest(manifest_of("{}", "[]"), ": `config` has no `mediaType`");
  check_index_refused(R"({"schemaVersion":2})", " has no `manifests`");
  CHECK(parsed_manifest(manifest_of(config, "[]")).layers.empty());
}

TEST_CASE("artifacts are not images") {
  check_no_manifest(
      manifest_of(descriptor("application/vnd.oci.empty.v1+json", hex_a), "[]"),
      ": `config` is of type `application/vnd.oci.empty.v1+json`: this is an artifact, "
      "not an image that can run");
  check_no_manifest(manifest_of(config, "[" + descriptor("application/x-gguf", hex_a) + "]"),
                    ": `layers[0]` is of type `application/x-gguf`, not a layer of an image");
}

TEST_CASE("layers that may not be distributed are refused") {
  for (const std::string type : {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                                 "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"}) {
    const std::string foreign =
        descriptor(type, hex_a, R"(,"urls":["http://169.254.169.254/latest"])");
    check_no_manifest(
        manifest_of(config, "[" + layer + "," + foreign + "]"),
        ": `layers[1]` is of type `" + type +
            "`: its bytes may not be in a registry, and `urls` of layers are not fetched");
  }
}

TEST_CASE("urls of ordinary layers are not even kept") {
  const std::string text = manifest_of(
      config, "[" + descriptor(media_type::oci_layer, hex_a, R"(,"urls":["http://x"])") + "]");
  CHECK(write_manifest(parsed_manifest(text)).find("urls") == std::string::npos);
}

TEST_CASE("a manifest larger than 4 MiB is refused before it is parsed") {
  const std::string text = good + std::string(max_manifest_bytes + 1 - good.size(), ' ');
  check_no_manifest(text, " is larger than 4.00 MiB");
  CHECK_NOTHROW(
      parsed_manifest(text.substr(1)[0] == '"' ? text.substr(0, max_manifest_bytes) : ""));
}

TEST_CASE("broken and hostile JSON is refused as a manifest") {
  check_no_manifest("", " is empty");
  check_no_manifest(good.substr(0, 50), " is not valid JSON at line 1, column 51");
  check_no_manifest(R"({"layers":[],"layers":[]})", ": key `layers` appears twice");
  check_no_manifest(std::string(100'000, '['), " is nested more than 64 deep");
  check_no_manifest("{\"a\":\"\xc3\x28\"}", " is not UTF-8");
}

TEST_CASE("foreign keys in messages are cut and harmless") {
  const std::string key = "\\u001b[31m" + std::string(500, 'k');
  check_no_manifest(
      fmt::format(
          R"({{"schemaVersion":2,"config":{},"layers":[],"annotations":{{"{}":1}}}})", config, key),
      ": `annotations.\\x1b[31m" + std::string(83, 'k') + "…` is not a string");
}

TEST_CASE("the entry for a platform is chosen from an index") {
  const Index index = parsed_index(index_of(entry(hex_a, amd64) + "," + entry(hex_b, arm64)));
  CHECK(select_platform(index, *Platform::parse("amd64"), "x").digest.hex() == hex_a);
  CHECK(select_platform(index, *Platform::parse("arm64"), "x").digest.hex() == hex_b);
  CHECK(select_platform(index, *Platform::parse("arm64/v9"), "x").digest.hex() == hex_b);
}

TEST_CASE("an entry with the very variant comes first") {
  const Index index = parsed_index(index_of(entry(hex_a, arm64) + "," + entry(hex_b, arm64_v9)));
  CHECK(select_platform(index, *Platform::parse("arm64/v9"), "x").digest.hex() == hex_b);
  CHECK(select_platform(index, *Platform::parse("arm64"), "x").digest.hex() == hex_a);
}

TEST_CASE("a platform that an index lacks is named with those it has") {
  const Index index = parsed_index(index_of(entry(hex_a, amd64) + "," + entry(hex_b, arm64) + "," +
                                            entry(hex_c, unknown) + "," + entry(hex_c, windows)));
  check_error([&] { select_platform(index, *Platform::parse("s390x"), "acme/x:1"); },
              Fault::incompatible,
              "`acme/x:1` has no image for `linux/s390x`; it has `linux/amd64`, `linux/arm64`, "
              "`windows/amd64`");
  check_error([&] { select_platform(parsed_index(index_of("")), *Platform::parse("amd64"), "x"); },
              Fault::incompatible,
              "`x` has no image for `linux/amd64`; it has nothing");
}

TEST_CASE("the only image of an index need not say its platform") {
  const Index index = parsed_index(index_of(entry(hex_a, "") + "," + entry(hex_b, unknown)));
  CHECK(select_platform(index, *Platform::parse("amd64"), "x").digest.hex() == hex_a);
}

TEST_CASE("two manifests for one platform are refused") {
  check_index_refused(index_of(entry(hex_a, amd64) + "," + entry(hex_b, amd64)),
                      " has two manifests for the platform `linux/amd64`");
  check_index_refused(index_of(entry(hex_a, arm64) + "," +
                               entry(hex_b, R"({"architecture":"arm64","os":"linux"})")),
                      " has two manifests for the platform `linux/arm64`");
  CHECK_NOTHROW(parsed_index(index_of(entry(hex_a, windows) + "," + entry(hex_b, windows) + "," +
                                      entry(hex_a, unknown) + "," + entry(hex_b, unknown))));
}

TEST_CASE("an index within an index is refused") {
  check_index_refused(index_of(descriptor(media_type::oci_index, hex_a)),
                      ": `manifests[0]` is an index within an index");
  check_index_refused(index_of(descriptor(media_type::docker_list, hex_a)),
                      ": `manifests[0]` is an index within an index");
}

TEST_CASE("platforms that are wrong are refused") {
  check_index_refused(index_of(entry(hex_a, R"("linux/amd64")")),
                      ": `manifests[0].platform` is not an object");
  check_index_refused(index_of(entry(hex_a, R"({"os":"linux"})")),
                      ": `manifests[0].platform` has no `architecture`");
  check_index_refused(index_of(entry(hex_a, R"({"os":"linux","architecture":["amd64"]})")),
                      ": `manifests[0].platform.architecture` is not a string");
}

TEST_CASE("an index that was read is written back as it was") {
  const std::string text =
      index_of(entry(hex_a, amd64) + "," +
               entry(hex_b, R"({"architecture":"arm","os":"linux","variant":"v7"})"));
  CHECK(write_index(parsed_index(text)) == text);
}

TEST_CASE("the index of a layout may hold indexes and platforms twice") {
  const std::string text = index_of(entry(hex_a, amd64) + "," + entry(hex_b, amd64) + "," +
                                    descriptor(media_type::oci_index, hex_c));
  CHECK(parse_layout_index(text, "index.json").manifests.size() == 3);
  const Error error = test::error_of([] { parse_layout_index("{", "index.json", "do this"); });
  CHECK(error.what() == std::string("index.json is not valid JSON at line 1, column 2"));
  CHECK(error.fault() == Fault::integrity);
  CHECK(error.hint() == "do this");
}

TEST_CASE("text that is not UTF-8 never gets into a manifest") {
  Manifest manifest = parsed_manifest(good);
  manifest.annotations["a"] = "\xff";
  check_error([&] { write_manifest(manifest); },
              Fault::input,
              "cannot write a manifest: `\\xff` is not UTF-8");
}

TEST_CASE("the compression of a layer is known by its type") {
  CHECK(layer_compression(media_type::oci_layer) == Compression::none);
  CHECK(layer_compression(media_type::docker_layer_gzip) == Compression::gzip);
  CHECK(layer_compression("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd") ==
        Compression::zstd);
  CHECK_FALSE(layer_compression("application/octet-stream"));
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    CHECK(layer_compression(layer_media_type(compression)) == compression);
  }
}
