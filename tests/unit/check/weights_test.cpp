#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr std::uint64_t two_mebibytes = std::uint64_t{2} << 20;

FileFacts& add_weights(TestImage& image, const std::string& path, const std::string& sample) {
  image.add_content(path).sample = sample;
  image.top.files.back().size = two_mebibytes;
  return image.top.files.back();
}

}  // namespace

TEST_CASE("weights of one size and sample are there twice, but hard links are one file") {
  TestImage image;
  const auto content = add_weights(image, "models/a/model.safetensors", "1").content;
  add_weights(image, "models/b/model.safetensors", "2");
  add_weights(image, "models/c/model.safetensors", "1").content = content;
  CHECK(image.ids() == Ids{});
  add_weights(image, "models/d/model.safetensors", "1");
  const Finding found = image.only();
  CHECK(found.id == "weights-twice");
  CHECK(found.why.ends_with("2.00 MiB too much"));
}

TEST_CASE("one model in two forms is told about, of two folders it is not") {
  TestImage image;
  add_weights(image, "models/a/model.safetensors", "1");
  add_weights(image, "models/b/pytorch_model.bin", "2");
  CHECK(image.ids() == Ids{});
  add_weights(image, "models/a/pytorch_model-00001-of-00002.bin", "3");
  CHECK(image.only().what ==
        "`/models/a/pytorch_model-00001-of-00002.bin` lies beside `/models/a/model.safetensors`");
}

TEST_CASE("shards that an index names are there, through links too") {
  TestImage image;
  image.add_content("models/m/model.safetensors.index.json").shards = {"1.safetensors",
                                                                       "2.safetensors"};
  CHECK(image.only().what ==
        "`/models/m/model.safetensors.index.json` names `1.safetensors` and 1 more, which are not "
        "in the image");
  image.text("blobs/1", "x");
  image.link("models/m/1.safetensors", "../../blobs/1");
  CHECK(image.only().what ==
        "`/models/m/model.safetensors.index.json` names `2.safetensors`, which is not in the "
        "image");
  image.link("models/m/2.safetensors", "1.safetensors");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("large files that layers above replace or remove are told about") {
  TestImage image;
  ImageFiles files;
  LayerFacts below = image.top;
  FileFacts large;
  large.path = "models/m.gguf";
  large.size = std::uint64_t{20} << 20;
  below.files.push_back(large);
  files.add(below);
  CHECK(files.hidden().empty());
  LayerFacts above;
  above.removed = {"models"};
  files.add(above);
  REQUIRE(files.hidden().size() == 1);
  CHECK(files.hidden().front().path == "models/m.gguf");
  const Findings found = check_image({Catalog::built_in(), image.config, files, {}});
  REQUIRE(found.size() == 1);
  CHECK(found.front().id == "hidden-files");
  CHECK(found.front().what.starts_with("20.0 MiB of the layers is replaced"));
}
