#include "layers/weights_check.h"

#include "layers/json_leaves.h"
#include "layers/snapshot.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_header = std::uint64_t{100} << 20;  // as the format has it
constexpr std::uint64_t largest_index = std::uint64_t{256} << 20;
constexpr std::string_view fact_kind = "weights checked";

[[noreturn]] void refuse(const FileRange& file, const std::string& why) {
  throw Error(Fault::input,
              fmt::format("`{}` {}", printable(file.path.string()), why),
              "download or convert it again, or exclude it");
}

std::string read_part(const FileRange& file, std::uint64_t offset, std::uint64_t length) {
  FileSource source(file.path, file.identity, offset, length);
  StringSink sink(static_cast<std::size_t>(length));
  copy(source, sink);
  return std::move(sink.text);
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    value = value << 8U | static_cast<unsigned char>(*byte);
  }
  return value;
}

// https://github.com/huggingface/safetensors#format: u64 length, JSON of that length, data.
void check_safetensors(const FileRange& file, std::uint64_t size) {
  if (size < 8) refuse(file, fmt::format("is not a safetensors file: it has {} bytes", size));
  const std::uint64_t length = little_endian(read_part(file, 0, 8));
  if (length > largest_header || length > size - 8) {
    refuse(file,
           fmt::format("is not a safetensors file, or cut: its header would have {} bytes, the "
                       "file has {}",
                       length,
                       size));
  }
  std::uint64_t data = 0;
  const std::string header = read_part(file, 8, length);
  const std::string problem = for_each_leaf(header, [&data](const JsonLeaf& leaf) {
    const bool is_offset =
        leaf.path.size() == 3 && leaf.path[1] == "data_offsets" && leaf.path[2] == "[]";
    const auto* number = std::get_if<std::uint64_t>(&leaf.value);
    if (is_offset && number != nullptr) data = std::max(data, *number);
  });
  if (!problem.empty()) refuse(file, "has a bad safetensors header: " + problem);
  if (data > size - 8 - length) {
    refuse(
        file,
        fmt::format("is cut: its tensors end at byte {}, the file at {}", 8 + length + data, size));
  }
}

// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: magic, u32 version, u64 tensors, u64
// keys; what follows takes at least 24 bytes for a tensor and 13 for a key.
void check_gguf(const FileRange& file, std::uint64_t size) {
  constexpr std::uint64_t header_bytes = 24;
  if (size < header_bytes) refuse(file, fmt::format("is not a GGUF file: it has {} bytes", size));
  const std::string header = read_part(file, 0, header_bytes);
  if (!header.starts_with("GGUF"))
    refuse(file, "is not a GGUF file: it does not begin with `GGUF`");
  const std::string_view bytes = header;
  const std::uint64_t version = little_endian(bytes.substr(4, 4));
  if (version < 1 || version > 3) {
    refuse(file, fmt::format("is GGUF of version {}, and 1 to 3 are known", version));
  }
  if (version == 1) return;  // whose counts are shorter
  const std::uint64_t tensors = little_endian(bytes.substr(8, 8));
  const std::uint64_t keys = little_endian(bytes.substr(16, 8));
  if (tensors > size / 24 || keys > size / 13) {
    refuse(file,
           fmt::format("is cut or damaged: it says that it has {} tensors and {} keys in {} bytes",
                       tensors,
                       keys,
                       size));
  }
}

struct Weight {
  const FileRange* file;
  std::uint64_t size;
};
using Weights = std::map<std::string, Weight>;  // by path in the image

Weights weights_of(const std::vector<LayerRecipe>& layers) {
  Weights weights;
  for (const LayerRecipe& layer : layers) {
    if (layer.role != Role::weights) continue;
    for (const RecipeEntry& entry : layer.entries) {
      const auto* range = std::get_if<FileRange>(&entry.content);
      if (range != nullptr) weights.emplace(entry.path, Weight{range, entry.size});
    }
  }
  return weights;
}

