#include "tests/unit/model/builders.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <memory>

namespace mlpack::test {
namespace {

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U)
    bytes += static_cast<char>(0x80U | (value & 0x7FU));
  return bytes + static_cast<char>(value);
}

}  // namespace

std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8U)
    text += static_cast<char>(value & 0xFFU);
  return text;
}

std::string safetensors(const std::string& header, std::size_t data) {
  return little(header.size()) + header + std::string(data, 'w');
}

std::string safetensors(const std::vector<TensorSpec>& tensors) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  std::uint64_t at = 0;
  for (const TensorSpec& tensor : tensors) {
    header += fmt::format(R"(,"{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                          tensor.name,
                          tensor.dtype,
                          fmt::join(tensor.shape, ","),
                          at,
                          at + tensor.bytes);
    at += tensor.bytes;
  }
  return safetensors(header + "}  ", static_cast<std::size_t>(at));
}

void GgufBuilder::key(const std::string& name, std::uint64_t type) {
  ++keys_;
  key_bytes_ += text_of(name) + little(type, 4);
}

GgufBuilder& GgufBuilder::number(const std::string& name, std::uint64_t value) {
  key(name, 4);
  key_bytes_ += little(value, 4);
  return *this;
}

GgufBuilder& GgufBuilder::text(const std::string& name, const std::string& value) {
  key(name, 8);
  key_bytes_ += text_of(value);
  return *this;
}

GgufBuilder& GgufBuilder::texts(const std::string& name, const std::vector<std::string>& values) {
  key(name, 9);
  key_bytes_ += little(8, 4) + count(values.size());
  for (const std::string& value : values)
    key_bytes_ += text_of(value);
  return *this;
}

GgufBuilder& GgufBuilder::numbers(const std::string& name,
                                  const std::vector<std::uint64_t>& values) {
  key(name, 9);
  key_bytes_ += little(5, 4) + count(values.size());
  for (const std::uint64_t value : values)
    key_bytes_ += little(value, 4);
  return *this;
}

GgufBuilder& GgufBuilder::tensor(const std::string& name,
                                 const std::vector<std::uint64_t>& shape,
                                 std::uint64_t type,
                                 std::uint64_t bytes) {
  ++tensors_;
  tensor_bytes_ += text_of(name) + little(shape.size(), 4);
  for (const std::uint64_t length : shape)
    tensor_bytes_ += count(length);
  data_ = (data_ + 31) / 32 * 32;
  tensor_bytes_ += little(type, 4) + little(data_);
  data_ += bytes;
  return *this;
}

std::string GgufBuilder::bytes() const {
  std::string bytes =
      "GGUF" + little(version_, 4) + count(tensors_) + count(keys_) + key_bytes_ + tensor_bytes_;
  bytes.resize((bytes.size() + 31) / 32 * 32);
  return bytes + std::string(static_cast<std::size_t>(data_), 'w');
}

std::string varint_field(std::uint64_t number, std::uint64_t value) {
  return varint(number << 3U) + varint(value);
}

std::string bytes_field(std::uint64_t number, const std::string& bytes) {
  return varint(number << 3U | 2U) + varint(bytes.size()) + bytes;
}

std::string onnx_model(const std::vector<std::string>& initializers) {
  std::string graph = bytes_field(2, "graph");
  for (const std::string& tensor : initializers)
    graph += bytes_field(5, tensor);
  return varint_field(1, 8) + bytes_field(2, "test") + bytes_field(7, graph) +
         bytes_field(8, bytes_field(1, "") + varint_field(2, 17));
}

std::string onnx_tensor(std::uint64_t elements) {
  return varint_field(1, elements) + varint_field(2, 1) + bytes_field(8, "w") +
         bytes_field(9, std::string(static_cast<std::size_t>(elements * 4), 'w'));
}

std::string onnx_external(std::uint64_t elements,
                          const std::string& location,
                          const std::string& offset) {
  const auto entry = [](const std::string& key, const std::string& value) {
    return bytes_field(13, bytes_field(1, key) + bytes_field(2, value));
  };
  return varint_field(1, elements) + varint_field(2, 1) + bytes_field(8, "w") +
         entry("location", location) + entry("offset", offset) +
         entry("length", std::to_string(elements * 4)) + varint_field(14, 1);
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes;
  std::string directory;
  for (const auto& [name, content] : entries) {
    const std::string sizes = little(0, 4) + little(content.size(), 4) + little(content.size(), 4) +
                              little(name.size(), 2) + little(0, 2);
    directory +=
        "PK\x01\x02" + little(0, 12) + sizes + little(0, 10) + little(bytes.size(), 4) + name;
    bytes += "PK\x03\x04" + little(0, 10) + sizes + name + content;
  }
  return bytes + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) +
         little(entries.size(), 2) + little(directory.size(), 4) + little(bytes.size(), 4) +
         little(0, 2);
}

ModelReport read(const Files& files) {
  std::vector<ModelFile> model;
  for (const auto& [path, bytes] : files) {
    model.push_back(
        {path, bytes.size(), [text = bytes] { return std::make_unique<TextReadAt>(text); }});
  }
  return read_model(model);
}

std::string problems(const Files& files) {
  std::vector<std::string> lines;
  for (const ModelProblem& problem : read(files).problems)
    lines.push_back(problem.file + " " + problem.what + ": " + problem.why);
  return join(lines, "\n");
}

std::string small_safetensors() {
  return safetensors({{"a.weight", "F32", {2, 3}, 24}, {"b.weight", "BF16", {4}, 8}});
}

std::string small_gguf() {
  return GgufBuilder()
      .text("general.architecture", "llama")
      .number("llama.context_length", 4096)
      .number("llama.block_count", 2)
      .number("llama.attention.head_count", 8)
      .numbers("llama.attention.head_count_kv", {2, 4})
      .number("general.file_type", 15)
      .texts("tokenizer.ggml.tokens", {"a", "b"})
      .tensor("token_embd.weight", {256, 2}, 12, 288)
      .tensor("output_norm.weight", {4}, 0, 16)
      .bytes();
}

}  // namespace mlpack::test
