#include "tests/unit/resolve/told_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace mlpack;
using namespace mlpack::test;
using namespace mlpack::fit_tests;

// vllm/v1/worker/gpu_worker.py, determine_available_memory: the bytes are the room, and
// gpu_memory_utilization does not count.
TEST_CASE("vLLM takes the bytes for keys and values that it is told") {
  const std::string bytes = "vllm, args: {kv-cache-memory-bytes: ";
  const Fit fit = fit_told("L4", bytes + "1073741824}");
  CHECK(fit.verdict == Verdict::yes);
  CHECK(fit.room_bytes == std::uint64_t{1} << 30);
  CHECK(fit.need_bytes == fit.weight_bytes + fit.overhead_bytes + fit.room_bytes);
  CHECK(fit.have_bytes == gpu_bytes(catalog(), gpu("L4"), ""));
  CHECK(fit.largest_context == 8192);
  CHECK(fit.largest_batch == 1);
  CHECK(fit.reason.find("keys and values 1.00 GiB as `--kv-cache-memory-bytes 1073741824` says; "
                        "8192 tokens take 1.00 GiB) of the 22.5 GiB that may be used") !=
        std::string::npos);
  CHECK(fit_told("A100-80GB", bytes + "4G}").largest_batch == 4);
  CHECK(fit_told("A100-80GB", bytes + "4G, block-size: 32}").largest_batch == 4);
  CHECK(fit_told("L4", bytes + "1G, gpu-memory-utilization: 0.3}").verdict == Verdict::yes);
  CHECK(fit_told("L4", bytes + "8G}").verdict == Verdict::no);
  CHECK(fit_told("L4", bytes + "0}").room_bytes == 0);
  CHECK(fit_told("L4", bytes + "$(BYTES)}").room_bytes == 0);
}

// vllm/v1/core/kv_cache_utils.py, _check_enough_kv_cache_memory.
TEST_CASE("a room for keys and values that is too small is no question of memory") {
  const Fit fit = fit_told("A100-80GB",
                           "vllm, args: {kv-cache-memory-bytes: 512M, quantization: bitsandbytes}");
  CHECK(fit.verdict == Verdict::no);
  CHECK(fit.need_bytes < fit.have_bytes);
  CHECK(fit.largest_context == 4096);
  CHECK(fit.reason.find("`--kv-cache-memory-bytes 512M` says; 8192 tokens take 1.00 GiB") !=
        std::string::npos);
  CHECK(has(fit, FitRemedy::Kind::context, "a context of 4096 tokens at most"));
  CHECK(has(fit,
            FitRemedy::Kind::told,
            "the room for keys and values that the runtime takes by default, without "
            "`--kv-cache-memory-bytes 512M`"));
  CHECK(fit_told("A100-80GB", "vllm, args: {kv-cache-memory-bytes: 512M, max-model-len: auto}")
            .context == 4096);
}

// vllm-project/vllm pull 41069: the override comes before what was measured.
TEST_CASE("vLLM takes the blocks for keys and values that it is told") {
  const std::string blocks = "vllm, args: {num-gpu-blocks-override: ";
  CHECK(fit_told("A100-80GB", blocks + "512}").verdict == Verdict::yes);
  CHECK(fit_told("A100-80GB", blocks + "511}").verdict == Verdict::no);
  CHECK(fit_told("A100-80GB", blocks + "511}").largest_context == 8176);
  CHECK(fit_told("A100-80GB", blocks + "256, block-size: 32}").verdict == Verdict::yes);
  CHECK(fit_told("A100-80GB", blocks + "2048}").largest_batch == 4);
  CHECK(fit_told("L4", blocks + "100000}").verdict == Verdict::no);
  const Fit fit = fit_told("A100-80GB", blocks + "2048, kv-cache-memory-bytes: 1G}");
  CHECK(fit.room_bytes == std::uint64_t{4} << 30);
  // Layers that differ have blocks of their own.
  ModelShape shape = small_model();
  shape.window = 1024;
  shape.sliding_layers = 16;
  CHECK(fit_of(shape, asked_of("A100-80GB", blocks + "16}")).room_bytes == 0);
  CHECK(
      fit_of(shape, asked_of("A100-80GB", "vllm, args: {kv-cache-memory-bytes: 1G}")).room_bytes ==
      std::uint64_t{1} << 30);
}

// tensorrt_llm/commands/serve.py; KvCacheConfig in tensorrt_llm/llmapi/llm_args.py.
TEST_CASE("TensorRT-LLM is told which share of the rest is for keys and values") {
  const auto fits = [](std::string_view args) {
    return fit_told("L4", fmt::format("tensorrt_llm, args: {{{}}}", args));
  };
  CHECK(fits("max_seq_len: 8192").verdict == Verdict::yes);
  const Fit fit = fits("max_seq_len: 8192, kv_cache_free_gpu_memory_fraction: 0.2");
  CHECK(fit.verdict == Verdict::no);
  CHECK(fit.reason.find("1.00 GiB for 8192 tokens, which may take 20 % of what is left, as "
                        "`--kv_cache_free_gpu_memory_fraction 0.2` says)") != std::string::npos);
  CHECK(has(fit,
            FitRemedy::Kind::told,
            "the room for keys and values that the runtime takes by default, without "
            "`--kv_cache_free_gpu_memory_fraction 0.2`"));
  CHECK(fits("max_seq_len: 8192, free_gpu_memory_fraction: 0.2").verdict == Verdict::no);
  CHECK(fits("max_seq_len: 2048, free_gpu_memory_fraction: 0.2").verdict == Verdict::yes);
  CHECK(
      fits("kv_cache_free_gpu_memory_fraction: 0").reason.find("may take 90 % of what is left)") !=
      std::string::npos);
}