std::set<std::string> shards_named_by(const FileRange& index, std::uint64_t size) {
  std::set<std::string> shards;
  if (size > largest_index) refuse(index, "is larger than 256 MiB");
  const std::string text = read_part(index, 0, size);
  const std::string problem = for_each_leaf(text, [&shards](const JsonLeaf& leaf) {
    const auto* name = std::get_if<std::string>(&leaf.value);
    if (leaf.path.size() == 2 && leaf.path[0] == "weight_map" && name != nullptr) {
      shards.insert(*name);
    }
  });
  if (!problem.empty()) refuse(index, "is a bad index: " + problem);
  return shards;
}

std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : name.substr(dot);
}

// The files beside `index` of the kind it names that it does not name.
std::vector<std::string> unnamed_beside(const std::string& folder,
                                        const std::set<std::string>& shards,
                                        const Weights& weights) {
  std::vector<std::string> unnamed;
  for (auto file = weights.lower_bound(folder); file != weights.end(); ++file) {
    if (!file->first.starts_with(folder)) break;
    const std::string name = file->first.substr(folder.size());
    const bool beside = name.find('/') == std::string::npos;
    const bool same_kind = extension_of(name) == extension_of(*shards.begin());
    if (beside && same_kind && !shards.contains(name)) unnamed.push_back(name);
  }
  return unnamed;
}

std::vector<std::string> check_index(const std::string& path, const Weights& weights) {
  const Weight& index = weights.at(path);
  const std::set<std::string> shards = shards_named_by(*index.file, index.size);
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  for (const std::string& shard : shards) {
    if (weights.contains(folder + shard)) continue;
    throw Error(Fault::input,
                fmt::format("`{}` names the shard `{}`, which is not among the weights",
                            printable(index.file->path.string()),
                            printable(shard)),
                "download it, or check `include` and `exclude`");
  }
  std::vector<std::string> warnings;
  if (shards.empty()) return warnings;
  for (const std::string& name : unnamed_beside(folder, shards, weights)) {
    warnings.push_back(fmt::format("`/{}{}` is a shard that `{}` does not name",
                                   printable(folder),
                                   printable(name),
                                   printable(path.substr(folder.size()))));
  }
  return warnings;
}

std::vector<std::string> check_all(const Weights& weights) {
  std::vector<std::string> warnings;
  for (const auto& [path, weight] : weights) {
    if (path.ends_with(".safetensors")) check_safetensors(*weight.file, weight.size);
    if (path.ends_with(".gguf")) check_gguf(*weight.file, weight.size);
    if (!path.ends_with(".index.json")) continue;
    for (std::string& warning : check_index(path, weights)) {
      warnings.push_back(std::move(warning));
    }
  }
  return warnings;
}

// What the outcome depends on: paths and the states of the files.
Digest key_of(const std::vector<LayerRecipe>& layers) {
  std::string keys;
  for (const LayerRecipe& layer : layers) {
    if (layer.role == Role::weights) keys += layer_key(layer, "").hex() + '\n';
  }
  return Digest::of(keys);
}

bool are_settled(const std::vector<LayerRecipe>& layers) {
  return std::all_of(layers.begin(), layers.end(), [](const LayerRecipe& layer) {
    return layer.role != Role::weights || is_settled(layer, snapshot_of(layer));
  });
}

}  // namespace

std::vector<std::string> check_weights(const std::vector<LayerRecipe>& layers, Store* store) {
  const Digest key = key_of(layers);
  const auto known = store != nullptr ? store->fact(fact_kind, key) : std::nullopt;
  std::vector<std::string> warnings;
  if (!known) {
    const bool keep = store != nullptr && are_settled(layers);
    warnings = check_all(weights_of(layers));
    if (keep) store->put_fact(fact_kind, key, join(warnings, "\n"));
  } else if (!known->empty()) {
    for (const std::string_view line : split(*known, '\n')) {
      warnings.emplace_back(line);
    }
  }
  return warnings;
}

}  // namespace mlpack
