#pragma once

#include "lib/model/model.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// How keys and values are stored.
enum class CacheType {
  half,        // 16 bits, of models that are larger, too
  full,        // 32 bits
  fp8,         // 8 bits
  fp8_ds_mla,  // vLLM's layout for DeepSeek
  nvfp4,
  int8_heads,  // int8_per_token_head of vLLM
  q8_0,        // of llama.cpp, as the rest
  q5_1,
  q5_0,
  q4_1,
  q4_0,
  iq4_nl
};
/// As runtimes call them: `auto`, `bf16`, `fp8_e5m2`, `q8_0`; nullopt where it is unknown.
std::optional<CacheType> parse_cache_type(std::string_view text);

/// What of a model decides how much memory it takes. 0: not known, or none.
struct ModelShape {
  enum class Kind {
    generates,  // keeps keys and values
    pools,      // embeds or classifies: keeps none
    other       // a graph to be run, of which no more is known
  };
  Kind kind = Kind::other;
  std::uint64_t weight_bytes = 0;
  unsigned element_bytes = 0;  // of most weights, where those are plain numbers; 0: they are not
  std::uint64_t parameters = 0;
  std::uint64_t context = 0;      // the longest
  bool is_context_limit = false;  // and nothing stretches it
  std::uint64_t layers = 0;
  std::uint64_t heads = 0;
  std::uint64_t kv_heads = 0;
  std::uint64_t head_dim = 0;
  std::uint64_t value_dim = 0;
  std::uint64_t latent = 0;  // of multi-head latent attention
  std::uint64_t hidden = 0;
  std::uint64_t intermediate = 0;
  std::uint64_t vocabulary = 0;
  std::uint64_t experts = 0;
  std::uint64_t window = 0;  // in tokens, of
  std::uint64_t sliding_layers = 0;
  std::uint64_t constant_layers = 0;
  std::string quantisation;  // its method; empty: none
  std::uint64_t group = 0;   // weights with one scale
  std::string gap;  // why the keys and values of a model that generates are unknown; empty: known

  std::uint64_t full_layers() const { return layers - sliding_layers - constant_layers; }
};

/// Numbers that no model has count as unknown.
ModelShape model_shape(const ModelSummary& summary);

/// Bytes of the keys and values of one token in one layer, on each of `gpus` that divide it. Heads
/// are divided as long as there are any (then they are replicated), a latent is not. Values are
/// stored as keys are, unless `values` says how.
std::uint64_t cache_layer_bytes(const ModelShape& shape,
                                std::uint64_t gpus,
                                CacheType type,
                                std::optional<CacheType> values = std::nullopt);

/// Of one token in all layers, sliding ones included: as long as the context is within the window.
std::uint64_t cache_token_bytes(const ModelShape& shape, std::uint64_t gpus, CacheType type);

}  // namespace mlpack
