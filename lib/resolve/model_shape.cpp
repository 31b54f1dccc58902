#include "lib/resolve/model_shape.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 49;  // a product with 10,200 fits 63 bits
constexpr std::uint64_t most_layers = 4096;
constexpr std::uint64_t most_heads = 4096;
constexpr std::uint64_t widest_head = 8192;
constexpr std::uint64_t widest = std::uint64_t{1} << 24;
constexpr std::uint64_t longest_context = std::uint64_t{1} << 28;

std::uint64_t plausible(const std::optional<std::uint64_t>& value, std::uint64_t most) {
  return value && *value <= most ? *value : 0;
}

bool is_run_as_graph(FileFormat format) {
  return format == FileFormat::onnx || format == FileFormat::torchscript ||
         format == FileFormat::torch_export || format == FileFormat::tensorrt ||
         format == FileFormat::torchserve;
}

bool ends_like(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](auto end) { return text.ends_with(end); });
}

// By the first of `architectures`; of GGUF by the family; params.json of Mistral's names none.
ModelShape::Kind kind_of(const ModelSummary& summary) {
  using Kind = ModelShape::Kind;
  if (summary.formats.empty() || is_run_as_graph(summary.formats.front())) return Kind::other;
  const std::string_view name = summary.architecture;
  if (summary.model_type == "diffusers") return Kind::other;
  if (ends_like(name, {"ForCausalLM", "ForConditionalGeneration", "LMHeadModel"})) {
    return Kind::generates;
  }
  if (ends_like(name, {"Model", "bert"}) || name.find("For") != std::string_view::npos) {
    return Kind::pools;
  }
  return summary.layers && summary.heads ? Kind::generates : Kind::other;
}

// Files of several formats hold the same weights: the headers say what those of the first take.
std::uint64_t weight_bytes(const ModelSummary& summary) {
  std::uint64_t bytes = 0;
  for (const auto& [dtype, size] : summary.dtypes)
    bytes = std::min(most_bytes, bytes + std::min(size, most_bytes));
  return bytes > 0 ? bytes : std::min(summary.bytes, most_bytes);
}

// Of the type that most bytes have.
unsigned element_bytes(const ModelSummary& summary) {
  const auto most = std::max_element(
      summary.dtypes.begin(), summary.dtypes.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      });
  if (most == summary.dtypes.end()) return 0;
  if (most->first == "F32") return 4;
  return most->first == "BF16" || most->first == "F16" ? 2 : 0;
}

std::string gap_of(const ModelShape& shape) {
  if (shape.layers == 0) return "its files do not say how many layers it has";
  if (shape.latent > 0) return {};
  if (shape.kv_heads == 0) return "its files do not say how many heads it has";
  if (shape.head_dim == 0) return "its files do not say how wide a head is";
  return {};
}

void add_attention(ModelShape& shape, const ModelSummary& summary) {
  const CacheShape& cache = summary.cache;
  shape.heads = plausible(summary.heads, most_heads);
  shape.kv_heads = plausible(summary.kv_heads, most_heads);
  shape.head_dim = plausible(cache.head_dim, widest_head);
  if (shape.head_dim == 0 && shape.heads > 0 && shape.hidden / shape.heads <= widest_head) {
    shape.head_dim = shape.hidden / shape.heads;
  }
  const std::uint64_t value_dim = plausible(cache.value_head_dim, widest_head);
  shape.value_dim = value_dim > 0 ? value_dim : shape.head_dim;
  const std::uint64_t rank = plausible(cache.kv_lora_rank, widest);
  if (rank > 0) shape.latent = rank + plausible(cache.qk_rope_head_dim, widest_head);
  shape.window = plausible(cache.sliding_window, longest_context);
  shape.constant_layers = std::min(cache.constant_layers, shape.layers);
  if (shape.window > 0) {
    shape.sliding_layers = std::min(cache.sliding_layers, shape.layers - shape.constant_layers);
  }
}

std::uint64_t divided_heads(const ModelShape& shape, std::uint64_t gpus) {
  return std::max<std::uint64_t>(1, (shape.kv_heads + gpus - 1) / gpus);
}

