#include "lib/model/shards.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string index_name = "model.safetensors.index.json";

std::string index_of(const std::string& map, std::uint64_t total = 64) {
  return fmt::format(R"({{"metadata":{{"total_size":{}}},"weight_map":{{{}}}}})", total, map);
}

Files sharded() {
  return {{"config.json", R"({"model_type":"llama"})"},
          {index_name,
           index_of(R"("a.weight":"model-00001-of-00002.safetensors",)"
                    R"("b.weight":"model-00002-of-00002.safetensors")")},
          {"model-00001-of-00002.safetensors", small_safetensors()},
          {"model-00002-of-00002.safetensors", small_safetensors()}};
}

}  // namespace

TEST_CASE("a sharded model that is whole has no problems") {
  const ModelReport report = read(sharded());
  CHECK(report.problems.empty());
  CHECK(report.warnings.empty());
  CHECK(report.summary.files == 2);
  CHECK(report.summary.tensors == 4);
}

TEST_CASE("the names of shards are read") {
  const auto name = parse_shard_name("d/model-00002-of-00013.safetensors");
  REQUIRE(name);
  CHECK(name->prefix == "d/model");
  CHECK(name->number == 2);
  CHECK(name->total == 13);
  CHECK(name->suffix == ".safetensors");
  CHECK(parse_shard_name("model-1-of-61.safetensors"));
  CHECK(!parse_shard_name("state-of-the-art.gguf"));
  CHECK(!parse_shard_name("model-00001-of-00000.gguf"));
  CHECK(!parse_shard_name("-of-"));
  CHECK(!parse_shard_name("00001-of-00002.gguf"));
  CHECK(!parse_shard_name("m-99999999999999999999-of-1.gguf"));
}

TEST_CASE("an index and its files must fit") {
  Files files = sharded();
  files.erase("model-00002-of-00002.safetensors");
  CHECK(problems(files) ==
        index_name +
            " names a shard that is missing: `model-00002-of-00002.safetensors` is not among the "
            "files");
  files = sharded();
  files["model-00003-of-00003.safetensors"] = small_safetensors();
  CHECK(problems(files) ==
        "model-00003-of-00003.safetensors is a shard of no index: `model.safetensors.index.json` "
        "names its like, and not this one\n"
        "model-00003-of-00003.safetensors is not with all other shards: 1 of 3 are there, and 1 is "
        "the first that is not");
  files = sharded();
  files[index_name] = index_of(R"("c":"model-00001-of-00002.safetensors",)"
                               R"("b.weight":"model-00002-of-00002.safetensors")");
  CHECK(problems(files) ==
        index_name +
            " names a tensor that is missing: `c` is not in `model-00001-of-00002.safetensors`");
  files = sharded();
  files[index_name] = index_of(R"("a":"../x.safetensors","b":"/etc/x.safetensors")");
  CHECK(problems(files).starts_with(
      index_name + " names a file outside of its folder: the shard `../x.safetensors`\n" +
      index_name + " names a file outside of its folder: the shard `/etc/x.safetensors`"));
}

TEST_CASE("an index that is none is refused") {
  const auto refusal = [](const std::string& text) { return problems({{index_name, text}}); };
  CHECK(refusal("{}") == index_name + " is a bad index: it has no `weight_map`");
  CHECK(refusal("{") == index_name + " has a bad index: it is not JSON at its byte 2");
  CHECK(refusal(R"({"weight_map":{"a":1}})") ==
        index_name + " is a bad index: its `weight_map` is not of names");
  CHECK(refusal(R"({"weight_map":["a"]})") ==
        index_name + " is a bad index: its `weight_map` is not of names");
  CHECK(refusal(R"({"weight_map":{"a":"b","a":"c"}})") ==
        index_name + " has a bad index: key `a` appears twice");
}

TEST_CASE("an index of PyTorch files is checked alike") {
  CHECK(problems({{"pytorch_model.bin.index.json",
                   index_of(R"("a":"pytorch_model-00001-of-00001.bin")")}}) ==
        "pytorch_model.bin.index.json names a shard that is missing: "
        "`pytorch_model-00001-of-00001.bin` is not among the files");
}

TEST_CASE("what an index gets slightly wrong is a warning") {
  Files files = sharded();
  files[index_name] = index_of(R"("a.weight":"model-00001-of-00002.safetensors",)"
                               R"("b.weight":"model-00002-of-00002.safetensors")",
                               65);
  files["extra.safetensors"] = small_safetensors();
  const ModelReport report = read(files);
  CHECK(report.problems.empty());
  CHECK(
      report.warnings ==
      std::vector<std::string>{
          "`extra.safetensors` is not named by `model.safetensors.index.json`",
          "`model.safetensors.index.json` says that the tensors have 65 bytes, and they have 64"});
}

