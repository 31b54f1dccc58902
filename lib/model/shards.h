#pragma once

#include "lib/model/findings.h"
#include "lib/model/safetensors.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// `a/model-00002-of-00003.gguf` in its parts.
struct ShardName {
  std::string prefix;  // `a/model`
  std::uint64_t number = 0;
  std::uint64_t total = 0;
  std::string suffix;  // `.gguf`
};
/// nullopt where the name is not of the form PREFIX-N-of-M.SUFFIX or PREFIX_N-of-M.SUFFIX.
std::optional<ShardName> parse_shard_name(std::string_view path);

/// Finds problems: indexes that do not fit the files, in the shards that they name; `check_tensors`
/// is for the tensors of one file, as soon as they are known.
void check_indexes(Findings& findings);
void check_tensors(Findings& findings, const std::string& path, const Safetensors& file);
/// Numbers of shards that are missing.
void check_numbers(Findings& findings);
/// Split GGUF files whose keys do not fit their names
/// (https://github.com/ggml-org/llama.cpp/blob/master/tools/gguf-split/README.md).
void check_splits(Findings& findings);
/// Files that an ONNX model keeps its tensors in
/// (https://github.com/onnx/onnx/blob/main/docs/ExternalData.md).
void check_external_data(Findings& findings);

}  // namespace mlpack
