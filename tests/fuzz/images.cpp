#include "layers/compress.h"
#include "layers/elf.h"
#include "layers/layer_facts.h"
#include "layers/layer_listing.h"
#include "layers/tar_reader.h"
#include "lib/check/image_files.h"
#include "lib/check/requirement.h"
#include "lib/oci/config.h"
#include "lib/oci/manifest.h"
#include "lib/oci/reference.h"
#include "registry/challenge.h"
#include "registry/url.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/deb_repository.h"
#include "tests/unit/layers/elf_support.h"

#include <array>
#include <memory>

namespace mlpack::fuzz {
namespace {

constexpr std::string_view manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view index_type = "application/vnd.oci.image.index.v1+json";

std::string digest_text() {
  return Digest::of("").text();
}

std::string descriptor_text(std::string_view type) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":7,"annotations":{{"a":"b"}}}})",
                     type,
                     digest_text());
}

void read_reference(std::string_view bytes) {
  const auto reference = Reference::parse(bytes);
  if (reference) require(Reference::parse(reference->text()) == reference, "a name reads back");
  parse_image_location(bytes);
}

std::vector<std::string> reference_seeds() {
  return {"registry.example.com:5000/a/b:tag@" + digest_text(),
          "a",
          "oci:folder:tag",
          "docker-archive:file.tar:a:b",
          "[::1]:80/a_b/c"};
}

void read_manifest(std::string_view bytes) {
  const Manifest manifest = parse_manifest(bytes, manifest_type, "it", Artifacts::accepted);
  const std::string written = write_manifest(manifest);
  require(
      write_manifest(parse_manifest(written, manifest_type, "it", Artifacts::accepted)) == written,
      "a manifest reads back");
}

std::vector<std::string> manifest_seeds() {
  return {fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{},{}]}})",
                      manifest_type,
                      descriptor_text("application/vnd.oci.image.config.v1+json"),
                      descriptor_text("application/vnd.oci.image.layer.v1.tar+zstd"),
                      descriptor_text("application/vnd.oci.image.layer.v1.tar"))};
}

void read_index(std::string_view bytes) {
  const Index index = parse_index(bytes, index_type, "it");
  const std::string written = write_index(index);
  require(write_index(parse_index(written, index_type, "it")) == written, "an index reads back");
  select_platform(index, *Platform::parse("linux/amd64"), "it");
}

std::vector<std::string> index_seeds() {
  std::string manifest = descriptor_text(manifest_type);
  manifest.insert(1, R"("platform":{"os":"linux","architecture":"amd64","variant":"v2"},)");
  return {fmt::format(
      R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}})", index_type, manifest)};
}

void read_config(std::string_view bytes) {
  const std::string written = write_config(parse_config(bytes, "it"));
  require(write_config(parse_config(written, "it")) == written, "a config reads back");
}

std::vector<std::string> config_seeds() {
  return {fmt::format(
      R"({{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z","config":{{"Env":["A=b"],
    "Cmd":["x"],"User":"1:2","ExposedPorts":{{"80/tcp":{{}}}},"Labels":{{"a":"b"}},"Healthcheck":{{"Test":["NONE"]}}}},
    "rootfs":{{"type":"layers","diff_ids":["{}"]}},"history":[{{"created_by":"x"}},{{"empty_layer":true}}]}})",
      digest_text())};
}

void read_challenge(std::string_view bytes) {
  parse_challenges(bytes);
}

std::vector<std::string> challenge_seeds() {
  return {
      R"(Bearer realm="https://auth.example.com/token",service="r",scope="repository:a/b:pull,push")",
      R"(Basic realm="a\"b", Bearer realm=x , error="invalid_token")"};
}

void read_url(std::string_view bytes) {
  const auto url = Url::parse(bytes);
  if (url) require(Url::parse(url->text()) == url, "a URL reads back");
  Url::parse("https://registry.example.com/v2/a?b=c")->resolve(bytes);
  is_public_address(std::string(bytes));
}

std::vector<std::string> url_seeds() {
  return {"https://user:word@host.example.com:8443/a/b?c=d#e",
          "http://[fe80::1]/",
          "//host/a",
          "../b?c",
          "::ffff:10.0.0.1"};
}

