#pragma once

#include "lib/resolve/fit.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mlpack::fit_tests {

using test::catalog;
using test::gpu;

// The published config.json of each, and the bytes of its weights.
inline ModelShape decoder(std::uint64_t bytes, std::array<std::uint64_t, 7> numbers) {
  ModelSummary summary;
  summary.formats = {FileFormat::safetensors};
  summary.architecture = "LlamaForCausalLM";
  summary.bytes = bytes;
  summary.parameters = bytes / 2;
  summary.context_length = 131'072;
  summary.hidden_size = numbers[0];
  summary.layers = numbers[1];
  summary.heads = numbers[2];
  summary.kv_heads = numbers[3];
  summary.cache.head_dim = numbers[4];
  summary.cache.intermediate_size = numbers[5];
  summary.cache.vocabulary = numbers[6];
  return model_shape(summary);
}

inline ModelShape llama_8b() {
  return decoder(16'060'522'496, {4096, 32, 32, 8, 128, 14336, 128256});
}

inline ModelShape llama_70b(std::uint64_t bytes = 141'107'412'992) {
  return decoder(bytes, {8192, 80, 64, 8, 128, 28672, 128256});
}

inline ModelShape llama_7b() {
  return decoder(13'476'831'232, {4096, 32, 32, 32, 128, 11008, 32000});
}

inline ModelShape qwen_7b() {
  return decoder(15'231'233'024, {3584, 28, 28, 4, 128, 18944, 152064});
}

inline ModelShape mixtral() {
  return decoder(93'405'585'408, {4096, 32, 32, 8, 128, 14336, 32000});
}

inline ModelShape deepseek() {
  ModelShape shape = decoder(671'000'000'000, {7168, 61, 128, 128, 128, 18432, 129280});
  shape.latent = 512 + 64;
  return shape;
}

inline FitQuestion question(std::string_view name, std::uint64_t parallel, std::uint64_t context) {
  FitQuestion asked;
  asked.gpu = &gpu(name);
  asked.count = parallel;
  asked.parallel = parallel;
  asked.runtime = "vllm";
  asked.context = context;
  asked.utilisation_permille = 900;
  return asked;
}

inline Fit fit_of(const ModelShape& shape, const FitQuestion& asked) {
  return estimate_fit(catalog(), shape, asked);
}

inline bool has(const Fit& fit, FitRemedy::Kind kind, std::string_view text) {
  return std::any_of(fit.remedies.begin(), fit.remedies.end(), [&](const FitRemedy& remedy) {
    return remedy.kind == kind && remedy.text == text;
  });
}

}  // namespace mlpack::fit_tests
