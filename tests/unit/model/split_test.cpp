#include "lib/model/split.h"

#include "lib/model/gguf.h"
#include "lib/model/safetensors.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Names = std::vector<std::string>;
using Named = std::vector<std::pair<std::string, std::string>>;  // files: path, bytes

std::vector<ModelFile> model_files_of(const Named& files) {
  std::vector<ModelFile> opened;
  for (const auto& [path, bytes] : files) {
    opened.push_back(
        {path, bytes.size(), [bytes = bytes] { return std::make_unique<TextReadAt>(bytes); }});
  }
  return opened;
}

// The last `count` bytes become such as lie nowhere else.
std::string with_data(std::string file, std::size_t count, unsigned seed) {
  for (std::size_t i = file.size() - count; i < file.size(); ++i) {
    seed = seed * 1664525U + 1013904223U;
    file[i] = static_cast<char>(seed >> 24U);
  }
  return file;
}

std::string bytes_of(const Shard& shard, const Named& files) {
  std::string bytes;
  for (const auto& part : shard.parts) {
    const auto* const slice = std::get_if<Slice>(&part);
    bytes += slice == nullptr ? std::get<std::string>(part)
                              : files[slice->file].second.substr(slice->begin, slice->size);
  }
  CHECK(bytes.size() == shard.size);
  return bytes;
}

using Tensors = std::map<std::string, std::string>;  // bytes, shape and dtype by name

void add_safetensors(Tensors& tensors, const std::string& bytes) {
  const Safetensors header = read_safetensors(TextReadAt(bytes));
  for (const Safetensors::Entry& entry : header.tensors) {
    std::string text = entry.tensor.dtype;
    for (const std::uint64_t length : entry.shape)
      text += fmt::format(" {}", length);
    text += ": " + bytes.substr(header.data + entry.begin, entry.tensor.bytes);
    CHECK(tensors.emplace(entry.tensor.name, text).second);
  }
}

// What llama.cpp reads of a file of the kind that the tests make: F32 in one dimension.
void add_gguf(Tensors& tensors, const std::string& bytes) {
  const Gguf gguf = read_gguf(TextReadAt(bytes));
  const GgufLayout layout = read_gguf_layout(TextReadAt(bytes));
  for (const GgufLayout::Place& place : layout.tensors) {
    CHECK(place.offset % layout.alignment == 0);
    const std::string text = bytes.substr(layout.data + place.offset, place.bytes);
    CHECK(tensors.emplace(place.field.name, text).second);
  }
  CHECK(bytes.size() % layout.alignment == 0);
}

Names names_of(const std::vector<Shard>& shards) {
  Names names;
  for (const Shard& shard : shards) {
    std::string& line = names.emplace_back();
    for (const std::string& tensor : shard.tensors)
      line += tensor;
  }
  return names;
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

Named mixed() {
  return {{"a.safetensors",
           with_data(safetensors({{"a", "F64", {2, 3}, 48},
                                  {"empty", "F32", {0, 7}, 0},
                                  {"b", "BF16", {40}, 80},
                                  {"scalar", "F16", {}, 2},
                                  {"c", "I8", {3}, 3}}),
                     133,
                     1)},
          {"b.safetensors",
           with_data(safetensors({{"d", "F32", {25}, 100}, {"e\\\"ü", "U8", {31}, 31}}), 131, 2)}};
}

Named ggufs() {
  const auto first = GgufBuilder()
                         .text("general.architecture", "llama")
                         .texts("tokenizer.ggml.tokens", {"a", "b"})
                         .number("split.count", 2)
                         .tensor("a", {25}, 0, 100)
                         .tensor("b", {8}, 0, 32);
  const auto second = GgufBuilder().number("split.count", 2).tensor("c", {3}, 0, 12);
  return {{"m-00001-of-00002.gguf", with_data(first.bytes(), 160, 3)},
          {"m-00002-of-00002.gguf", with_data(second.bytes(), 12, 4)}};
}

}  // namespace

