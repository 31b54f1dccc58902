#pragma once

#include "lib/model/read_at.h"

#include <cstdint>
#include <optional>
#include <string>

namespace mlpack {

/// How the numbers of the weights were made smaller.
struct Quantisation {
  std::string method;                 // `gptq`, `awq`, `fp8`, or `Q4_K_M` of GGUF
  std::optional<std::uint64_t> bits;  // of one weight
};

/// What a config.json of transformers says, or a params.json of Mistral's; what is nested under
/// `text_config` or `llm_config` stands in for what the top lacks.
struct ModelConfig {
  std::string architecture;  // the first of `architectures`, such as `LlamaForCausalLM`
  std::string model_type;    // the family, such as `llama`
  std::optional<std::uint64_t> context_length;
  std::optional<std::uint64_t> layers;
  std::optional<std::uint64_t> heads;
  std::optional<std::uint64_t> kv_heads;
  std::optional<std::uint64_t> hidden_size;
  std::optional<Quantisation> quantisation;
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
