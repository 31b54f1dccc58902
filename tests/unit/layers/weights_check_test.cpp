#include "layers/weights_check.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::string little_endian(std::uint64_t value, int bytes = 8) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8U) {
    text += static_cast<char>(value & 0xFFU);
  }
  return text;
}

std::string safetensors(const std::string& header, std::size_t data) {
  return little_endian(header.size()) + header + std::string(data, 'w');
}

const std::string good_header =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})";

struct Model {
  TempDir dir;

  std::vector<LayerRecipe> layers() const {
    LayerRecipe layer;
    layer.role = Role::weights;
    for (const auto& file : fs::directory_iterator(dir / "m")) {
      const std::string name = file.path().filename().string();
      layer.entries.push_back(file_entry("m/" + name, file.path()));
    }
    return {layer};
  }
  std::string refusal() const {
    try {
      check_weights(layers());
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::input);
      return std::string(error.what()) + " | " + error.hint();
    }
    return "accepted";
  }
  std::string at(const std::string& name) const {
    return "`" + (dir / ("m/" + name)).string() + "` ";
  }
};

const std::string again = " | download or convert it again, or exclude it";

}  // namespace

TEST_CASE("good weights are accepted") {
  const Model model;
  model.dir.write("m/a.safetensors", safetensors(good_header, 12));
  model.dir.write(
      "m/b.gguf",
      "GGUF" + little_endian(3, 4) + little_endian(1) + little_endian(2) + std::string(100, 'x'));
  model.dir.write("m/c.json", "not looked at");
  CHECK(check_weights(model.layers()).empty());
}

TEST_CASE("a safetensors file that is cut or no such file is named") {
  const Model model;
  const auto refused = [&](const std::string& bytes) {
    model.dir.write("m/a.safetensors", bytes);
    return model.refusal();
  };
  const std::string file = model.at("a.safetensors");
  CHECK(refused("1234567") == file + "is not a safetensors file: it has 7 bytes" + again);
  CHECK(refused("<html><body>") ==
        file +
            "is not a safetensors file, or cut: its header would have 7078601349733312572 "
            "bytes, the file has 12" +
            again);
  CHECK(refused(safetensors(good_header, 11)) ==
        file + "is cut: its tensors end at byte 159, the file at 158" + again);
  CHECK(refused(safetensors("{\"a\": ", 12)) ==
        file + "has a bad safetensors header: it is not JSON at byte 7" + again);
  CHECK(refused(safetensors("[1]", 12)) ==
        file + "has a bad safetensors header: it is not a JSON object" + again);
  CHECK(refused(safetensors(R"({"a":{"data_offsets":[-1,4]}})", 12)) ==
        file + "has a bad safetensors header: the number -1 is negative" + again);
  std::string deep = "{\"a\":";
  deep += std::string(100'000, '[');
  CHECK(refused(safetensors(deep, 0)) ==
        file + "has a bad safetensors header: it has more than 64 levels" + again);
}

TEST_CASE("a GGUF file that is cut or no such file is named") {
  const Model model;
  const auto refused = [&](const std::string& bytes) {
    model.dir.write("m/a.gguf", bytes);
    return model.refusal();
  };
  const std::string file = model.at("a.gguf");
  const std::string counts = little_endian(1) + little_endian(2);
  CHECK(refused("GGUF") == file + "is not a GGUF file: it has 4 bytes" + again);
  CHECK(refused("GGML" + little_endian(3, 4) + counts) ==
        file + "is not a GGUF file: it does not begin with `GGUF`" + again);
  CHECK(refused("GGUF" + little_endian(9, 4) + counts) ==
        file + "is GGUF of version 9, and 1 to 3 are known" + again);
  CHECK(refused("GGUF" + little_endian(3, 4) + little_endian(500) + little_endian(2)) ==
        file + "is cut or damaged: it says that it has 500 tensors and 2 keys in 24 bytes" + again);
}

TEST_CASE("an index that names a shard that is not there is refused") {
  const Model model;
  model.dir.write("m/model.safetensors.index.json",
                  R"({"metadata":{"total_size":24},"weight_map":{"a":"s-1.safetensors",)"
                  R"("b":"s-2.safetensors","c":"s-1.safetensors"}})");
  model.dir.write("m/s-1.safetensors", safetensors(good_header, 12));
  CHECK(model.refusal() ==
        model.at("model.safetensors.index.json") +
            "names the shard `s-2.safetensors`, which is not among the weights | "
            "download it, or check `include` and `exclude`");
  model.dir.write("m/s-2.safetensors", safetensors(good_header, 12));
  CHECK(model.refusal() == "accepted");
  model.dir.write("m/s-3.safetensors", safetensors(good_header, 12));
  CHECK(check_weights(model.layers()) ==
        std::vector<std::string>{
            "`/m/s-3.safetensors` is a shard that `model.safetensors.index.json` does not name"});
  model.dir.write("m/model.safetensors.index.json", "{");
  CHECK(model.refusal() == model.at("model.safetensors.index.json") +
                               "is a bad index: it is not JSON at byte 2" + again);
}

TEST_CASE("weights that were found good are not read again") {
  const Model model;
  model.dir.write("m/a.safetensors", safetensors(good_header, 12));
  model.dir.write("m/model.safetensors.index.json", R"({"weight_map":{"a":"a.safetensors"}})");
  model.dir.write("m/old.safetensors", safetensors(good_header, 12));
  Store store(model.dir / "store");
  const auto layers = model.layers();
  const auto warnings = check_weights(layers, &store);
  CHECK(warnings.size() == 1);
  fs::remove_all(model.dir / "m");
  CHECK(check_weights(layers, &store) == warnings);
  CHECK_THROWS_AS(check_weights(layers), Error);
}
