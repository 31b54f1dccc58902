#pragma once

#include "lib/model/read_at.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What an index of shards says.
struct WeightIndex {
  std::map<std::string, std::vector<std::string>> shards;  // file, the tensors that are in it
  std::optional<std::uint64_t> total_size;                 // bytes of all tensors
};

/// Reads a *.index.json as transformers writes it: `metadata.total_size` and `weight_map`, tensor
/// to file. Damage: no JSON, larger than 64 MiB, no `weight_map` of texts, a key twice.
WeightIndex read_weight_index(const ReadAt& file);

}  // namespace mlpack
