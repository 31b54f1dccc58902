#include "lib/oci/image.h"

#include "tests/unit/oci/check_error.h"

#include <fmt/format.h>

#include <string>

using namespace mlpack;
using test::check_error;

namespace {

Digest digest_of_letter(char letter) {
  return *Digest::from_hex(std::string(64, letter));
}

Descriptor blob(std::string_view type, char letter, std::uint64_t size) {
  return {std::string(type), digest_of_letter(letter), size, {}, {}};
}

BaseImage base_with(std::vector<Descriptor> layers, std::vector<History> history) {
  BaseImage base;
  base.name = "python:3.12";
  base.config.created = "2024-01-01T00:00:00Z";
  base.config.history = std::move(history);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    base.config.diff_ids.push_back(digest_of_letter("abcdef"[i]));
  }
  base.layers = std::move(layers);
  return base;
}

ImageConfig plain_config() {
  ImageConfig config;
  config.platform = *Platform::parse("amd64");
  config.created = "1970-01-01T00:00:00Z";
  return config;
}

Layer weights_layer() {
  return {Role::weights,
          "base",
          blob(media_type::oci_layer, '1', 1000),
          digest_of_letter('1'),
          "weights ./weights",
          false};
}

Layer files_layer() {
  return {Role::files,
          "/app",
          blob(media_type::oci_layer_zstd, '2', 20),
          digest_of_letter('3'),
          "",
          true};
}

Image sample() {
  const BaseImage base = base_with({blob(media_type::docker_layer_gzip, '9', 300)}, {});
  return assemble(base, {weights_layer(), files_layer()}, plain_config(), {{"k", "v"}});
}

std::vector<std::string> created_by(const Image& image) {
  std::vector<std::string> steps;
  for (const History& step : image.config.history)
    steps.push_back(step.created_by);
  return steps;
}

}  // namespace

TEST_CASE("an image is its base's layers and then its own") {
  const Image image = sample();
  REQUIRE(image.manifest.layers.size() == 3);
  CHECK(image.manifest.layers[0].digest == digest_of_letter('9'));
  CHECK(image.manifest.layers[0].media_type == media_type::oci_layer_gzip);
  CHECK(image.manifest.layers[0].annotations.empty());
  CHECK(image.manifest.layers[1].annotations ==
        Annotations{{"dev.mlpack.layer.name", "base"}, {"dev.mlpack.layer.role", "weights"}});
  CHECK(image.config.diff_ids ==
        std::vector{digest_of_letter('a'), digest_of_letter('1'), digest_of_letter('3')});
  CHECK(image.manifest.annotations == Annotations{{"k", "v"}});
  CHECK(image.manifest.config.digest == Digest::of(image.config_bytes));
}

TEST_CASE("an image that was assembled reads back as itself") {
  const Image image = sample();
  const Image again = make_image(image.manifest_bytes, image.media_type, image.config_bytes, "x");
  CHECK(again.digest() == image.digest());
  CHECK(write_config(again.config) == image.config_bytes);
  CHECK(again.total_size() == 1320 + image.config_bytes.size() + image.manifest_bytes.size());
}

TEST_CASE("equal inputs give equal bytes") {
  CHECK(sample().manifest_bytes == sample().manifest_bytes);
  CHECK(sample().config_bytes == sample().config_bytes);
}

TEST_CASE("every layer has a step in the history even where the base has none") {
  CHECK(created_by(sample()) ==
        std::vector<std::string>{"base python:3.12", "weights ./weights", "mlpack files /app"});
  CHECK(sample().config.history[0].created == "2024-01-01T00:00:00Z");
  CHECK(sample().config.history[1].created == "1970-01-01T00:00:00Z");
}

TEST_CASE("the history of a base is kept where it fits its layers") {
  const BaseImage base = base_with({blob(media_type::oci_layer, '9', 3)},
                                   {{"", "ADD rootfs", "", false}, {"", "CMD sh", "", true}});
  const Image image = assemble(base, {files_layer()}, plain_config(), {});
  CHECK(created_by(image) == std::vector<std::string>{"ADD rootfs", "CMD sh", "mlpack files /app"});
}

TEST_CASE("the history of a base that does not fit its layers is made anew") {
  const BaseImage base =
      base_with({blob(media_type::oci_layer, '8', 3), blob(media_type::oci_layer, '9', 3)},
                {{"", "ADD rootfs", "", false}, {"", "CMD sh", "", true}});
  const Image image = assemble(base, {}, plain_config(), {});
  CHECK(created_by(image) == std::vector<std::string>{"base python:3.12", "base python:3.12"});
}

TEST_CASE("an image needs no base") {
  const Image image = assemble(BaseImage(), {files_layer()}, plain_config(), {});
  CHECK(image.manifest.layers.size() == 1);
  CHECK(created_by(image) == std::vector<std::string>{"mlpack files /app"});
}

TEST_CASE("a base whose layers and diff ids do not pair is refused") {
  BaseImage base = base_with({blob(media_type::oci_layer, '9', 3)}, {});
  base.config.diff_ids.clear();
  check_error([&] { assemble(base, {}, plain_config(), {}); },
              Fault::integrity,
              "manifest of `python:3.12` has 1 layers but its config has 0 diff ids");
}

TEST_CASE("layers are read back with their roles") {
  const std::vector<Layer> layers = layers_of(sample());
  REQUIRE(layers.size() == 3);
  CHECK(layers[0].role == Role::base);
  CHECK(layers[0].created_by == "base python:3.12");
  CHECK(layers[1].role == Role::weights);
  CHECK(layers[1].name == "base");
  CHECK(layers[1].diff_id == digest_of_letter('1'));
  CHECK(layers[2].created_by == "mlpack files /app");
}

TEST_CASE("the name of a layer that is not UTF-8 is shown as text") {
  Layer layer = files_layer();
  layer.name = "/caf\xe9";
  const Image image = assemble(BaseImage(), {layer}, plain_config(), {});
  CHECK(image.manifest.layers[0].annotations.at("dev.mlpack.layer.name") == "/caf\\xe9");
}

TEST_CASE("a config that is not the manifest's is refused") {
  const Image image = sample();
  check_error([&] { make_image(image.manifest_bytes, "", image.config_bytes + " ", "x"); },
              Fault::integrity,
              fmt::format("config of `x` is `{}`, not `{}` as its manifest says",
                          Digest::of(image.config_bytes + " ").text(),
                          image.manifest.config.digest.text()));
  Manifest manifest = image.manifest;
  manifest.config.size += 1;
  check_error([&] { make_image(write_manifest(manifest), "", image.config_bytes, "x"); },
              Fault::integrity,
              fmt::format("config of `x` is {} bytes, not {} as its manifest says",
                          image.config_bytes.size(),
                          image.config_bytes.size() + 1));
}

TEST_CASE("a manifest with other than as many layers as diff ids is refused") {
  const Image image = sample();
  Manifest manifest = image.manifest;
  manifest.layers.pop_back();
  check_error([&] { make_image(write_manifest(manifest), "", image.config_bytes, "x"); },
              Fault::integrity,
              "manifest of `x` has 2 layers but its config has 3 diff ids");
}