// vLLM packs the latent of DeepSeek and its scales into 656 bytes (vllm/v1/kv_cache_interface.py).
constexpr std::uint64_t packed_latent = 656;

std::uint64_t stored(std::uint64_t elements, CacheType type) {
  switch (type) {
    case CacheType::full:
      return elements * 4;
    case CacheType::half:
      return elements * 2;
    case CacheType::fp8:
    case CacheType::fp8_ds_mla:
    case CacheType::int8_heads:
      return elements;
    case CacheType::nvfp4:
      return elements / 2 + elements / 16;
    case CacheType::q8_0:
      return elements * 34 / 32;
    case CacheType::q5_1:
      return elements * 24 / 32;
    case CacheType::q5_0:
      return elements * 22 / 32;
    case CacheType::q4_1:
      return elements * 20 / 32;
    case CacheType::q4_0:
    case CacheType::iq4_nl:
      return elements * 18 / 32;
  }
  return elements * 2;
}

}  // namespace

std::optional<CacheType> parse_cache_type(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, CacheType>, 20> names{{
      {"auto", CacheType::half},      {"bfloat16", CacheType::half},
      {"bf16", CacheType::half},      {"float16", CacheType::half},
      {"half", CacheType::half},      {"f16", CacheType::half},
      {"f32", CacheType::full},       {"fp8", CacheType::fp8},
      {"fp8_e4m3", CacheType::fp8},   {"fp8_e5m2", CacheType::fp8},
      {"fp8_e4m3fn", CacheType::fp8}, {"fp8_ds_mla", CacheType::fp8_ds_mla},
      {"nvfp4", CacheType::nvfp4},    {"int8_per_token_head", CacheType::int8_heads},
      {"q8_0", CacheType::q8_0},      {"q5_1", CacheType::q5_1},
      {"q5_0", CacheType::q5_0},      {"q4_1", CacheType::q4_1},
      {"q4_0", CacheType::q4_0},      {"iq4_nl", CacheType::iq4_nl},
  }};
  for (const auto& [name, type] : names) {
    if (name == text) return type;
  }
  return std::nullopt;
}

ModelShape model_shape(const ModelSummary& summary) {
  ModelShape shape;
  shape.kind = kind_of(summary);
  shape.weight_bytes = weight_bytes(summary);
  shape.element_bytes = element_bytes(summary);
  shape.parameters = plausible(summary.parameters, most_bytes);
  shape.context = plausible(summary.context_length, longest_context);
  shape.is_context_limit = summary.is_context_limit && shape.context > 0;
  shape.layers = plausible(summary.layers, most_layers);
  shape.hidden = plausible(summary.hidden_size, widest);
  shape.intermediate = plausible(summary.cache.intermediate_size, widest);
  shape.vocabulary = plausible(summary.cache.vocabulary, widest);
  shape.experts = plausible(summary.experts, widest);
  add_attention(shape, summary);
  if (summary.quantisation) {
    shape.quantisation = summary.quantisation->method;
    shape.group = plausible(summary.quantisation->group, widest);
  }
  if (shape.kind == ModelShape::Kind::generates) shape.gap = gap_of(shape);
  return shape;
}

std::uint64_t cache_layer_bytes(const ModelShape& shape,
                                std::uint64_t gpus,
                                CacheType type,
                                std::optional<CacheType> values) {
  if (shape.latent > 0) {
    return type == CacheType::fp8_ds_mla ? packed_latent : stored(shape.latent, type);
  }
  const std::uint64_t heads = divided_heads(shape, gpus);
  const std::uint64_t scales = type == CacheType::int8_heads ? 2 * heads * 4 : 0;
  const std::uint64_t value_bytes = stored(shape.value_dim, values.value_or(type));
  return heads * (stored(shape.head_dim, type) + value_bytes) + scales;
}

std::uint64_t cache_token_bytes(const ModelShape& shape, std::uint64_t gpus, CacheType type) {
  return (shape.full_layers() + shape.sliding_layers) * cache_layer_bytes(shape, gpus, type);
}

}  // namespace mlpack
