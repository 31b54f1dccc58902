#include "lib/model/config.h"

#include "lib/model/cache_shape.h"
#include "lib/model/cursor.h"
#include "lib/model/damage.h"
#include "lib/oci/json.h"
#include "lib/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t largest_config = std::uint64_t{16} << 20;

Json parse(const ReadAt& file) {
  const std::uint64_t size = file.size();
  if (size > largest_config) {
    throw Damage("is a bad config", fmt::format("it has {} bytes, and 16 MiB are the most", size));
  }
  const std::string text = without_python_numbers(Cursor(file, 0, size).text(size));
  Json json;
  try {
    json = parse_json(text, "the document");
  } catch (const Error& error) {
    throw Damage("is a bad config", error.what());
  }
  if (!json.is_object()) throw Damage("is a bad config", "it is not a JSON object");
  return json;
}

// A member that is an object, or an empty one.
const Json& object(const Json& json, std::string_view key) {
  static const Json empty = Json::object();
  const auto found = json.find(std::string(key));
  return found != json.end() && found->is_object() ? *found : empty;
}

std::string text(const Json& json, std::string_view key) {
  const auto found = json.find(std::string(key));
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

using Keys = std::initializer_list<std::string_view>;

// The first of `keys` that is there as a whole number.
std::optional<std::uint64_t> number(const Json& json, Keys keys) {
  for (const std::string_view key : keys) {
    const auto found = json.find(std::string(key));
    if (found != json.end() && found->is_number_unsigned()) return found->get<std::uint64_t>();
  }
  return std::nullopt;
}

bool is_true(const Json& json, std::string_view key) {
  const auto found = json.find(std::string(key));
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

// The top, or the model of text in it.
std::optional<std::uint64_t> nested_number(const Json& json, Keys keys) {
  if (const auto found = number(json, keys)) return found;
  if (const auto found = number(object(json, "text_config"), keys)) return found;
  return number(object(json, "llm_config"), keys);
}

std::string first_architecture(const Json& json) {
  const auto found = json.find("architectures");
  const bool is_list = found != json.end() && found->is_array() && !found->empty();
  return is_list && found->at(0).is_string() ? found->at(0).get<std::string>() : std::string();
}

// Of the first group that says it.
std::optional<std::uint64_t> compressed_bits(const Json& quantisation) {
  const Json& groups = object(quantisation, "config_groups");
  for (const auto& group : groups.items()) {
    if (!group.value().is_object()) continue;
    const auto bits = number(object(group.value(), "weights"), {"num_bits"});
    if (bits) return bits;
  }
  return std::nullopt;
}

// Of the name of an algorithm of ModelOpt's.
std::optional<std::uint64_t> algorithm_bits(std::string_view algorithm) {
  if (algorithm.starts_with("W4") || algorithm.find("FP4") != std::string_view::npos) return 4;
  if (algorithm.find("FP8") != std::string_view::npos || algorithm.starts_with("W8")) return 8;
  if (algorithm.find("INT8") != std::string_view::npos) return 8;
  return std::nullopt;
}

std::optional<std::uint64_t> bits_of(const Json& json, std::string_view method) {
  if (const auto bits = number(json, {"bits", "w_bit", "num_bits"})) return bits;
  if (is_true(json, "load_in_4bit") || is_true(json, "_load_in_4bit")) return 4;
  if (is_true(json, "load_in_8bit") || is_true(json, "_load_in_8bit")) return 8;
  if (const auto bits = compressed_bits(json)) return bits;
  if (const auto bits = algorithm_bits(text(json, "quant_algo"))) return bits;
  if (method.find("fp8") != std::string_view::npos) return 8;
  if (method.find("fp4") != std::string_view::npos) return 4;
  return std::nullopt;
}

std::optional<std::uint64_t> group_of(const Json& json) {
  if (const auto group = number(json, {"group_size", "q_group_size"})) return group;
  for (const auto& entry : object(json, "config_groups").items()) {
    if (!entry.value().is_object()) continue;
    if (const auto group = number(object(entry.value(), "weights"), {"group_size"})) return group;
  }
  return std::nullopt;
}

std::optional<Quantisation> quantisation_of(const Json& json, std::string_view fallback) {
  if (json.empty()) return std::nullopt;
  std::string method = text(json, "quant_method");
  if (method.empty() && !text(json, "quant_algo").empty()) method = "modelopt";
  if (method.empty()) method = fallback;
  if (method.empty()) return std::nullopt;
  const auto bits = bits_of(json, method);
  return Quantisation{method, bits, group_of(json)};
}

// Whether rotary positions are as they were trained.
bool is_plain_rope(const Json& rope) {
  const auto is_plain = [](const std::string& type) { return type.empty() || type == "default"; };
  return is_plain(text(rope, "rope_type")) && is_plain(text(rope, "type")) &&
         rope.find("factor") == rope.end() &&
         std::none_of(rope.begin(), rope.end(), [](const Json& item) { return item.is_object(); });
}

bool has_context_limit(const Json& json) {
  return number(json, {"max_position_embeddings"}) &&
         !number(json, {"model_max_length", "max_sequence_length", "seq_length", "max_seq_len"}) &&
         is_plain_rope(object(json, "rope_scaling")) &&
         is_plain_rope(object(json, "rope_parameters"));
}

}  // namespace

std::string without_python_numbers(std::string text) {
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      for (const std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
        if (text.compare(i, word.size(), word) != 0) continue;
        const std::string other = word.size() < 4 ? "0" : "null";
        text.replace(i, word.size(), other + std::string(word.size() - other.size(), ' '));
      }
    }
  }
  return text;
}