TEST_CASE("tensors of safetensors have the same bytes in the shards, none of which is too large") {
  const Named files = mixed();
  Tensors wanted;
  for (const auto& [path, bytes] : files)
    add_safetensors(wanted, bytes);
  for (const std::uint64_t limit : {320U, 400U, 480U, 2000U}) {
    CAPTURE(limit);
    Tensors found;
    for (const Shard& shard : split_safetensors(model_files_of(files), limit)) {
      CHECK(shard.size <= limit);
      CHECK(std::get<std::string>(shard.parts.at(0)).size() % 8 == 0);
      add_safetensors(found, bytes_of(shard, files));
    }
    CHECK(found == wanted);
  }
}

TEST_CASE("the text of a shard's header is that of the format's library") {
  const Named files{
      {"a.safetensors", safetensors({{"aa", "F32", {2, 2}, 16}, {"b", "F32", {}, 4}})}};
  const auto shards = split_safetensors(model_files_of(files), 130);
  REQUIRE(shards.size() == 2);
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"aa":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";
  CHECK(std::get<std::string>(shards[0].parts[0]) == little(96) + header + std::string(7, ' '));
  CHECK(shards[0].tensor_bytes == 16);
}

TEST_CASE("tensors that lie side by side are one range of the file") {
  const Named files = mixed();
  const auto shards = split_safetensors(model_files_of({files[0]}), 2000);
  REQUIRE(shards.size() == 1);
  CHECK(shards[0].parts.size() == 2);
}

TEST_CASE("every tensor of a shard is aligned, whatever file it comes from") {
  const Named files = mixed();
  const auto shards = split_safetensors(model_files_of(files), 2000);
  CHECK(names_of(shards) == Names{"aemptydbscalarce\"ü"});
  const Safetensors header = read_safetensors(TextReadAt(bytes_of(shards.at(0), files)));
  for (const Safetensors::Entry& entry : header.tensors)
    CHECK(entry.begin * 8 % safetensors_bits(entry.tensor.dtype).value() == 0);
}

TEST_CASE("a tensor that no shard can hold is named with its size") {
  const std::string hint =
      " | raise `layers.max_size` if it is the limit, or name a registry that takes larger layers";
  const Named tensors{{"m/a.safetensors", safetensors({{"big", "U8", {2048}, 2048}})}};
  CHECK(refusal([&] { split_safetensors(model_files_of(tensors), 1024); }) ==
        "tensor `big` of `m/a.safetensors` is 2.00 KiB, and no shard may be larger than 1.00 KiB" +
            hint);
  const Named gguf{{"m/a.gguf", GgufBuilder().tensor("big", {512}, 0, 2048).bytes()}};
  CHECK(refusal([&] { split_gguf(model_files_of(gguf), 1024); }) ==
        "tensor `big` of `m/a.gguf` is 2.00 KiB, and no shard may be larger than 1.00 KiB" + hint);
}

TEST_CASE("metadata and keys that no shard can hold are named, not a tensor") {
  const std::string metadata(3000, 'm');
  const std::string large =
      safetensors(R"({"__metadata__":{"a":")" + metadata +
                      R"("},"t":{"dtype":"U8","shape":[1500],"data_offsets":[0,1500]}})",
                  1500);
  CHECK(refusal([&] {
          split_safetensors(model_files_of({{"m.safetensors", large}}), 2048);
        })
            .starts_with("no shard of 2.00 KiB has room for the `__metadata__` of `m.safetensors`: "
                         "2.95 KiB, and every shard has all of it | raise"));
  GgufBuilder builder;
  builder.text("vocabulary", metadata);
  builder.tensor("t", {8}, 0, 32);
  CHECK(refusal([&] {
          split_gguf(model_files_of({{"m.gguf", builder.bytes()}}), 2048);
        })
            .starts_with("no shard of 2.00 KiB has room for the keys of `m.gguf`: 3.09 KiB, and "
                         "the first has all of it | raise"));
}

TEST_CASE("a file without tensors is not split") {
  GgufBuilder builder;
  builder.text("general.architecture", "llama");
  CHECK(refusal([&] {
          split_gguf(model_files_of({{"m.gguf", builder.bytes()}}), 64);
        }).find("holds no tensor to split it at, and no shard may be larger than 64 B") !=
        std::string::npos);
  CHECK(refusal([&] {
          split_safetensors(model_files_of({{"m.safetensors", safetensors("{}", 0)}}), 8);
        }).find("holds no tensor to split it at") != std::string::npos);
}

