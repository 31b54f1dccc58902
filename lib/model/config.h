#pragma once

#include "lib/model/read_at.h"

#include <cstdint>
#include <optional>
#include <string>

namespace mlpack {

/// How the numbers of the weights were made smaller.
struct Quantisation {
  std::string method;                    // `gptq`, `awq`, `fp8`, or `Q4_K_M` of GGUF
  std::optional<std::uint64_t> bits;     // of one weight
  std::optional<std::uint64_t> group{};  // of weights with one scale, of `gptq` and its kin
};

/// What decides how much memory the keys and values of a token take, and how a model is divided.
struct CacheShape {
  std::optional<std::uint64_t> head_dim;
  std::optional<std::uint64_t> value_head_dim;    // where it is another
  std::optional<std::uint64_t> kv_lora_rank;      // there: multi-head latent attention
  std::optional<std::uint64_t> qk_rope_head_dim;  // of the same
  std::optional<std::uint64_t> sliding_window;    // in tokens
  std::uint64_t sliding_layers = 0;               // that keep no more than the window
  std::uint64_t constant_layers = 0;              // that keep the same for any context (Mamba)
  std::optional<std::uint64_t> intermediate_size;
  std::optional<std::uint64_t> vocabulary;
};

/// What a config.json of transformers says, or a params.json of Mistral's; what is nested under
/// `text_config` or `llm_config` stands in for what the top lacks.
struct ModelConfig {
  std::string architecture;  // the first of `architectures`, such as `LlamaForCausalLM`
  std::string model_type;    // the family, such as `llama`
  bool is_encoder_decoder = false;
  std::optional<std::uint64_t> context_length;
  bool is_context_limit = false;  // it is the last position, and nothing stretches it
  std::optional<std::uint64_t> layers;
  std::optional<std::uint64_t> heads;
  std::optional<std::uint64_t> kv_heads;
  std::optional<std::uint64_t> hidden_size;
  CacheShape cache;
  std::optional<Quantisation> quantisation;
  std::string dtype;                     // that it is to be computed in, such as `bfloat16`
  std::optional<std::uint64_t> experts;  // of a layer
  std::string expert_dtype;
};

/// What an adapter_config.json of PEFT says.
struct AdapterConfig {
  std::string kind;                   // `LORA`
  std::string base;                   // what it was trained on, by name
  std::optional<std::uint64_t> rank;  // the largest, `rank_pattern` included
};

/// The documents of https://huggingface.co/docs/transformers/main_classes/configuration and
/// https://huggingface.co/docs/peft/developer_guides/checkpoint; `NaN` and `Infinity` are taken, as
/// Python writes them. Damage: no JSON object, larger than 16 MiB, a key twice, more than 64
/// levels. A value of another type than expected counts as absent.
ModelConfig read_model_config(const ReadAt& file);
AdapterConfig read_adapter_config(const ReadAt& file);
/// quantize_config.json of GPTQ, quant_config.json of AWQ, hf_quant_config.json of ModelOpt.
std::optional<Quantisation> read_quantisation_config(const std::string& name, const ReadAt& file);
/// The class of a diffusers pipeline, of its model_index.json.
std::string read_pipeline_class(const ReadAt& file);

/// `text`, with the numbers that JSON does not have turned into null; of the same length.
std::string without_python_numbers(std::string text);

}  // namespace mlpack
