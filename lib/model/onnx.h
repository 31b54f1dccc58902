#pragma once

#include "lib/model/read_at.h"

#include <cstdint>
#include <map>
#include <string>

namespace mlpack {

/// What an ONNX model says of itself and of its initialisers.
struct Onnx {
  std::uint64_t ir_version = 0;
  std::map<std::string, std::uint64_t> opsets;  // by domain; ONNX's own is empty
  std::string producer;
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0;
  std::map<std::string, std::uint64_t> dtypes;    // bytes of the initialisers
  std::map<std::string, std::uint64_t> external;  // file as it is written there, bytes it must have
};

/// Walks the messages of the protobuf
/// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) and skips what they hold of tensors.
/// Damage where the file is no such file or is cut, holds more than 16 million fields or graphs 16
/// deep.
Onnx read_onnx(const ReadAt& file);

}  // namespace mlpack
