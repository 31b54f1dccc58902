#include "lib/oci/weights_image.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

WeightLayer weights(const std::string& content) {
  const Descriptor descriptor{
      std::string(media_type::oci_layer), Digest::of(content), content.size(), {}, {}};
  return {{Role::weights, "base", descriptor, Digest::of(content), "", false},
          {Role::weights, "base", 0, {}}};
}

WeightsImageFacts some_facts() {
  WeightsImageFacts facts;
  facts.platform = *Platform::parse("linux/arm64");
  facts.created = "1970-01-01T00:00:00Z";
  facts.labels = {{"team", "search"}};
  return facts;
}

const WeightsImageFacts facts = some_facts();

}  // namespace

TEST_CASE("an image of weights has their layers and diff ids, in their order, and no others") {
  const std::vector<WeightLayer> layers{weights("one"), weights("two")};
  const Image image = weights_image(layers, facts);
  CHECK(image.config.diff_ids == std::vector{Digest::of("one"), Digest::of("two")});
  REQUIRE(image.manifest.layers.size() == 2);
  CHECK(image.manifest.layers[0].digest == layers[0].layer.descriptor.digest);
  CHECK(image.manifest.layers[1].media_type == media_type::oci_layer);
  CHECK(image.config.history.size() == 2);
  CHECK(layers_of(image)[1].role == Role::weights);
  CHECK(layers_of(image)[1].name == "base");
}

TEST_CASE("an image of weights is for a platform, and has nothing to run that could fail") {
  const Image image = weights_image({weights("one")}, facts);
  CHECK(image.platform().text() == "linux/arm64");
  CHECK(image.config.labels.at("team") == "search");
  CHECK(image.config.entrypoint.empty());
  CHECK(image.config.cmd.empty());
  CHECK(image.config_bytes.find("Entrypoint") == std::string::npos);
  CHECK(image.manifest.annotations.count("org.opencontainers.image.base.name") == 0);
}

TEST_CASE("a shell lies below the weights and links above, and nothing is run that would end") {
  WeightsImageFacts more = some_facts();
  more.shell = weights("shell").layer;
  more.links = weights("links").layer;
  const Image image = weights_image({weights("one")}, more);
  CHECK(image.config.diff_ids ==
        std::vector{Digest::of("shell"), Digest::of("one"), Digest::of("links")});
  CHECK(image.config.entrypoint.empty());
  REQUIRE(image.config.cmd.size() == 3);
  CHECK(image.config.cmd[0] == "sh");
  CHECK(image.config.env_value("PATH") == "/bin");
}

TEST_CASE("an image of weights runs as a user that needs no passwd, or as root") {
  const auto user_of = [](const std::string& user) {
    WeightsImageFacts more = some_facts();
    more.user = user;
    return weights_image({weights("one")}, more).config.user;
  };
  CHECK(user_of("65532:65532") == "65532:65532");
  CHECK(user_of("1000") == "1000");
  CHECK(user_of("nobody").empty());
  CHECK(user_of("1000:staff").empty());
}

TEST_CASE("an image of weights is read back as the image that it is") {
  const Image image = weights_image({weights("one")}, facts);
  const Image again = make_image(image.manifest_bytes, image.media_type, image.config_bytes, "x");
  CHECK(again.digest() == image.digest());
  CHECK(weights_image({weights("one")}, facts).manifest_bytes == image.manifest_bytes);
}
