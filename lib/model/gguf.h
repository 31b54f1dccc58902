#pragma once

#include "lib/model/read_at.h"
#include "lib/model/tensor.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What the header of a GGUF file says.
struct Gguf {
  std::uint64_t version = 0;
  std::map<std::string, std::uint64_t> numbers;  // whole ones; of a list of at most 4096, the most
  std::map<std::string, std::string> texts;      // of at most 1024 bytes
  std::vector<Tensor> tensors;

  std::optional<std::uint64_t> number(const std::string& key) const;
  std::string text(const std::string& key) const;  // empty where there is none
  /// `key` of the architecture: `context_length` is `llama.context_length`.
  std::optional<std::uint64_t> shape(const std::string& key) const;
};

/// Reads the header of a GGUF file of version 1 to 3, at most 100 MiB, as
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md has it. Damage where the file is no
/// such file, is cut, or breaks the rules: at most 65,536 keys, no key or tensor twice, tensors
/// aligned, within the file and not over one another. The bytes of a tensor of a type that is not
/// known are 0 and not checked.
Gguf read_gguf(const ReadAt& file);

/// Where the parts of a GGUF file lie in it.
struct GgufLayout {
  /// A key with its value, or what is said of one tensor.
  struct Field {
    std::string name;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  struct Place {
    Field field;
    std::uint64_t offset = 0;  // of its bytes, from the start of the data; the field ends in it
    std::uint64_t bytes = 0;   // 0 of a type that is not known
  };
  std::uint64_t version = 0;
  std::uint64_t alignment = 32;
  std::vector<Field> keys;
  std::vector<Place> tensors;  // in the order of their bytes
  std::uint64_t data = 0;      // where the data starts in the file
};
/// As read_gguf.
GgufLayout read_gguf_layout(const ReadAt& file);

/// A type of ggml's: how many bytes a block of that many elements takes.
struct GgmlType {
  std::uint64_t id;
  std::string_view name;
  std::uint64_t elements;
  std::uint64_t bytes;
};
/// nullptr where it is not known.
const GgmlType* find_ggml_type(std::uint64_t id);
/// The name of a `general.file_type`, such as `Q4_K_M`; empty where it is not known.
std::string_view gguf_file_type(std::uint64_t id);

}  // namespace mlpack
