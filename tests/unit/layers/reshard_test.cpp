#include "layers/reshard.h"

#include "layers/weights_check.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/recipe_support.h"
#include "tests/unit/model/builders.h"

#include <fmt/format.h>

#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr std::uint64_t kib = 1024;
// What a layer of shards of 8 KiB may have.
constexpr std::uint64_t max_layer = 24 * kib;

// A folder of weights, as an entry of a spec names it.
struct Model {
  Model() {
    input.source = dir / "m";
    input.target = "/models/base";
    input.links = TreeInput::Links::follow;
  }

  // The shards of its files in the place of those that are too large, which form a whole model.
  std::vector<RecipeEntry> reshard() {
    auto entries = walk(input);
    check_weights(entries, input);
    notes = mlpack::reshard(entries, max_layer);
    auto again = entries;
    CHECK(check_weights(again, input).warnings.empty());
    CHECK(paths(again) == paths(entries));
    for (const RecipeEntry& entry : entries)
      CHECK(entry.size <= max_layer);
    for (const LayerRecipe& layer :
         weights_recipes("base", input, entries, options_of(RootView::empty(), max_layer)).layers)
      CHECK(TarView(layer).size() <= max_layer);
    return entries;
  }

  TempDir dir;
  TreeInput input;
  std::vector<std::string> notes;
};

std::string tensors(const std::string& prefix, std::size_t count) {
  std::vector<TensorSpec> specs;
  for (std::size_t i = 0; i < count; ++i)
    specs.push_back({fmt::format("{}{}", prefix, i), "U8", {6 * kib}, 6 * kib});
  return safetensors(specs);
}

}  // namespace

TEST_CASE("a file that is too large becomes shards with an index") {
  Model model;
  const std::string whole = tensors("t", 2);
  const fs::path file = model.dir.write("m/model.safetensors", whole);
  model.dir.write("m/config.json", "{}");
  const auto entries = model.reshard();
  CHECK(paths(entries) == Paths{"models/base/",
                                "models/base/config.json",
                                "models/base/model-00001-of-00002.safetensors",
                                "models/base/model-00002-of-00002.safetensors",
                                "models/base/model.safetensors.index.json"});
  CHECK(model.notes ==
        Paths{"`/models/base/model.safetensors` (12.2 KiB) is packaged as 2 shards, from "
              "`model-00001-of-00002.safetensors` on"});
  const auto& parts = std::get<Parts>(entries[2].content);
  REQUIRE(parts.size() == 2);
  const FileRange range{file, identity_of(open_regular(file)), whole.size() - 12 * kib};
  CHECK(parts[1] == Part{range, 6 * kib});
  CHECK(std::get<std::string>(entries[4].content).find("\"total_size\": 12288") !=
        std::string::npos);
}

TEST_CASE("files that fit stay as they are, and so do formats that have no shards") {
  Model model;
  model.dir.write("m/model.safetensors", tensors("t", 1));
  model.dir.write("m/b.gguf", small_gguf());
  auto entries = walk(model.input);
  const auto before = entries;
  CHECK(reshard(entries, max_layer).empty());
  CHECK(entries == before);
  model.dir.write("m/weights.bin", std::string(30 * kib, 'w'));
  entries = walk(model.input);
  CHECK(reshard(entries, max_layer).empty());
  CHECK(paths(entries).back() == "models/base/weights.bin");
}

TEST_CASE("adapters stay whole: nothing loads shards of one") {
  Model model;
  model.dir.write("m/adapter_model.safetensors", tensors("t", 5));
  model.dir.write("m/pytorch_lora_weights.safetensors", tensors("t", 5));
  auto entries = walk(model.input);
  CHECK(reshard(entries, max_layer).empty());
}