// _init_max_seq_len in tensorrt_llm/_torch/pyexecutor/model_engine.py.
TEST_CASE("TensorRT-LLM shortens a context that is longer than the model's") {
  ModelShape shape = small_model();
  const auto context = [&](std::string_view env) {
    return fit_of(shape, asked_of("H200", "tensorrt_llm, args: {max_seq_len: 16384}", env)).context;
  };
  CHECK(context("{}") == 16384);
  shape.is_context_limit = true;
  CHECK(context("{}") == 8192);
  CHECK(context("{TLLM_ALLOW_LONG_MAX_MODEL_LEN: \"1\"}") == 16384);
  CHECK(fit_of(shape, asked_of("H200", "tensorrt_llm, args: {max_seq_len: 4096}")).context == 4096);
  CHECK(fit_of(shape, asked_of("H200", "tensorrt_llm")).context == 8192);
}

// SGLang's _apply_token_constraints: the smaller of what it is told and of what it measured; a
// request is no longer than the pool (max_req_len).
TEST_CASE("SGLang keeps no more tokens than it is told, and no longer context") {
  const Fit fit = fit_told("L40S", "sglang, args: {max-total-tokens: 4096}");
  CHECK(fit.verdict == Verdict::yes);
  CHECK(fit.context == 4096);
  CHECK(fit.largest_context == 4096);
  CHECK(fit.largest_batch == 1);
  CHECK(fit.cache_tokens == 4096);
  CHECK(fit.reason.find("keys and values 512 MiB for 4096 tokens, of 4096 as "
                        "`--max-total-tokens 4096` says)") != std::string::npos);
  const Fit several =
      fit_told("L40S", "sglang, args: {max-total-tokens: 16384, context-length: 2048}");
  CHECK(several.context == 2048);
  CHECK(several.largest_batch == 8);
  // It is no way to more memory.
  const Fit most = fit_told("L40S", "sglang, args: {max-total-tokens: 100000000}");
  CHECK(most.cache_tokens == fit_told("L40S", "sglang").cache_tokens);
  CHECK(fit_told("T4", "sglang, args: {max-total-tokens: 100}").verdict == Verdict::no);
  // What TGI calls so is the context.
  CHECK(fit_told("L40S", "tgi, args: {max-total-tokens: 4096}").largest_context == 8192);
  // With windows the pool is divided between kinds of layers.
  ModelShape shape = small_model();
  shape.window = 1024;
  shape.sliding_layers = 16;
  CHECK(fit_of(shape, asked_of("L40S", "sglang, args: {max-total-tokens: 4096}")).context == 8192);
}

// common/arg.cpp of llama.cpp: -ctk and -ctv, nine types of either.
TEST_CASE("llama.cpp is told types of keys and of values") {
  const auto token = [](std::string_view args, std::string_view env = "{}") {
    const std::string runtime = fmt::format("llamacpp, args: {}", args);
    return fit_of(small_model(), asked_of("L40S", runtime, env)).cache_token_bytes;
  };
  constexpr std::uint64_t half = 131'072;
  CHECK(token("{}") == half);
  CHECK(token("{cache-type-k: q8_0, cache-type-v: q8_0}") == half * 34 / 64);
  CHECK(token("[-ctk, q8_0, -ctv, q8_0]") == half * 34 / 64);
  CHECK(token("{cache-type-k: q8_0}") == half / 2 + half / 2 * 34 / 64);
  CHECK(token("{cache-type-v: q8_0}") == half / 2 + half / 2 * 34 / 64);
  CHECK(token("{ctk: q8_0, ctv: q4_0}") == half / 2 * 34 / 64 + half / 2 * 18 / 64);
  CHECK(token("{ctk: q4_1, ctv: q4_1}") == half * 20 / 64);
  CHECK(token("{ctk: iq4_nl, ctv: iq4_nl}") == half * 18 / 64);
  CHECK(token("{ctk: q5_0, ctv: q5_0}") == half * 22 / 64);
  CHECK(token("{ctk: q5_1, ctv: q5_1}") == half * 24 / 64);
  CHECK(token("{}", "{LLAMA_ARG_CACHE_TYPE_K: q8_0}") == half / 2 + half / 2 * 34 / 64);
  // A latent is kept once, as keys.
  ModelShape shape = small_model();
  shape.latent = 576;
  CHECK(fit_of(shape, asked_of("L40S", "llamacpp, args: {ctv: q8_0}")).cache_token_bytes ==
        fit_of(shape, asked_of("L40S", "llamacpp")).cache_token_bytes);
}

// src/llama-context.cpp: n_ctx is of all sequences, and --parallel divides it.
TEST_CASE("llama.cpp is told the context of all its sequences") {
  const auto fit = [](std::string_view args, std::string_view env = "{}") {
    const std::string runtime = fmt::format("llamacpp, args: {}", args);
    return fit_of(small_model(), asked_of("L40S", runtime, env));
  };
  CHECK(fit("{}").context == 8192);
  CHECK(fit("{c: 0}").context == 8192);
  CHECK(fit("{ctx-size: 4096}").context == 4096);
  CHECK(fit("[-c, \"4096\"]").context == 4096);
  CHECK(fit("[--ctx-size=4096]").context == 4096);
  CHECK(fit("{}", "{LLAMA_ARG_CTX_SIZE: \"4096\"}").context == 4096);
  CHECK(fit("{c: 2048}", "{LLAMA_ARG_CTX_SIZE: \"4096\"}").context == 2048);
  CHECK(fit("{ctx-size: 4096, parallel: 4}").need_bytes == fit("{ctx-size: 4096}").need_bytes);
}
