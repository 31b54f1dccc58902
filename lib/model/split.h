#pragma once

#include "lib/model/model.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace mlpack {

/// `size` bytes from `begin` of one of the files that are split, by its place among them.
struct Slice {
  std::size_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
  bool operator==(const Slice&) const = default;
};

/// A file made of new bytes and of bytes of the old files.
struct Shard {
  std::vector<std::variant<std::string, Slice>> parts;
  std::vector<std::string> tensors;  // by name
  std::uint64_t size = 0;
  std::uint64_t tensor_bytes = 0;
};

/// Shards of at most `limit` bytes with all tensors of `files`, which are one set of weights, in
/// the order of the files and of their bytes; within a shard of safetensors the wide dtypes lie
/// first, as its library writes them, so that every tensor is aligned. Reads headers alone; a file
/// that is damaged is Damage. Fault::usage: a tensor, `__metadata__` or keys that are too large, no
/// tensor at all, a name that two files have, and GGUF of version 1, which llama.cpp does not load.
std::vector<Shard> split_safetensors(const std::vector<ModelFile>& files, std::uint64_t limit);

/// The same for GGUF, as llama.cpp loads it
/// (https://github.com/ggml-org/llama.cpp/tree/master/tools/gguf-split): the first shard has the
/// keys of the first file, all say which shard they are and how many there are.
std::vector<Shard> split_gguf(const std::vector<ModelFile>& files, std::uint64_t limit);

/// The name of shard `number`, from 0, of `count`: `PREFIX-00001-of-00003.gguf`.
std::string shard_name(const std::string& prefix,
                       std::size_t number,
                       std::size_t count,
                       const std::string& suffix);

/// The text of the *.safetensors.index.json for shards that lie beside it as `prefix` names them.
std::string shard_index(const std::vector<Shard>& shards, const std::string& prefix);

}  // namespace mlpack