TEST_CASE("one shard that is too large splits its whole set anew, the old index goes") {
  Model model;
  model.dir.write("m/model-00001-of-00002.safetensors", tensors("a", 3));
  model.dir.write("m/model-00002-of-00002.safetensors", tensors("b", 1));
  model.dir.write("m/model.safetensors.index.json",
                  R"({"metadata":{"total_size":24576},"weight_map":{
                      "a0":"model-00001-of-00002.safetensors",
                      "a1":"model-00001-of-00002.safetensors",
                      "a2":"model-00001-of-00002.safetensors",
                      "b0":"model-00002-of-00002.safetensors"}})");
  const auto entries = model.reshard();
  CHECK(paths(entries) == Paths{"models/base/",
                                "models/base/model-00001-of-00004.safetensors",
                                "models/base/model-00002-of-00004.safetensors",
                                "models/base/model-00003-of-00004.safetensors",
                                "models/base/model-00004-of-00004.safetensors",
                                "models/base/model.safetensors.index.json"});
  const auto& index = std::get<std::string>(entries.back().content);
  CHECK(index.find("\"b0\": \"model-00004-of-00004.safetensors\"") != std::string::npos);
  CHECK(model.notes ==
        Paths{"`/models/base/model-00001-of-00002.safetensors` and 1 more (24.3 KiB) are packaged "
              "as 4 shards, from `model-00001-of-00004.safetensors` on"});
}

TEST_CASE("an index of a variant stays at its place") {
  Model model;
  model.dir.write("m/unet/model.fp16-00001-of-00001.safetensors", tensors("a", 2));
  model.dir.write("m/unet/model.safetensors.index.fp16.json",
                  R"({"weight_map":{"a0":"model.fp16-00001-of-00001.safetensors",
                                    "a1":"model.fp16-00001-of-00001.safetensors"}})");
  CHECK(paths(model.reshard()) == Paths{"models/base/",
                                        "models/base/unet/",
                                        "models/base/unet/model.fp16-00001-of-00002.safetensors",
                                        "models/base/unet/model.fp16-00002-of-00002.safetensors",
                                        "models/base/unet/model.safetensors.index.fp16.json"});
}

TEST_CASE("a variant keeps its name, and its index is where loaders look for it") {
  Model model;
  model.dir.write("m/a/model.fp16.safetensors", tensors("a", 2));
  model.dir.write("m/b/model-v1.5.safetensors", tensors("b", 2));
  model.dir.write("m/c/model-00001-of-00001.fp16.safetensors", tensors("c", 2));
  CHECK(paths(model.reshard()) == Paths{"models/base/",
                                        "models/base/a/",
                                        "models/base/a/model.fp16-00001-of-00002.safetensors",
                                        "models/base/a/model.fp16-00002-of-00002.safetensors",
                                        "models/base/a/model.safetensors.index.fp16.json",
                                        "models/base/b/",
                                        "models/base/b/model-v1.5-00001-of-00002.safetensors",
                                        "models/base/b/model-v1.5-00002-of-00002.safetensors",
                                        "models/base/b/model-v1.5.safetensors.index.json",
                                        "models/base/c/",
                                        "models/base/c/model.fp16-00001-of-00002.safetensors",
                                        "models/base/c/model.fp16-00002-of-00002.safetensors",
                                        "models/base/c/model.safetensors.index.fp16.json"});
}

TEST_CASE("shards lie beside the index that names them, wherever the old ones lay") {
  Model model;
  model.dir.write("m/a/w.safetensors", tensors("a", 2));
  model.dir.write("m/b/w.safetensors", tensors("b", 1));
  model.dir.write("m/model.safetensors.index.json",
                  R"({"weight_map":{"a0":"a/w.safetensors","a1":"a/w.safetensors",
                                    "b0":"b/w.safetensors"}})");
  const auto entries = model.reshard();
  CHECK(paths(entries) == Paths{"models/base/",
                                "models/base/a/",
                                "models/base/b/",
                                "models/base/model.safetensors.index.json",
                                "models/base/w-00001-of-00003.safetensors",
                                "models/base/w-00002-of-00003.safetensors",
                                "models/base/w-00003-of-00003.safetensors"});
  const auto& index = std::get<std::string>(entries[3].content);
  CHECK(index.find("\"b0\": \"w-00003-of-00003.safetensors\"") != std::string::npos);
}

