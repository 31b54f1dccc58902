#include "lib/model/summary.h"

#include "lib/model/cursor.h"
#include "lib/model/folder.h"
#include "lib/model/shards.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

// What training leaves beside the weights, as pickles too.
bool is_of_training(std::string_view name) {
  return name == "training_args.bin" || name.starts_with("optimizer.") ||
         name.starts_with("scheduler.") || name.starts_with("scaler.") ||
         name.starts_with("rng_state");
}

bool is_weights(const ModelFileFacts& facts) {
  const bool may_be = facts.format == FileFormat::unknown || facts.format == FileFormat::zip;
  if (is_of_training(name_in(facts.path))) return false;
  return holds_weights(facts.format) || (may_be && is_weight_name(facts.path));
}

// The one nearest to the top, the first by name among several.
template <class Value>
const std::pair<const std::string, Value>* topmost(const std::map<std::string, Value>& found) {
  const std::pair<const std::string, Value>* best = nullptr;
  const auto depth = [](const std::string& path) {
    return std::count(path.begin(), path.end(), '/');
  };
  for (const auto& entry : found) {
    if (best == nullptr || depth(entry.first) < depth(best->first)) best = &entry;
  }
  return best;
}

class Summariser {
 public:
  explicit Summariser(Findings& findings) : findings_(findings) {}

  ModelSummary summarise() {
    find_adapters();
    add_formats();
    for (const auto& [path, facts] : findings_.files)
      if (is_weights(facts)) add_file(facts);
    add_config();
    add_gguf();
    return std::move(summary_);
  }

 private:
  bool has(const std::string& path) const { return findings_.files.contains(path); }

  // The adapter whose folder holds the file: what is called so, or anything where no model is.
  bool belongs_to(const std::string& folder, const std::string& path) const {
    if (folder_of(path) != folder) return false;
    return name_in(path).starts_with("adapter_model") ||
           !findings_.configs.contains(folder + "config.json");
  }

  void find_adapters() {
    for (const auto& [path, config] : findings_.adapters) {
      const std::string folder(folder_of(path));
      ModelAdapter adapter{folder, config.kind, config.base, config.rank};
      for (const auto& [file, facts] : findings_.files) {
        if (!is_weights(facts) || !belongs_to(folder, file)) continue;
        add_capped(adapter.bytes, facts.size);
        add_capped(adapter.parameters, facts.parameters.value_or(0));
        of_adapters_.insert(file);
      }
      summary_.adapters.push_back(std::move(adapter));
    }
    for (const auto& [path, gguf] : findings_.ggufs) {
      const std::string type = gguf.text("general.type");
      if (!type.empty() && type != "model") of_adapters_.insert(path);
      if (type != "adapter") continue;
      const ModelFileFacts& facts = findings_.files.at(path);
      summary_.adapters.push_back({path,
                                   gguf.text("adapter.type"),
                                   gguf.text("general.base_model.0.name"),
                                   std::nullopt,
                                   facts.size,
                                   facts.parameters.value_or(0)});
    }
  }

  // In the order of the enumeration, which is that of preference.
  void add_formats() {
    std::set<FileFormat> formats;
    for (const auto& [path, facts] : findings_.files) {
      const bool is_model = is_weights(facts) && !of_adapters_.contains(path);
      if (is_model && holds_weights(facts.format)) formats.insert(facts.format);
    }
    summary_.formats.assign(formats.begin(), formats.end());
  }

  void add_file(const ModelFileFacts& facts) {
    if (of_adapters_.contains(facts.path)) return;
    summary_.files += 1;
    add_capped(summary_.bytes, facts.size);
    if (summary_.formats.empty() || facts.format != summary_.formats.front()) return;
    if (facts.format == FileFormat::gguf && !is_of_first_set(facts.path)) return;
    add_capped(summary_.tensors, facts.tensors);
    for (const auto& [dtype, bytes] : facts.dtypes)
      add_capped(summary_.dtypes[dtype], bytes);
    if (!facts.parameters) return;
    std::uint64_t parameters = summary_.parameters.value_or(0);
    add_capped(parameters, *facts.parameters);
    summary_.parameters = parameters;
  }

  static std::string set_of(const std::string& path) {
    const auto shard = parse_shard_name(path);
    return shard ? shard->prefix : path;
  }

