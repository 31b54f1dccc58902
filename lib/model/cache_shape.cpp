#include "lib/model/cache_shape.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {
namespace {

class CacheReader {
 public:
  explicit CacheReader(const nlohmann::ordered_json& top) : top_(top) {}

  CacheShape read(std::uint64_t layers) const {
    CacheShape shape;
    shape.head_dim = number({"head_dim", "attention_head_dim"});
    shape.value_head_dim = number({"v_head_dim"});
    shape.kv_lora_rank = number({"kv_lora_rank"});
    shape.qk_rope_head_dim = number({"qk_rope_head_dim"});
    shape.intermediate_size =
        number({"intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "hidden_dim"});
    shape.vocabulary = number({"vocab_size"});
    shape.sliding_window = number({"sliding_window"});
    // Only layer_types says which layers of Llama 4 see a chunk alone.
    if (!shape.sliding_window && find("layer_types") != nullptr) {
      shape.sliding_window = number({"attention_chunk_size"});
    }
    if (shape.sliding_window == 0 || is_false("use_sliding_window")) shape.sliding_window.reset();
    count_layers(shape, layers);
    return shape;
  }

 private:
  using Json = nlohmann::ordered_json;

  // The top's, or that of the model of text in it; nullptr where neither has it.
  const Json* find(std::string_view key) const {
    const std::string name(key);
    if (const auto found = top_.find(name); found != top_.end() && !found->is_null()) {
      return &*found;
    }
    for (const char* nested : {"text_config", "llm_config"}) {
      const auto inner = top_.find(nested);
      if (inner == top_.end() || !inner->is_object()) continue;
      if (const auto found = inner->find(name); found != inner->end()) return &*found;
    }
    return nullptr;
  }

  std::optional<std::uint64_t> number(std::initializer_list<std::string_view> keys) const {
    for (const std::string_view key : keys) {
      const Json* const found = find(key);
      if (found != nullptr && found->is_number_unsigned()) return found->get<std::uint64_t>();
    }
    return std::nullopt;
  }

  bool is_false(std::string_view key) const {
    const Json* const found = find(key);
    return found != nullptr && found->is_boolean() && !found->get<bool>();
  }

  bool is_of(std::string_view family) const {
    const Json* const found = find("model_type");
    return found != nullptr && found->is_string() &&
           found->get_ref<const std::string&>().starts_with(family);
  }

  void count_layers(CacheShape& shape, std::uint64_t layers) const {
    const Json* const types = find("layer_types");
    if (types != nullptr && types->is_array()) {
      for (const Json& type : *types)
        count_layer(shape, type.is_string() ? type.get<std::string>() : std::string());
    } else if (shape.sliding_window) {
      shape.sliding_layers = sliding_of(layers);
    }
  }

  static void count_layer(CacheShape& shape, std::string_view type) {
    if (type == "linear_attention" || type == "mamba") shape.constant_layers += 1;
    const bool slides = type == "sliding_attention" || type == "chunked_attention";
    if (slides && shape.sliding_window) shape.sliding_layers += 1;
  }

  // Every nth layer is full with a pattern of n; in Qwen2 those before max_window_layers are; in
  // Gemma 2, which says nothing, every second.
  std::uint64_t sliding_of(std::uint64_t layers) const {
    const auto pattern = number({"sliding_window_pattern", "_sliding_window_pattern"});
    if (pattern && *pattern > 0) return layers - layers / *pattern;
    if (const auto full = number({"max_window_layers"})) return layers - std::min(*full, layers);
    return is_of("gemma2") ? layers - layers / 2 : layers;
  }

  const Json& top_;
};

}  // namespace

CacheShape read_cache_shape(const nlohmann::ordered_json& config, std::uint64_t layers) {
  return CacheReader(config).read(layers);
}

}  // namespace mlpack
