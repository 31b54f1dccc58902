#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

ModelFileFacts facts_of(const std::string& path, const std::string& bytes) {
  return read({{path, bytes}}).files.at(0);
}

std::string name_of(const std::string& path, const std::string& bytes) {
  return std::string(format_name(facts_of(path, bytes).format));
}

const std::string pointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4976698672\n";

}  // namespace

TEST_CASE("each format is recognised") {
  CHECK(name_of("a.safetensors", small_safetensors()) == "safetensors");
  CHECK(name_of("a.gguf", small_gguf()) == "GGUF");
  CHECK(name_of("a.onnx", onnx_model({onnx_tensor(3)})) == "ONNX");
  CHECK(name_of("a.pt", zip({{"a/data.pkl", "x"}, {"a/data/0", "ww"}})) == "PyTorch");
  CHECK(name_of("a.pt", zip({{"a/data.pkl", "x"}, {"a/constants.pkl", "x"}})) == "TorchScript");
  CHECK(name_of("a.pt", zip({{"a/code/x.py", ""}, {"a/data.pkl", "x"}})) == "TorchScript");
  CHECK(name_of("a.mar", zip({{"MAR-INF/MANIFEST.json", "{}"}})) == "TorchServe archive");
  CHECK(name_of("a.pt2", zip({{"a/archive_format", "pt2"}})) == "PyTorch export");
  CHECK(name_of("a.npz", zip({{"a.npy", "x"}})) == "zip archive");
  CHECK(name_of("a.bin", "\x80\x02}q\x01.") == "PyTorch pickle");
  CHECK(name_of("config.json", "{}") == "model config");
  CHECK(name_of("d/tokenizer.json", "{}") == "tokenizer");
  CHECK(name_of("generation_config.json", "{}\n") == "generation config");
  CHECK(name_of("adapter_config.json", "{}") == "adapter config");
  CHECK(name_of("a.bin", "some weights") == "unknown");
  CHECK(name_of("README.md", "<html>") == "unknown");
}

TEST_CASE("a TensorRT plan says which version wrote it") {
  std::string bytes = "ftrt" + std::string(20, '\0');
  bytes += little(10 | 3U << 8U | 26U << 24U, 4);
  const ModelFileFacts facts = facts_of("1/model.plan", bytes + "rest");
  CHECK(facts.format == FileFormat::tensorrt);
  CHECK(facts.detail == "TensorRT 10.3.0.26");
  CHECK(problems({{"a.engine", "ftrt1"}}) == "a.engine is cut: it has 5 bytes");
}

TEST_CASE("what stands in the place of weights is named") {
  CHECK(problems({{"a.safetensors", pointer}, {"tokenizer.model", pointer}}) ==
        "a.safetensors is a git-lfs pointer: it stands for 4976698672 bytes that were not "
        "downloaded\n"
        "tokenizer.model is a git-lfs pointer: it stands for 4976698672 bytes that were not "
        "downloaded");
  for (const char* name : {"a.safetensors", "a.bin", "a.gguf", "config.json"}) {
    CHECK(problems({{name, " \n<!DOCTYPE html><title>Sign in</title>"}}) ==
          std::string(name) + " is a web page: it begins with `<`");
  }
  CHECK(problems({{"a.gguf", small_safetensors()}}) ==
        "a.gguf is not a GGUF file: it holds safetensors");
  CHECK(problems({{"a.safetensors", small_gguf()}}) ==
        "a.safetensors is not a safetensors file: it holds GGUF");
  CHECK(problems({{"a.bin", ""}}) == "a.bin is empty: it has 0 bytes");
  CHECK(problems({{"a.bin", "tjgg1234"}}) ==
        "a.bin is GGML: it came before GGUF, and nothing loads it");
}

TEST_CASE("a problem becomes an error with a hint and a class") {
  const Error error = as_error(read({{"d/a.safetensors", pointer}}).problems.at(0));
  CHECK(std::string(error.what()) ==
        "`d/a.safetensors` is a git-lfs pointer: it stands for 4976698672 bytes that were not "
        "downloaded");
  CHECK(error.hint() == "run `git lfs pull` where it was cloned, or download it");
  CHECK(error.fault() == Fault::input);
}

