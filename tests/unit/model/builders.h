#pragma once

#include "lib/model/model.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlpack::test {

/// A number as little-endian bytes.
std::string little(std::uint64_t value, int bytes = 8);

/// A .safetensors file: the header as it stands, and that many bytes of data.
std::string safetensors(const std::string& header, std::size_t data);

struct TensorSpec {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t bytes;
};
std::string safetensors(const std::vector<TensorSpec>& tensors);

/// Makes a GGUF file: keys and tensors in the order in which they are added.
class GgufBuilder {
 public:
  explicit GgufBuilder(std::uint64_t version = 3) : version_(version) {}
  GgufBuilder& number(const std::string& key, std::uint64_t value);
  GgufBuilder& text(const std::string& key, const std::string& value);
  GgufBuilder& texts(const std::string& key, const std::vector<std::string>& values);
  GgufBuilder& numbers(const std::string& key, const std::vector<std::uint64_t>& values);
  /// Of ggml type `type`, which takes `bytes`; at `offset`, by default behind the one before it.
  GgufBuilder& tensor(const std::string& name,
                      const std::vector<std::uint64_t>& shape,
                      std::uint64_t type,
                      std::uint64_t bytes);
  std::string bytes() const;

 private:
  std::string count(std::uint64_t value) const { return little(value, version_ == 1 ? 4 : 8); }
  std::string text_of(const std::string& text) const { return count(text.size()) + text; }
  void key(const std::string& name, std::uint64_t type);

  std::uint64_t version_;
  std::uint64_t keys_ = 0;
  std::uint64_t tensors_ = 0;
  std::uint64_t data_ = 0;
  std::string key_bytes_;
  std::string tensor_bytes_;
};

/// Fields of a protobuf message.
std::string varint_field(std::uint64_t number, std::uint64_t value);
std::string bytes_field(std::uint64_t number, const std::string& bytes);
/// An ONNX model with those initialisers, each the bytes of a TensorProto.
std::string onnx_model(const std::vector<std::string>& initializers);
/// A TensorProto of floats: within the model, or, with a location, outside.
std::string onnx_tensor(std::uint64_t elements);
std::string onnx_external(std::uint64_t elements,
                          const std::string& location,
                          const std::string& offset = "0");

/// A zip archive of stored entries.
std::string zip(const std::vector<std::pair<std::string, std::string>>& entries);

/// The files of a model, in memory.
using Files = std::map<std::string, std::string>;
ModelReport read(const Files& files);
/// The problems as "file what: why", one in a line.
std::string problems(const Files& files);
/// The bytes of a good small model of that kind.
std::string small_safetensors();
std::string small_gguf();

}  // namespace mlpack::test
