#include "layers/model_layers.h"

#include "layers/tar_view.h"
#include "lib/model/describe.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Purpose = ModelLayers::Purpose;

LayerRecipe layer_of(std::vector<RecipeEntry> entries) {
  return {Role::weights, "m", 0, std::move(entries)};
}

// Counts what is read of a layer.
class Counted : public Source {
 public:
  Counted(std::unique_ptr<Source> inner, std::uint64_t& count)
      : inner_(std::move(inner)), count_(count) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    count_ += count;
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  std::uint64_t& count_;
};

struct Layers {
  // Adds the layer as somebody else's, and gives how much of it was read.
  std::uint64_t add(const LayerRecipe& recipe, Purpose purpose = Purpose::any) {
    const TarView view(recipe);
    std::uint64_t count = 0;
    TarReader tar(std::make_unique<Counted>(view.open(), count));
    model.add(tar, view.size(), purpose);
    return count;
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> paths;
    for (const ModelFile& file : model.files())
      paths.push_back(file.path);
    return paths;
  }
  std::string json() const { return model_json(read_model(model.files())).dump(); }

  Stop stop;
  ModelLayers model{stop};
};

using Paths = std::vector<std::string>;

// One file of each format that is looked at in its own way.
LayerRecipe all_formats() {
  const std::string big(300'000, 'w');
  return layer_of(
      {folder_entry("m"),
       text_entry("m/adapter/adapter_config.json", R"({"peft_type":"LORA","r":8})"),
       text_entry("m/adapter/adapter_model.safetensors", small_safetensors()),
       text_entry("m/config.json", R"({"architectures":["A"],"model_type":"a"})"),
       text_entry("m/model.gguf", small_gguf()),
       text_entry("m/model.onnx", onnx_model({onnx_tensor(100'000), onnx_tensor(3)})),
       text_entry("m/model.pt",
                  zip({{"a/data.pkl", big}, {"a/data/0", big}, {"a/constants.pkl", "x"}})),
       text_entry("m/model.safetensors", small_safetensors() + std::string()),
       text_entry("m/tokenizer.json", "{\"a\": \"" + std::string(9'000'000, 'x') + "\"}"),
       text_entry("m/vocab.bin", big)});
}

}  // namespace

TEST_CASE("a model in a stream is what it is in its files") {
  Layers files;
  files.model.add(all_formats());
  Layers streamed;
  streamed.add(all_formats(), Purpose::weights);
  CHECK(streamed.json() == files.json());
  CHECK(streamed.json().find("\"format\":\"TorchScript\"") != std::string::npos);
  CHECK(streamed.json().find("\"problems\":[]") != std::string::npos);

  const TempDir dir;
  write_tar(TarView(all_formats()), dir / "layer.tar");
  TarReader tar(open_tar_file(dir / "layer.tar"));
  Layers skipped;
  skipped.model.add(tar, fs::file_size(dir / "layer.tar"), Purpose::weights);
  CHECK(skipped.json() == files.json());
}

TEST_CASE("behind the header of the last file nothing is read") {
  Layers layers;
  const std::string tensors(8 << 20, 'w');
  const std::string header = R"({"a":{"dtype":"U8","shape":[8388608],"data_offsets":[0,8388608]}})";
  const std::string bytes = little(header.size()) + header + tensors;
  CHECK(layers.add(layer_of({text_entry("m/model.safetensors", bytes)})) <= (512 << 10));
  CHECK(read_model(layers.model.files()).summary.parameters == 8388608);
}

TEST_CASE("of somebody else's layers the folders with weights are looked at") {
  Layers layers;
  layers.add(layer_of({text_entry("etc/config.json", "{}"),
                       text_entry("opt/m/a.safetensors", small_safetensors()),
                       text_entry("opt/m/config.json", "{}"),
                       text_entry("opt/m/sub/tokenizer.json", "{}"),
                       text_entry("usr/bin/x", "x")}));
  CHECK(layers.paths() == Paths{"a.safetensors", "config.json", "sub/tokenizer.json"});
}

TEST_CASE("a layer takes away what those below it have") {
  Layers layers;
  layers.add(layer_of({text_entry("m/a.safetensors", small_safetensors()),
                       text_entry("m/b.safetensors", small_safetensors()),
                       text_entry("n/c.safetensors", small_safetensors())}));
  CHECK(layers.paths() == Paths{"m/a.safetensors", "m/b.safetensors", "n/c.safetensors"});
  layers.add(layer_of({text_entry("m/.wh.a.safetensors", ""), text_entry(".wh.n", "")}));
  CHECK(layers.paths() == Paths{"b.safetensors"});
  layers.add(layer_of({text_entry("m/.wh..wh..opq", "")}));
  CHECK(layers.paths().empty());
}
