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

/// What the header of a .safetensors file says.
struct Safetensors {
  struct Entry {
    Tensor tensor;
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;  // of its bytes, from the start of the data
  };
  std::map<std::string, std::string> metadata;
  std::vector<Entry> tensors;  // in the order of their bytes
  std::uint64_t data = 0;      // where the data starts in the file
};

/// Only the header is read, which has at most 100,000,000 bytes. Damage where the file is no such
/// file, is cut, or breaks the rules of https://github.com/huggingface/safetensors#format: the
/// tensors cover the data exactly, each takes as many bytes as its shape and dtype say (of a dtype
/// that is not known, any number), no name appears twice.
Safetensors read_safetensors(const ReadAt& file);

/// How many bits an element of `dtype` has; nullopt where it is not known.
std::optional<std::uint64_t> safetensors_bits(std::string_view dtype);

}  // namespace mlpack