  // Several GGUF models in one folder: the first by name is described.
  bool is_of_first_set(const std::string& path) {
    const std::string set = set_of(path);
    if (first_set_.empty()) first_set_ = set;
    if (first_set_ == set) return true;
    if (!std::exchange(has_several_, true)) {
      findings_.warnings.push_back(
          fmt::format("there is more than one GGUF model: {} and {}; name one with `include`",
                      in_backticks(first_set_),
                      in_backticks(path)));
    }
    return false;
  }

  void add_config() {
    const auto* const config = topmost(findings_.configs);
    if (config != nullptr) {
      const ModelConfig& found = config->second;
      summary_.architecture = found.architecture;
      summary_.model_type = found.model_type;
      summary_.context_length = found.context_length;
      summary_.is_context_limit = found.is_context_limit;
      summary_.layers = found.layers;
      summary_.heads = found.heads;
      summary_.kv_heads = found.kv_heads ? found.kv_heads : found.heads;
      summary_.hidden_size = found.hidden_size;
      summary_.experts = found.experts;
      summary_.cache = found.cache;
      summary_.quantisation = found.quantisation;
      summary_.dtype = found.dtype;
    }
    const auto* const quantisation = topmost(findings_.quantisations);
    if (!summary_.quantisation && quantisation != nullptr) {
      summary_.quantisation = quantisation->second;
    }
    const auto* const pipeline = topmost(findings_.pipelines);
    if (pipeline == nullptr) return;
    summary_.architecture = pipeline->second;
    summary_.model_type = "diffusers";
  }

  void add_gguf() {
    if (summary_.formats.empty() || summary_.formats.front() != FileFormat::gguf) return;
    for (const auto& [path, gguf] : findings_.ggufs) {
      const std::string architecture = gguf.text("general.architecture");
      if (of_adapters_.contains(path) || architecture.empty()) continue;
      summary_.architecture = architecture;
      summary_.model_type = architecture;
      summary_.context_length = gguf.shape("context_length");
      summary_.layers = gguf.shape("block_count");
      summary_.heads = gguf.shape("attention.head_count");
      const auto kv_heads = gguf.shape("attention.head_count_kv");
      summary_.kv_heads = kv_heads ? kv_heads : summary_.heads;
      summary_.hidden_size = gguf.shape("embedding_length");
      summary_.cache = gguf_cache(gguf);
      summary_.quantisation = gguf_quantisation(gguf);
      return;
    }
  }

  // Which layers slide is a matter of llama.cpp's code, so all of them count as full.
  static CacheShape gguf_cache(const Gguf& gguf) {
    CacheShape cache;
    cache.head_dim = gguf.shape("attention.key_length");
    cache.value_head_dim = gguf.shape("attention.value_length");
    cache.kv_lora_rank = gguf.shape("attention.kv_lora_rank");
    if (cache.kv_lora_rank) cache.qk_rope_head_dim = gguf.shape("rope.dimension_count");
    cache.intermediate_size = gguf.shape("feed_forward_length");
    cache.vocabulary = gguf.shape("vocab_size");
    return cache;
  }

  std::optional<Quantisation> gguf_quantisation(const Gguf& gguf) const {
    const auto type = gguf.number("general.file_type");
    std::string name(type ? gguf_file_type(*type) : "");
    if (name.empty()) name = most_common_dtype();
    if (name.empty() || name == "F32" || name == "F16" || name == "BF16") return std::nullopt;
    const std::size_t digit = name.find_first_of("0123456789");
    const auto bits = digit == std::string::npos
                          ? std::nullopt
                          : parse_number(std::string_view(name).substr(digit, 1), 9);
    return Quantisation{name, bits};
  }

  std::string most_common_dtype() const {
    const auto most = std::max_element(
        summary_.dtypes.begin(), summary_.dtypes.end(), [](const auto& a, const auto& b) {
          return a.second < b.second;
        });
    return most == summary_.dtypes.end() ? std::string() : most->first;
  }

  Findings& findings_;
  ModelSummary summary_;
  std::set<std::string> of_adapters_;  // files that are not the model itself
  std::string first_set_;
  bool has_several_ = false;
};

}  // namespace

ModelSummary summarise(Findings& findings) {
  return Summariser(findings).summarise();
}

}  // namespace mlpack
