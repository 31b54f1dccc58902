#include "lib/resolve/fit_args.h"

#include "lib/error.h"
#include "tests/unit/resolve/told_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

using namespace mlpack;
using namespace mlpack::test;
using namespace mlpack::fit_tests;

namespace {

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
    CHECK(fit_told(row.gpu, row.runtime).verdict == row.verdict);
  }
}

TEST_CASE("weights that become smaller on their way to the GPU are no reason to refuse") {
  for (const char* const runtime : {"vllm, args: {quantization: bitsandbytes}",
                                    "vllm, args: [-q, fp8]",
                                    "vllm, args: {cpu-offload-gb: 10}",
                                    "sglang, args: {quantization: fp8}",
                                    "tgi, args: {quantize: bitsandbytes-nf4}"}) {
    CAPTURE(runtime);
    CHECK(fit_told("T4", runtime).verdict == Verdict::unknown);
    CHECK(fit_told("A100-80GB", runtime).verdict == Verdict::yes);
  }
  CHECK(fit_told("T4", "vllm").verdict == Verdict::no);
  CHECK(fit_told("T4", "vllm, args: {quantization: none}").verdict == Verdict::no);
  CHECK(fit_told("T4", "vllm, args: {cpu-offload-gb: 1}").verdict == Verdict::no);
  const ModelShape large = llama_70b();
  const FitQuestion asked = asked_of("T4", "vllm, args: {quantization: bitsandbytes}");
  CHECK(fit_of(large, asked).verdict == Verdict::no);
  CHECK(fit_of(small_model(), asked)
            .reason.ends_with("; weights are made smaller as they are loaded (bitsandbytes), and "
                              "how large they are then is "
                              "not known"));
}

TEST_CASE("weights in 32 bits are halved by runtimes that compute in 16 unless they are told") {
  CHECK(fit_told("L4", "vllm", 4).weight_bytes == fit_told("L4", "vllm").weight_bytes);
  CHECK(fit_told("L4", "vllm, args: {dtype: float32}", 4).verdict == Verdict::no);
  CHECK(fit_told("L4", "tgi", 4).verdict == Verdict::no);
  CHECK(fit_told("L4", "tgi, args: {dtype: float16}", 4).verdict == Verdict::yes);
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
  CHECK(fit_told("L4", "tei, args: {dtype: float32}").weight_bytes / 2 ==
        fit_told("L4", "tei").weight_bytes);
}

TEST_CASE("what a command says beside the usual is taken back where that helps") {
  CHECK(has(fit_told("L4", "vllm, args: {dtype: float32}"),
            FitRemedy::Kind::told,
            "weights in 16 bits instead of 32"));
  CHECK(has(fit_told("L4", "tgi, args: {cuda-memory-fraction: 0.3}"),
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