TEST_CASE("one name in two files is refused, for a loader would take either") {
  const Named files{{"a", safetensors({{"x", "U8", {1}, 1}})},
                    {"b", safetensors({{"x", "U8", {1}, 1}})}};
  CHECK(refusal([&] { split_safetensors(model_files_of(files), 1024); }) ==
        "`a` and `b` both hold the tensor `x` | exclude one of them, or build without `--reshard`");
}

TEST_CASE("tensors of GGUF have the same bytes in the shards, none of which is too large") {
  const Named files = ggufs();
  Tensors wanted;
  for (const auto& [path, bytes] : files) {
    const GgufLayout layout = read_gguf_layout(TextReadAt(bytes));
    for (const GgufLayout::Place& place : layout.tensors)
      wanted[place.field.name] = bytes.substr(layout.data + place.offset, place.bytes);
  }
  CHECK(wanted.size() == 3);
  for (const std::uint64_t limit : {416U, 544U, 4096U}) {
    CAPTURE(limit);
    Tensors found;
    for (const Shard& shard : split_gguf(model_files_of(files), limit)) {
      CHECK(shard.size <= limit);
      add_gguf(found, bytes_of(shard, files));
    }
    CHECK(found == wanted);
  }
}

TEST_CASE("shards of GGUF say which they are, and the first has the keys of the model") {
  const Named files = ggufs();
  const auto shards = split_gguf(model_files_of(files), 500);
  CHECK(names_of(shards) == Names{"ab", "c"});
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string bytes = bytes_of(shards[i], files);
    const Gguf gguf = read_gguf(TextReadAt(bytes));
    CHECK(gguf.number("split.no") == i);
    CHECK(gguf.number("split.count") == 2);
    CHECK(gguf.number("split.tensors.count") == 3);
    CHECK(gguf.text("general.architecture") == (i == 0 ? "llama" : ""));
    // The types that llama.cpp asks for: u16 and i32.
    CHECK(bytes.find(little(8) + "split.no" + little(2, 4) + little(i, 2)) != std::string::npos);
    CHECK(bytes.find(little(19) + "split.tensors.count" + little(5, 4) + little(3, 4)) !=
          std::string::npos);
  }
}

TEST_CASE("every shard of GGUF knows an unusual alignment") {
  const auto builder = GgufBuilder().number("general.alignment", 64).tensor("a", {16}, 0, 64);
  std::string bytes = builder.bytes();
  bytes.insert(bytes.size() - 64, (64 - (bytes.size() - 64) % 64) % 64, '\0');
  const Named files{{"a", with_data(bytes, 64, 5)},
                    {"b", with_data(GgufBuilder().tensor("b", {8}, 0, 32).bytes(), 32, 6)}};
  const auto shards = split_gguf(model_files_of(files), 384);
  REQUIRE(shards.size() == 2);
  Tensors found;
  for (const Shard& shard : shards) {
    const std::string file = bytes_of(shard, files);
    CHECK(read_gguf_layout(TextReadAt(file)).alignment == 64);
    add_gguf(found, file);
  }
  CHECK(found == Tensors{{"a", files[0].second.substr(files[0].second.size() - 64)},
                         {"b", files[1].second.substr(files[1].second.size() - 32)}});
}

TEST_CASE("GGUF of version 1 is not split") {
  const Named files{{"a.gguf", GgufBuilder(1).tensor("a", {8}, 0, 32).bytes()}};
  CHECK(refusal([&] { split_gguf(model_files_of(files), 1024); }) ==
        "`a.gguf` is GGUF of version 1, which cannot be split | convert it again, with llama.cpp "
        "of today");
}

TEST_CASE("the index names the shard of every tensor") {
  const auto shards = split_safetensors(model_files_of({mixed()[1]}), 240);
  REQUIRE(shards.size() == 2);
  CHECK(shard_index(shards, "model") == R"({
  "metadata": {
    "total_size": 131
  },
  "weight_map": {
    "d": "model-00001-of-00002.safetensors",
    "e\"ü": "model-00002-of-00002.safetensors"
  }
}
)");
}
