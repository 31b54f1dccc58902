#include "lib/resolve/fit_args.h"

#include "lib/error.h"
#include "lib/resolve/runtime_plan.h"
#include "tests/unit/resolve/fit_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

using namespace mlpack;
using namespace mlpack::test;
using namespace mlpack::fit_tests;

namespace {

Spec spec_of(std::string_view runtime, std::string_view env = "{}") {
  return parse_spec(
      fmt::format("schema: 1\nname: demo\nbase: scratch\nfleet: [L4]\nruntime: {{name: {}}}\n"
                  "weights: [{{source: weights}}]\nenv: {}\n",
                  runtime,
                  env),
      "/spec/mlpack.yaml");
}

// An 8B whose weights have elements of `bytes` bytes, and a context of 8192.
ModelShape small_model(unsigned bytes = 2) {
  ModelShape shape = llama_8b();
  shape.context = 8192;
  shape.element_bytes = bytes;
  shape.weight_bytes = shape.weight_bytes / 2 * bytes;
  return shape;
}

FitQuestion asked_of(std::string_view gpu_name,
                     std::string_view runtime,
                     std::string_view env = "{}") {
  const Spec spec = spec_of(runtime, env);
  FitQuestion asked;
  asked.gpu = &gpu(gpu_name);
  asked.runtime = runtime_of(spec)->name;
  ask_as_told(catalog(), *runtime_of(spec), spec, asked);
  return asked;
}

Fit told(std::string_view gpu_name, std::string_view runtime, unsigned bytes = 2) {
  return fit_model(catalog(), small_model(bytes), asked_of(gpu_name, runtime));
}

struct ToldRow {
  const char* gpu;
  const char* runtime;
  Verdict verdict;
};

}  // namespace

