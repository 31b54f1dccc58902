#pragma once

#include "lib/model/split.h"

#include <map>
#include <string>
#include <vector>

namespace mlpack {

/// Fault::usage: shards of `limit` bytes cannot hold the tensor.
[[noreturn]] void refuse_tensor(const std::string& tensor,
                                const std::string& file,
                                std::uint64_t bytes,
                                std::uint64_t limit);

/// What a shard has beside its tensors.
struct ShardHeader {
  const char* what;    // `keys`
  const char* holder;  // the shards that have it
  std::uint64_t bytes = 0;
};
/// Fault::usage: shards of `limit` bytes have no room for it.
[[noreturn]] void refuse_header(const ShardHeader& header,
                                const std::string& file,
                                std::uint64_t limit);
/// Fault::usage: there is nothing in the file that could be in two shards.
[[noreturn]] void refuse_whole(const ModelFile& file, std::uint64_t limit);

/// Refuses, Fault::usage, the second file that has a tensor of one name.
class TensorNames {
 public:
  void add(const std::string& tensor, const std::string& file);

 private:
  std::map<std::string, std::string> files_;  // by tensor
};

/// `number` as that many bytes.
std::string little_endian(std::uint64_t number, std::size_t bytes);

/// Appends to `shard`; neighbours in one file become one slice.
void append(Shard& shard, std::string bytes);
void append(Shard& shard, const Slice& slice);

}  // namespace mlpack