TEST_CASE("GGUF becomes shards of its own convention") {
  Model model;
  model.input.target = "/models/base/big.gguf";
  model.input.source = model.dir / "any name";
  GgufBuilder builder;
  builder.text("general.architecture", "llama");
  for (const char* const name : {"a", "b", "c"})
    builder.tensor(name, {3 * kib / 2}, 0, 6 * kib);
  model.dir.write("any name", builder.bytes());
  CHECK(paths(model.reshard()) == Paths{"models/base/big-00001-of-00003.gguf",
                                        "models/base/big-00002-of-00003.gguf",
                                        "models/base/big-00003-of-00003.gguf"});
}

TEST_CASE("shards have the mode and owner of the file that they are made of") {
  Model model;
  model.input.mode = 0640;
  model.input.owner = Owner{7, 8};
  model.dir.write("m/model.safetensors", tensors("t", 2));
  for (const RecipeEntry& entry : model.reshard()) {
    if (entry.kind == EntryKind::file) CHECK(entry.mode == 0640);
    CHECK(entry.uid == 7);
  }
}

TEST_CASE("a tensor that no layer can hold is refused with the file in the image") {
  const TempDir dir;
  dir.write("model.safetensors", safetensors({{"big", "U8", {30 * kib}, 30 * kib}}));
  auto entries = walk(input_of(dir.path(), "/m"));
  CHECK(refusal([&] { reshard(entries, max_layer); })
            .starts_with("tensor `big` of `/m/model.safetensors` is 30.0 KiB, and no shard may be "
                         "larger than 8.00 KiB | "));
}

TEST_CASE("--reshard is a remedy only for what it splits") {
  const TempDir dir;
  const auto remedy_for = [&](const std::string& name, const std::string& bytes) {
    dir.write(name, bytes);
    const auto entries = walk(input_of(dir / name, "/m/" + name));
    const auto problem = layer_size_problem(weights_layer("m", entries), max_layer, "r");
    REQUIRE(problem);
    return problem->hint();
  };
  const std::string split = "`--reshard` splits the file into shards";
  CHECK(remedy_for("a.safetensors", tensors("a", 5)) == split);
  CHECK(remedy_for("b.safetensors", safetensors({{"b", "U8", {30 * kib}, 30 * kib}})) != split);
  GgufBuilder keys;
  keys.text("vocabulary", std::string(30 * kib, 'v')).tensor("t", {8}, 0, 32);
  CHECK(remedy_for("c.gguf", keys.bytes()) != split);
}

TEST_CASE("a file that two indexes name, with others beside it, is not split") {
  const TempDir dir;
  dir.write("a.safetensors", tensors("a", 1));
  dir.write("b.safetensors", tensors("b", 1));
  dir.write("c.safetensors", tensors("c", 5));
  const auto index = [&](const std::string& name, const std::string& one, const std::string& two) {
    dir.write(
        name + ".safetensors.index.json",
        fmt::format(
            R"({{"weight_map":{{"{0}0":"{0}.safetensors","{1}0":"{1}.safetensors"}}}})", one, two));
  };
  index("one", "a", "b");
  index("two", "a", "c");
  auto entries = walk(input_of(dir.path(), "/m"));
  CHECK(refusal([&] { reshard(entries, max_layer); }) ==
        "`/m/a.safetensors` is to be split, and `/m/one.safetensors.index.json` names it beside "
        "other files than those that are split with it | exclude one of the indexes, or the files "
        "that only one of them names");
  index("one", "a", "c");
  entries = walk(input_of(dir.path(), "/m"));
  CHECK(reshard(entries, max_layer).size() == 1);
  const auto left = paths(entries);
  CHECK(std::count_if(left.begin(), left.end(), [](const std::string& path) {
          return path.ends_with(".json");
        }) == 1);
}

TEST_CASE("the same files give the same shards") {
  Model model;
  model.dir.write("m/model.safetensors", tensors("t", 4));
  CHECK(model.reshard() == model.reshard());
}