TEST_CASE("tokens are read as vLLM reads them") {
  const std::array<std::pair<const char*, std::uint64_t>, 8> rows{{{"8192", 8192},
                                                                   {"8k", 8000},
                                                                   {"8K", 8192},
                                                                   {"25.6k", 25'600},
                                                                   {"1m", 1'000'000},
                                                                   {"2M", 2 << 20},
                                                                   {"1000000000000000000", 1 << 28},
                                                                   {"99g", 1 << 28}}};
  for (const auto& row : rows) {
    CAPTURE(row.first);
    CHECK(parse_tokens(row.first) == row.second);
  }
  for (const char* const text : {"", "k", "auto", "-1", "$(LENGTH)", "8kk", "1.2.3", "eight"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_tokens(text));
  }
}

TEST_CASE("what a command says of memory counts") {
  const std::array rows{
      ToldRow{"L4", "vllm", Verdict::yes},
      ToldRow{"L4", "vllm, args: {dtype: float32}", Verdict::no},
      ToldRow{"L4", "vllm, args: [--dtype=float]", Verdict::no},
      ToldRow{"A100-80GB", "vllm, args: {dtype: float32}", Verdict::yes},
      ToldRow{"L4", "vllm, args: {gpu-memory-utilization: 0.3}", Verdict::no},
      ToldRow{"L4", "vllm, args: {gpu-memory-utilization: .95}", Verdict::yes},
      ToldRow{"L4", "vllm, args: {gpu-memory-utilization: 1}", Verdict::yes},
      ToldRow{"L4", "sglang, args: {context-length: 2048}", Verdict::yes},
      ToldRow{"L4", "sglang, args: {context-length: 2048, mem-fraction-static: 0.8}", Verdict::yes},
      ToldRow{"L4", "sglang, args: {context-length: 2048, mem-fraction-static: 0.3}", Verdict::no},
      ToldRow{"L4", "tgi", Verdict::yes},
      ToldRow{"L4", "tgi, args: {cuda-memory-fraction: 0.3}", Verdict::no},
      ToldRow{"L4", "vllm, args: {max-model-len: 8k}", Verdict::yes},
      ToldRow{"L4", "vllm, args: {max-model-len: 1m}", Verdict::no},
      ToldRow{"L4", "vllm, args: {max-model-len: 1000000000000000000}", Verdict::no},
      ToldRow{"L4", "vllm, args: {max-model-len: $(LENGTH)}", Verdict::yes},
  };
  for (const ToldRow& row : rows) {
    CAPTURE(row.runtime);
    CHECK(told(row.gpu, row.runtime).verdict == row.verdict);
  }
}

// vllm/v1/worker/gpu_worker.py, determine_available_memory: the bytes are the room, and
// gpu_memory_utilization does not count.
TEST_CASE("vLLM takes the bytes for keys and values that it is told") {
  const std::string bytes = "vllm, args: {kv-cache-memory-bytes: ";
  const Fit fit = told("L4", bytes + "1073741824}");
  CHECK(fit.verdict == Verdict::yes);
  CHECK(fit.room_bytes == std::uint64_t{1} << 30);
  CHECK(fit.need_bytes == fit.weight_bytes + fit.overhead_bytes + fit.room_bytes);
  CHECK(fit.have_bytes == gpu_bytes(catalog(), gpu("L4"), ""));
  CHECK(fit.largest_context == 8192);
  CHECK(fit.largest_batch == 1);
  CHECK(fit.reason.find("keys and values 1.00 GiB as `--kv-cache-memory-bytes 1073741824` says; "
                        "8192 tokens take 1.00 GiB) of the 22.5 GiB that may be used") !=
        std::string::npos);
  CHECK(told("A100-80GB", bytes + "4G}").largest_batch == 4);
  CHECK(told("A100-80GB", bytes + "4G, block-size: 32}").largest_batch == 4);
  CHECK(told("L4", bytes + "1G, gpu-memory-utilization: 0.3}").verdict == Verdict::yes);
  CHECK(told("L4", bytes + "8G}").verdict == Verdict::no);
  CHECK(told("L4", bytes + "0}").room_bytes == 0);
  CHECK(told("L4", bytes + "$(BYTES)}").room_bytes == 0);
}

// vllm/v1/core/kv_cache_utils.py, _check_enough_kv_cache_memory.
TEST_CASE("a room for keys and values that is too small is no question of memory") {
  const Fit fit =
      told("A100-80GB", "vllm, args: {kv-cache-memory-bytes: 512M, quantization: bitsandbytes}");
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
  CHECK(
      told("A100-80GB", "vllm, args: {kv-cache-memory-bytes: 512M, max-model-len: auto}").context ==
      4096);
}

// vllm-project/vllm pull 41069: the override comes before what was measured.
TEST_CASE("vLLM takes the blocks for keys and values that it is told") {
  const std::string blocks = "vllm, args: {num-gpu-blocks-override: ";
  CHECK(told("A100-80GB", blocks + "512}").verdict == Verdict::yes);
  CHECK(told("A100-80GB", blocks + "511}").verdict == Verdict::no);
  CHECK(told("A100-80GB", blocks + "511}").largest_context == 8176);
  CHECK(told("A100-80GB", blocks + "256, block-size: 32}").verdict == Verdict::yes);
  CHECK(told("A100-80GB", blocks + "2048}").largest_batch == 4);
  CHECK(told("L4", blocks + "100000}").verdict == Verdict::no);
  const Fit fit = told("A100-80GB", blocks + "2048, kv-cache-memory-bytes: 1G}");
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
    return told("L4", fmt::format("tensorrt_llm, args: {{{}}}", args));
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
  const Fit fit = told("L40S", "sglang, args: {max-total-tokens: 4096}");
  CHECK(fit.verdict == Verdict::yes);
  CHECK(fit.context == 4096);
  CHECK(fit.largest_context == 4096);
  CHECK(fit.largest_batch == 1);
  CHECK(fit.cache_tokens == 4096);
  CHECK(fit.reason.find("keys and values 512 MiB for 4096 tokens, of 4096 as "
                        "`--max-total-tokens 4096` says)") != std::string::npos);
  const Fit several = told("L40S", "sglang, args: {max-total-tokens: 16384, context-length: 2048}");
  CHECK(several.context == 2048);
  CHECK(several.largest_batch == 8);
  // It is no way to more memory.
  const Fit most = told("L40S", "sglang, args: {max-total-tokens: 100000000}");
  CHECK(most.cache_tokens == told("L40S", "sglang").cache_tokens);
  CHECK(told("T4", "sglang, args: {max-total-tokens: 100}").verdict == Verdict::no);
  // What TGI calls so is the context.
  CHECK(told("L40S", "tgi, args: {max-total-tokens: 4096}").largest_context == 8192);
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

TEST_CASE("weights that become smaller on their way to the GPU are no reason to refuse") {
  for (const char* const runtime : {"vllm, args: {quantization: bitsandbytes}",
                                    "vllm, args: [-q, fp8]",
                                    "vllm, args: {cpu-offload-gb: 10}",
                                    "sglang, args: {quantization: fp8}",
                                    "tgi, args: {quantize: bitsandbytes-nf4}"}) {
    CAPTURE(runtime);
    CHECK(told("T4", runtime).verdict == Verdict::unknown);
    CHECK(told("A100-80GB", runtime).verdict == Verdict::yes);
  }
  CHECK(told("T4", "vllm").verdict == Verdict::no);
  CHECK(told("T4", "vllm, args: {quantization: none}").verdict == Verdict::no);
  CHECK(told("T4", "vllm, args: {cpu-offload-gb: 1}").verdict == Verdict::no);
  const ModelShape large = llama_70b();
  const FitQuestion asked = asked_of("T4", "vllm, args: {quantization: bitsandbytes}");
  CHECK(fit_of(large, asked).verdict == Verdict::no);
  CHECK(fit_of(small_model(), asked)
            .reason.ends_with("; weights are made smaller as they are loaded (bitsandbytes), and "
                              "how large they are then is "
                              "not known"));
}

TEST_CASE("weights in 32 bits are halved by runtimes that compute in 16 unless they are told") {
  CHECK(told("L4", "vllm", 4).weight_bytes == told("L4", "vllm").weight_bytes);
  CHECK(told("L4", "vllm, args: {dtype: float32}", 4).verdict == Verdict::no);
  CHECK(told("L4", "tgi", 4).verdict == Verdict::no);
  CHECK(told("L4", "tgi, args: {dtype: float16}", 4).verdict == Verdict::yes);
}

TEST_CASE("a runtime that takes the context for which there is room fits with less") {
  ModelShape shape = small_model();
  shape.context = 131'072;
  CHECK(fit_of(shape, asked_of("L4", "vllm")).verdict == Verdict::no);
  const Fit fit = fit_of(shape, asked_of("L4", "vllm, args: {max-model-len: auto}"));
  CHECK(fit.verdict == Verdict::yes);
  CHECK(fit.context == fit.largest_context);
  CHECK(fit_of(llama_70b(), asked_of("L4", "vllm, args: {max-model-len: auto}")).verdict ==
        Verdict::no);
}

TEST_CASE("Ollama takes a context from a variable, no longer than the model's") {
  ModelShape shape = small_model();
  shape.weight_bytes = std::uint64_t{5} << 30;
  CHECK(fit_of(shape, asked_of("T4", "ollama, args: {context-length: 131072}")).context == 8192);
  shape.context = 131'072;
  CHECK(fit_of(shape, asked_of("T4", "ollama, args: {context-length: 4096}")).verdict ==
        Verdict::yes);
  // Ollama and llama.cpp leave layers to the processor.
  CHECK(fit_of(shape, asked_of("T4", "ollama, args: {context-length: 131072}")).verdict ==
        Verdict::unknown);
  CHECK(fit_of(shape, asked_of("T4", "ollama", "{OLLAMA_CONTEXT_LENGTH: \"4096\"}")).context ==
        4096);
}

TEST_CASE("a longer context than the model's is refused by servers that do not start with it") {
  ModelShape shape = small_model();
  const auto verdict = [&](std::string_view runtime, std::string_view env = "{}") {
    return fit_of(shape, asked_of("H100 SXM 80GB", runtime, env)).verdict;
  };
  CHECK(verdict("vllm, args: {max-model-len: 16384}") == Verdict::yes);
  shape.is_context_limit = true;
  CHECK(verdict("vllm, args: {max-model-len: 16384}") == Verdict::no);
  CHECK(verdict("vllm, args: {max-model-len: 8192}") == Verdict::yes);
  CHECK(verdict("vllm, args: {max-model-len: auto}") == Verdict::yes);
  CHECK(verdict("sglang, args: {context-length: 16384}") == Verdict::no);
  CHECK(verdict("tgi, args: {max-total-tokens: 16384}") == Verdict::yes);
  CHECK(verdict("vllm, args: {max-model-len: 16384, hf-overrides: {a: 1}}") == Verdict::yes);
  CHECK(verdict("vllm, args: [--max-model-len, \"16384\", --hf-overrides.a, b]") == Verdict::yes);
  CHECK(verdict("vllm, args: {max-model-len: 16384}, config: own.yaml") == Verdict::yes);
  CHECK(verdict("vllm, args: {max-model-len: 16384}", "{VLLM_ALLOW_LONG_MAX_MODEL_LEN: \"1\"}") ==
        Verdict::yes);
  CHECK(verdict("vllm, args: {max-model-len: 16384}", "{VLLM_ALLOW_LONG_MAX_MODEL_LEN: \"0\"}") ==
        Verdict::no);
  const Fit fit =
      fit_model(catalog(), shape, asked_of("H100 SXM 80GB", "vllm, args: {max-model-len: 16384}"));
  CHECK(fit.reason ==
        "it is told a context of 16384 tokens, and the model has 8192: the server does not start "
        "with more");
  CHECK(has(fit, FitRemedy::Kind::context, "a context of 8192 tokens at most"));
}

TEST_CASE("TEI is told how large its weights are") {
  CHECK(told("L4", "tei, args: {dtype: float32}").weight_bytes / 2 ==
        told("L4", "tei").weight_bytes);
}

TEST_CASE("what a command says beside the usual is taken back where that helps") {
  CHECK(has(told("L4", "vllm, args: {dtype: float32}"),
            FitRemedy::Kind::told,
            "weights in 16 bits instead of 32"));
  CHECK(has(told("L4", "tgi, args: {cuda-memory-fraction: 0.3}"),
            FitRemedy::Kind::told,
            "the share of a GPU's memory that the runtime takes by default"));
}

TEST_CASE("a share of memory that is none is refused") {
  const auto refused = [](std::string_view runtime) -> std::string {
    const Spec spec = spec_of(runtime);
    try {
      require_shares(*runtime_of(spec), spec.runtime->value);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(refused("vllm, args: {gpu-memory-utilization: 0}") ==
        "vLLM is told `--gpu-memory-utilization 0`, which is no share of a GPU's memory");
  for (const char* const text : {"1.5", "abc", "-0.5", "nan", "0.9x", "90%", "\"\""}) {
    CAPTURE(text);
    const std::string args = fmt::format("args: {{gpu-memory-utilization: {}}}", text);
    CHECK(refused("vllm, " + args) != "no error");
  }
  CHECK(refused("sglang, args: {mem-fraction-static: 2}") != "no error");
  CHECK(refused("vllm, args: {gpu-memory-utilization: 1.0}") == "no error");
  CHECK(refused("tensorrt_llm, args: {free_gpu_memory_fraction: 2}") != "no error");
  CHECK(refused("tensorrt_llm, args: {free_gpu_memory_fraction: 0}") == "no error");
  CHECK(refused("vllm, args: {gpu-memory-utilization: $(SHARE)}") == "no error");
}

TEST_CASE("GPUs that share a sequence are counted") {
  const auto sizes = [](std::string_view runtime) {
    const Spec spec = spec_of(runtime);
    return parallel_sizes(*runtime_of(spec), spec);
  };
  CHECK(sizes("vllm, args: {tp: 2, prefill-context-parallel-size: 2}").gpus() == 4);
  CHECK(sizes("vllm, args: [-pcp, \"2\"]").text() == "context 2");
  CHECK(sizes("vllm, args: {decode-context-parallel-size: 2, tp: 2}").gpus() == 2);
  CHECK(sizes("tensorrt_llm, args: {cp_size: 2}").tensors_of(4) == 2);
}