TEST_CASE("a safetensors file that breaks its rules is refused") {
  const auto with = [](const std::string& header, std::size_t data) {
    return problems({{"a.safetensors", safetensors(header, data)}});
  };
  const auto one = [&](const std::string& entry) { return with("{\"a\":" + entry + "}", 4); };
  CHECK(problems({{"a.safetensors", small_safetensors()}}).empty());
  CHECK(problems({{"a.safetensors", "1234567"}}) == "a.safetensors is cut: it has 7 bytes");
  CHECK(problems({{"a.safetensors", little(100'000'001) + "{}"}}) ==
        "a.safetensors is not a safetensors file: its header would have 100000001 bytes, and "
        "100000000 are the most");
  CHECK(problems({{"a.safetensors", little(12) + "{}"}}) ==
        "a.safetensors is cut: its header ends at byte 20, the file at 10");
  const std::string two = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                          R"("b":{"dtype":"U8","shape":[4],"data_offsets":[)";
  CHECK(with(two + "4,8]}}", 8).empty());
  CHECK(with(two + "4,8]}}", 7) ==
        "a.safetensors is cut: its tensors end 8 bytes into its data, which has 7 bytes");
  CHECK(with(two + "4,8]}}", 9) == "a.safetensors is damaged: 1 bytes follow its last tensor");
  CHECK(with(two + "3,7]}}", 7) ==
        "a.safetensors has a bad header: tensor `b` lies over the one before it");
  CHECK(with(two + "5,9]}}", 9) ==
        "a.safetensors has a bad header: tensor `b` leaves a hole of 1 bytes before it");
  CHECK(one(R"({"dtype":"F32","shape":[],"data_offsets":[0,4]})").empty());
  CHECK(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})") ==
        "a.safetensors has a bad header: tensor `a` has 4 bytes for 2 elements of F32");
  CHECK(one(R"({"dtype":"F99","shape":[2],"data_offsets":[0,4]})").empty());
  CHECK(one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})") ==
        "a.safetensors has a bad header: tensor `a` has more elements than 64 bits can count");
  CHECK(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})") ==
        "a.safetensors has a bad header: tensor `a` has bad `data_offsets`");
  CHECK(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})") ==
        "a.safetensors has a bad header: tensor `a` has a `shape` that is not of whole numbers");
  CHECK(one("{}") == "a.safetensors has a bad header: tensor `a` has no `dtype`");
  CHECK(one("7") == "a.safetensors has a bad header: tensor `a` is not an object");
  CHECK(with("[1]", 4) == "a.safetensors has a bad header: it is not a JSON object");
}

