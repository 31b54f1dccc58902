#include "lib/model/split_parts.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace mlpack {

namespace {

constexpr const char* limit_hint =
    "raise `layers.max_size` if it is the limit, or name a registry that takes larger layers";

}  // namespace

void refuse_tensor(const std::string& tensor,
                   const std::string& file,
                   std::uint64_t bytes,
                   std::uint64_t limit) {
  throw Error(Fault::usage,
              fmt::format("tensor {} of {} is {}, and no shard may be larger than {}",
                          in_backticks(tensor),
                          in_backticks(file),
                          human_size(bytes),
                          human_size(limit)),
              limit_hint);
}

void refuse_header(const ShardHeader& header, const std::string& file, std::uint64_t limit) {
  throw Error(Fault::usage,
              fmt::format("no shard of {} has room for the {} of {}: {}, and {} has all of it",
                          human_size(limit),
                          header.what,
                          in_backticks(file),
                          human_size(header.bytes),
                          header.holder),
              limit_hint);
}

void refuse_whole(const ModelFile& file, std::uint64_t limit) {
  throw Error(Fault::usage,
              fmt::format("{} is {} and holds no tensor to split it at, and no shard may be larger "
                          "than {}",
                          in_backticks(file.path),
                          human_size(file.size),
                          human_size(limit)),
              limit_hint);
}

void TensorNames::add(const std::string& tensor, const std::string& file) {
  const auto [found, is_new] = files_.emplace(tensor, file);
  if (is_new) return;
  throw Error(Fault::usage,
              fmt::format("{} and {} both hold the tensor {}",
                          in_backticks(found->second),
                          in_backticks(file),
                          in_backticks(tensor)),
              "exclude one of them, or build without `--reshard`");
}

std::string little_endian(std::uint64_t number, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i)
    text += static_cast<char>(number >> (8 * i) & 0xffU);
  return text;
}

void append(Shard& shard, std::string bytes) {
  if (bytes.empty()) return;
  shard.size += bytes.size();
  shard.parts.emplace_back(std::move(bytes));
}

void append(Shard& shard, const Slice& slice) {
  if (slice.size == 0) return;
  shard.size += slice.size;
  auto* const last = shard.parts.empty() ? nullptr : std::get_if<Slice>(&shard.parts.back());
  if (last != nullptr && last->file == slice.file && last->begin + last->size == slice.begin) {
    last->size += slice.size;
  } else {
    shard.parts.emplace_back(slice);
  }
}

std::string shard_name(const std::string& prefix,
                       std::size_t number,
                       std::size_t count,
                       const std::string& suffix) {
  return fmt::format("{}-{:05}-of-{:05}{}", prefix, number + 1, count, suffix);
}

std::string shard_index(const std::vector<Shard>& shards, const std::string& prefix) {
  std::uint64_t total = 0;
  std::map<std::string, std::string> files;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    total += shards[i].tensor_bytes;
    const std::string name = shard_name(prefix, i, shards.size(), ".safetensors");
    for (const std::string& tensor : shards[i].tensors)
      files.emplace(tensor, name);
  }
  const nlohmann::ordered_json index{{"metadata", {{"total_size", total}}}, {"weight_map", files}};
  return index.dump(2) + "\n";
}

}  // namespace mlpack