std::string dtype_of(const Json& json) {
  std::string dtype = text(json, "torch_dtype");
  if (dtype.empty()) dtype = text(json, "dtype");
  constexpr std::string_view module = "torch.";
  return dtype.starts_with(module) ? dtype.substr(module.size()) : dtype;
}

ModelConfig read_model_config(const ReadAt& file) {
  const Json json = parse(file);
  ModelConfig config;
  config.architecture = first_architecture(json);
  config.model_type = text(json, "model_type");
  config.is_encoder_decoder = is_true(json, "is_encoder_decoder");
  config.context_length = nested_number(json,
                                        {"max_position_embeddings",
                                         "n_positions",
                                         "max_sequence_length",
                                         "seq_length",
                                         "max_seq_len",
                                         "model_max_length"});
  config.is_context_limit = has_context_limit(json);
  config.layers = nested_number(json, {"num_hidden_layers", "n_layer", "num_layers", "n_layers"});
  config.heads = nested_number(json, {"num_attention_heads", "n_head", "n_heads"});
  config.kv_heads = nested_number(
      json,
      {"num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads", "multi_query_group_num"});
  if (!config.kv_heads && is_true(json, "multi_query")) config.kv_heads = 1;
  config.hidden_size = nested_number(json, {"hidden_size", "n_embd", "d_model", "dim"});
  config.cache = read_cache_shape(json, config.layers.value_or(0));
  config.experts = nested_number(
      json, {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"});
  config.dtype = dtype_of(json);
  if (config.dtype.empty()) config.dtype = dtype_of(object(json, "text_config"));
  config.expert_dtype = text(json, "expert_dtype");
  config.quantisation = quantisation_of(object(json, "quantization_config"), "");
  if (!config.quantisation) {
    config.quantisation =
        quantisation_of(object(object(json, "text_config"), "quantization_config"), "");
  }
  return config;
}

AdapterConfig read_adapter_config(const ReadAt& file) {
  const Json json = parse(file);
  AdapterConfig config{text(json, "peft_type"), text(json, "base_model_name_or_path"), {}};
  config.rank = number(json, {"r"});
  const Json& pattern = object(json, "rank_pattern");
  for (const auto& module : pattern.items()) {
    if (!module.value().is_number_unsigned()) continue;
    config.rank = std::max(config.rank.value_or(0), module.value().get<std::uint64_t>());
  }
  return config;
}

std::optional<Quantisation> read_quantisation_config(const std::string& name, const ReadAt& file) {
  const Json json = parse(file);
  if (name == "hf_quant_config.json") {
    return quantisation_of(object(json, "quantization"), "modelopt");
  }
  return quantisation_of(json, name == "quant_config.json" ? "awq" : "gptq");
}

std::string read_pipeline_class(const ReadAt& file) {
  return text(parse(file), "_class_name");
}

}  // namespace mlpack