/// The bytes of a layer of every compression lead here.
void read_layer(std::string_view bytes) {
  const auto source = [&] {
    return decompress(std::make_unique<StringSource>(std::string(bytes)),
                      sniff_compression(bytes),
                      {.bytes = std::uint64_t{64} << 20, .free_bytes = std::uint64_t{64} << 20});
  };
  const LayerListing listing = list_layer(source(), Compression::none, Stop());
  require(parse_layer_listing(write_layer_listing(listing)) == listing, "a listing reads back");
}

std::vector<std::string> layer_seeds() {
  const std::string tar = test::tar_header("etc/", '5') + test::tar_header("etc/.wh.passwd", '0') +
                          test::tar_header("etc/.wh..wh..opq", '0') +
                          test::tar_header("bin/sh", '2', 0, "../usr/bin/dash") +
                          test::tar_header("b", '1', 0, "a") + test::tar_header("a", '0', 3) +
                          "abc" + std::string(509, '\0') + std::string(1024, '\0');
  std::vector<std::string> seeds{tar};
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    StringSink sink(1 << 20);
    const auto compressor = make_compressor(compression, sink, 1);
    compressor->write(as_bytes(tar));
    compressor->finish();
    seeds.push_back(sink.text);
  }
  return seeds;
}

void read_listing(std::string_view bytes) {
  const auto listing = parse_layer_listing(bytes);
  if (listing)
    require(parse_layer_listing(write_layer_listing(*listing)) == listing, "a listing reads back");
}

std::vector<std::string> listing_seeds() {
  return {write_layer_listing(list_layer(
      std::make_unique<StringSource>(layer_seeds().front()), Compression::none, Stop()))};
}

void read_facts(std::string_view bytes) {
  const auto facts = parse_layer_facts(bytes);
  if (!facts) return;
  const std::string written = write_layer_facts(*facts);
  const auto again = parse_layer_facts(written);
  require(again && write_layer_facts(*again) == written, "facts read back");
  ImageFiles files;
  files.add(*facts);
  files.add(*facts);
  passwd_lines(files);
  for (const auto& [path, file] : files.all())
    files.real_path(path);
}

std::vector<std::string> elf_seeds() {
  const std::string code =
      test::fatbin({{}, {.kind = 1, .sm = 100}, {.kind = 8, .sm = 80, .payload = 64}});
  return {test::elf_bytes({.soname = "liba.so.1",
                           .runpath = "$ORIGIN/../lib",
                           .interpreter = "/lib64/ld-linux-x86-64.so.2",
                           .needed = {"libc.so.6", "libcudart.so.13"},
                           .versions = {{"libc.so.6", "GLIBC_2.34"}, {"libc.so.6", "GLIBC_2.2.5"}},
                           .data = code,
                           .note = R"({"cuda":"x"})"})};
}

std::vector<std::string> facts_seeds() {
  const std::string elf = elf_seeds().front();
  const std::string tar = test::tar_header("usr/lib/liba.so.1", '0', elf.size()) + elf +
                          std::string((512 - elf.size() % 512) % 512, '\0') + layer_seeds().front();
  TarReader reader(std::make_unique<StringSource>(tar));
  const NewTemporary no_file = [] { return std::unique_ptr<AtomicFile>(); };
  return {write_layer_facts(read_layer_facts(reader, no_file, Stop()))};
}

void read_elf_file(std::string_view bytes) {
  read_elf(TextReadAt(std::string(bytes)));
}

void read_requirement(std::string_view bytes) {
  evaluate_requirement(
      bytes, {{"cuda", {"12.4"}}, {"driver", {"550.54"}}, {"arch", {"9.0"}}, {"brand", {"tesla"}}});
}

std::vector<std::string> requirement_seeds() {
  return {"cuda>=12.4 brand=tesla,driver>=470,driver<471 brand=unknown,driver>=535",
          "arch>=7.5,cuda!=11"};
}

constexpr std::array image_readers{Target{"reference", read_reference, reference_seeds},
                                   Target{"manifest", read_manifest, manifest_seeds},
                                   Target{"index", read_index, index_seeds},
                                   Target{"config", read_config, config_seeds},
                                   Target{"challenge", read_challenge, challenge_seeds},
                                   Target{"url", read_url, url_seeds},
                                   Target{"layer", read_layer, layer_seeds},
                                   Target{"listing", read_listing, listing_seeds},
                                   Target{"facts", read_facts, facts_seeds},
                                   Target{"elf", read_elf_file, elf_seeds},
                                   Target{"requirement", read_requirement, requirement_seeds}};

}  // namespace

std::span<const Target> image_targets() {
  return image_readers;
}

}  // namespace mlpack::fuzz