TEST_CASE("a JSON header that breaks our limits is refused") {
  const std::string again = R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}})";
  CHECK(problems({{"a.safetensors", safetensors(again, 0)}}) ==
        "a.safetensors has a bad header: key `a` appears twice");
  const std::string deep = "{\"a\":" + std::string(100'000, '[');
  CHECK(problems({{"a.safetensors", safetensors(deep, 0)}}) ==
        "a.safetensors has a bad header: tensor `a` is not an object");
  CHECK(problems({{"model.safetensors.index.json", deep}}) ==
        "model.safetensors.index.json has a bad index: it has more than 64 levels");
}

TEST_CASE("a GGUF file that breaks its rules is refused") {
  const auto refusal = [](const std::string& bytes) { return problems({{"a.gguf", bytes}}); };
  for (const std::uint64_t version : {1U, 2U, 3U}) {
    CHECK(refusal(GgufBuilder(version)
                      .text("general.architecture", "llama")
                      .tensor("w", {32}, 2, 18)
                      .bytes())
              .empty());
    const std::string bytes = GgufBuilder(version).tensor("w", {32}, 2, 18).bytes();
    CHECK(refusal(bytes.substr(0, bytes.size() - 1)) ==
          "a.gguf is cut: its tensors end 18 bytes into its data, which has 17 bytes");
  }
  CHECK(refusal(GgufBuilder(9).bytes()) ==
        "a.gguf is GGUF of an unknown version: its version is 9, and 1 to 3 are known");
  CHECK(refusal(GgufBuilder(3U << 24U).bytes()) ==
        "a.gguf is GGUF for big-endian machines: its version is 50331648");
  CHECK(refusal("GGUF" + little(3, 4) + little(1) + little(0)) ==
        "a.gguf is cut: it ends at byte 24, in the middle of its header");
  CHECK(refusal("GGUF" + little(3, 4) + little(1) + little(70'000)) ==
        "a.gguf has a bad header: it says that it has 70000 keys");
  CHECK(refusal(GgufBuilder().tensor("w", {33}, 2, 18).bytes()) ==
        "a.gguf has a bad header: tensor `w` has rows of 33 elements, and Q4_0 comes in blocks of "
        "32");
  CHECK(refusal(GgufBuilder().tensor("w", {1}, 0, 4).tensor("w", {1}, 0, 4).bytes()) ==
        "a.gguf has a bad header: tensor `w` appears twice");
  CHECK(refusal(GgufBuilder().number("a", 1).number("a", 1).bytes()) ==
        "a.gguf has a bad header: key `a` appears twice");
  CHECK(refusal(GgufBuilder().tensor("v", {64}, 0, 4).tensor("w", {1}, 0, 4).bytes()) ==
        "a.gguf has a bad header: tensor `w` lies over the one before it");
  CHECK(refusal(GgufBuilder().tensor("w", {1ULL << 40, 1ULL << 40}, 0, 4).bytes()) ==
        "a.gguf has a bad header: tensor `w` has too many elements");
  for (const std::uint64_t odd : {0U, 48U}) {
    CHECK(refusal(GgufBuilder().number("general.alignment", odd).tensor("w", {1}, 0, 4).bytes()) ==
          "a.gguf has a bad header: its alignment is " + std::to_string(odd) +
              ", not a power of two");
  }
}

TEST_CASE("an ONNX model says its operator set and what its initialisers hold") {
  const ModelFileFacts facts = facts_of("a.onnx", onnx_model({onnx_tensor(3), onnx_tensor(4)}));
  CHECK(facts.detail == "opset 17");
  CHECK(facts.tensors == 2);
  CHECK(facts.parameters == 7);
  CHECK(facts.dtypes == std::map<std::string, std::uint64_t>{{"F32", 28}});
  CHECK(problems({{"a.onnx", "no protobuf"}}) ==
        "a.onnx is not an ONNX model, or damaged: no field is at byte 1");
  CHECK(problems({{"a.onnx", varint_field(1, 8) + bytes_field(2, "test")}}) ==
        "a.onnx is not an ONNX model, or damaged: it holds no graph");
  std::string deep;
  for (int i = 0; i < 40; ++i)
    deep = bytes_field(1, bytes_field(5, bytes_field(6, deep)));
  CHECK(problems({{"a.onnx", varint_field(1, 8) + bytes_field(7, deep)}}) ==
        "a.onnx is not an ONNX model, or damaged: it has graphs 16 deep");
}

TEST_CASE("weights of no known format are a warning") {
  const ModelReport report = read({{"a.pth", "neither zip nor pickle"}});
  CHECK(report.problems.empty());
  CHECK(report.warnings == std::vector<std::string>{"`a.pth` is of no format that is known"});
  CHECK(problems({{"a.pt", "PK"}}) == "a.pt is cut: it has 2 bytes");
}

TEST_CASE("a zip archive that is cut is refused") {
  const std::string bytes = zip({{"a/data.pkl", "x"}, {"a/data/0", "wwww"}});
  CHECK(facts_of("a.bin", bytes).detail == "1 storages");
  CHECK(problems({{"a.bin", bytes.substr(0, 80)}}) ==
        "a.bin is cut: a zip archive ends with its directory, and the 80 bytes of this do not");
}

TEST_CASE("a tokenizer that is cut is refused") {
  CHECK(problems({{"tokenizer.json", "{\"model\": {"}}) ==
        "tokenizer.json is cut: it is JSON that does not end with `}` or `]`");
  CHECK(problems({{"tokenizer.json", "Entry not found"}}) ==
        "tokenizer.json is not JSON: it begins with neither `{` nor `[`");
}