TEST_CASE("shards without an index must have all their numbers") {
  CHECK(problems({{"m-00001-of-00003.safetensors", small_safetensors()},
                  {"m-00003-of-00003.safetensors", small_safetensors()}}) ==
        "m-00001-of-00003.safetensors is not with all other shards: 2 of 3 are there, and 2 is the "
        "first that is not");
  CHECK(
      problems({{"m-00000-of-00002.bin", "weights"}, {"m-00001-of-00002.bin", "weights"}}).empty());
  CHECK(problems({{"m-00001-of-00002.bin", "weights"}, {"m-00009-of-00002.bin", "weights"}}) ==
        "m-00001-of-00002.bin is not with all other shards: 2 of 2 are there, and 2 is the first "
        "that is not");
}

TEST_CASE("split GGUF files must be what their names say") {
  const auto part = [](std::uint64_t number, std::uint64_t count) {
    return GgufBuilder()
        .number("split.no", number)
        .number("split.count", count)
        .number("split.tensors.count", 2)
        .tensor("w" + std::to_string(number), {1}, 0, 4)
        .bytes();
  };
  const std::string first = "m-00001-of-00002.gguf";
  const std::string second = "m-00002-of-00002.gguf";
  CHECK(problems({{first, part(0, 2)}, {second, part(1, 2)}}).empty());
  CHECK(problems({{first, part(0, 2)}, {second, part(0, 2)}}) ==
        second + " is another shard than its name says: it says that it is 1 of 2");
  CHECK(problems({{first, part(0, 2)}}) ==
        first + " is not with all other shards: 1 of 2 are there, and 2 is the first that is not");
  CHECK(problems({{"m.gguf", part(0, 2)}}) ==
        "m.gguf is a shard by another name: it is 1 of 2, and loaders want "
        "`-00001-of-00002.gguf`");
  const std::string two = GgufBuilder().number("split.no", 1).number("split.count", 2).bytes();
  CHECK(problems({{first, part(0, 2)}, {second, two}}) ==
        first + " does not fit the other shards: it says that all have 2 tensors, and they have 1");
}

TEST_CASE("what an ONNX model keeps outside must be there") {
  const auto model = [](const std::string& location, const std::string& offset = "0") {
    return onnx_model({onnx_external(8, location, offset)});
  };
  CHECK(problems({{"d/a.onnx", model("a.data")}, {"d/a.data", std::string(32, 'w')}}).empty());
  CHECK(problems({{"d/a.onnx", model("./a.data")}, {"d/a.data", std::string(32, 'w')}}).empty());
  CHECK(problems({{"d/a.onnx", model("a.data")}, {"a.data", std::string(32, 'w')}}) ==
        "d/a.onnx keeps tensors in a file that is missing: `a.data` is not among the files");
  CHECK(problems({{"d/a.onnx", model("a.data", "1")}, {"d/a.data", std::string(32, 'w')}}) ==
        "d/a.data is cut: tensors of `a.onnx` end at its byte 33, and it has 32");
  for (const std::string bad : {"../a.data", "/a.data", "x/../../a", "..\\a"}) {
    CHECK(problems({{"d/a.onnx", model(bad)}})
              .starts_with("d/a.onnx keeps tensors outside of its folder: in the file "));
  }
  CHECK(problems({{"a.onnx", model("a.data", "-1")}, {"a.data", ""}}) ==
        "a.onnx is not an ONNX model, or damaged: a tensor has the offset `-1`");
}

TEST_CASE("weights that are there twice are chosen from") {
  Files files = sharded();
  files["consolidated.safetensors"] = "not even looked at";
  files["original/consolidated.00.pth"] = "nor this";
  files["original/params.json"] = "{";
  files["pytorch_model.bin"] = "";
  files["tf_model.h5"] = "weights";
  const ModelReport report = read(files);
  CHECK(report.problems.empty());
  CHECK(report.files.size() == 4);
  REQUIRE(report.choices.size() == 4);
  CHECK(report.choices[0].left_out == std::vector<std::string>{"consolidated.safetensors"});
  CHECK(report.choices[0].message ==
        "the weights are there more than once: those of `model.safetensors.index.json` are kept, "
        "`consolidated.safetensors` is left out");
  CHECK(report.choices[1].left_out ==
        std::vector<std::string>{"original/consolidated.00.pth", "original/params.json"});
  CHECK(report.choices[1].message ==
        "the weights are there more than once: those of `model.safetensors.index.json` are kept, "
        "`original/consolidated.00.pth` and 1 more are left out");
  CHECK(report.choices[2].left_out == std::vector<std::string>{"pytorch_model.bin"});
  CHECK(report.choices[3].left_out == std::vector<std::string>{"tf_model.h5"});
}

TEST_CASE("the only copy of the weights is kept") {
  CHECK(read({{"params.json", "{}"}, {"consolidated.safetensors", small_safetensors()}})
            .choices.empty());
  CHECK(read({{"config.json", "{}"},
              {index_name, index_of(R"("a.weight":"model-00001-of-00001.safetensors")")},
              {"consolidated.safetensors", small_safetensors()}})
            .choices.empty());
}
