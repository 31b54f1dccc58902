#include "lib/resolve/rules_code.h"

#include "tests/unit/resolve/rules_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

CodeTarget target(std::string_view text) {
  const auto parsed = parse_code_target(text);
  REQUIRE_MESSAGE(parsed, std::string(text));
  return *parsed;
}

struct CubinQuestion {
  std::string_view target;
  std::string_view device;
  Verdict expected;
};

// Sources: NVCC documentation, 5.1-5.5; of `f` the CUDA Programming Guide, Family-Specific
// Compatibility; of 8.7 the measurements that the fact torch.cover_89 names.
const CubinQuestion cubin_questions[] = {
    {"sm_60", "6.1", yes},    {"sm_61", "6.0", no},         {"sm_70", "7.5", yes},
    {"sm_80", "8.6", yes},    {"sm_86", "8.0", no},         {"sm_80", "8.9", yes},
    {"sm_86", "8.9", yes},    {"sm_86", "8.7", yes},        {"sm_80", "9.0", no},
    {"sm_90", "10.0", no},    {"sm_100", "10.3", yes},      {"sm_100", "12.0", no},
    {"sm_120", "12.1", yes},  {"sm_90a", "9.0", yes},       {"sm_90a", "10.0", no},
    {"sm_100a", "10.3", no},  {"sm_100f", "10.3", yes},     {"sm_100f", "10.0", yes},
    {"sm_100f", "12.0", no},  {"sm_100f", "10.7", unknown}, {"sm_103f", "10.0", no},
    {"sm_120f", "12.1", yes}, {"sm_101f", "10.1", unknown},
};

struct PtxQuestion {
  std::string_view target;
  std::string_view made_by;
  std::string_view device;
  std::string_view driver_cuda;  // empty: not known
  Verdict expected;
};

// Source: CUDA Compatibility, Minor Version Compatibility.
const PtxQuestion ptx_questions[] = {
    {"compute_90", "12.4", "10.0", "12.8", yes},
    {"compute_90", "12.4", "12.0", "12.2", no},
    {"compute_120", "12.8", "12.0", "12.4", no},
    {"compute_120", "13.0", "10.0", "13.0", no},
    {"compute_80", "11.8", "8.0", "", unknown},
    {"compute_90a", "12.4", "10.0", "13.0", no},
    {"compute_90a", "12.4", "9.0", "13.0", yes},
    {"compute_100f", "12.9", "10.3", "12.9", yes},
    {"compute_70", "12.1", "7.5", "12.2", yes},
    {"compute_75", "12.8", "8.9", "12.8", yes},
    {"compute_50", "10.2", "9.0", "13.4", yes},
};

struct TorchQuestion {
  std::string_view torch;
  std::string_view build;
  std::string_view device;
  std::string_view driver_cuda;
  Verdict expected;
};

// Sources: pytorch/builder build scripts up to 2.5, get_arch_list prints up to 2.10, RELEASE.md.
const TorchQuestion torch_questions[] = {
    {"1.13.1", "cu117", "8.6", "11.7", yes},  {"1.13.1", "cu117", "9.0", "11.8", no},
    {"1.13.1", "cu117", "3.7", "11.4", yes},  {"2.0.1", "cu118", "9.0", "11.8", yes},
    {"2.1.2", "cu121", "6.1", "12.1", yes},   {"2.5.1", "cu124", "12.0", "12.8", no},
    {"2.5.1", "cu124", "8.9", "12.2", yes},   {"2.5.1", "cu124", "9.0", "12.2", yes},
    {"2.5.1", "cu124", "8.7", "12.2", yes},   {"2.5.1", "cu124", "10.0", "12.8", no},
    {"2.7.0", "cu128", "12.0", "12.8", yes},  {"2.7.0", "cu126", "12.0", "12.8", no},
    {"2.7.0", "cu128", "7.0", "12.8", no},    {"2.8.0", "cu128", "7.0", "12.8", yes},
    {"2.10.0", "cu126", "5.2", "12.6", yes},  {"2.11.0", "cu128", "7.0", "12.8", no},
    {"2.11.0", "cu130", "7.5", "13.0", yes},  {"2.11.0", "cu129", "9.0", "12.9", yes},
    {"2.11.0", "cu129", "6.0", "12.9", no},   {"2.11.0", "cu129", "7.0", "12.9", no},
    {"2.12.0", "cu130", "12.1", "13.0", yes}, {"2.12.0", "cu130", "10.3", "13.0", yes},
    {"2.12.0", "cu130", "11.0", "13.0", no},  {"2.14.1", "cu126", "6.0", "13.0", yes},
    {"2.14.1", "cu130", "7.0", "13.0", no},
};

struct RuntimeQuestion {
  std::string_view runtime;
  std::string_view release;
  std::string_view device;
  Verdict expected;
};

// Sources: vLLM documentation, GPU installation; Ollama docs/gpu.
const RuntimeQuestion runtime_questions[] = {
    {"vllm", "0.30.0", "7.0", no},
    {"vllm", "0.30.0", "7.5", yes},
    {"vllm", "0.8.0", "7.0", yes},
    {"vllm", "0.8.0", "6.1", no},
    {"sglang", "0.5.14", "7.0", no},
    {"sglang", "0.5.14", "8.9", yes},
    {"tgi", "2.4.1", "8.0", unknown},
    {"ollama", "0.30.0-0.33.0", "6.1", yes},
};

struct QuantisationQuestion {
  std::string_view method;
  std::string_view device;
  Verdict expected;
};

// Source: vLLM documentation, quantization; of bf16, nvfp4 and mxfp4 none was read.
const QuantisationQuestion quantisation_questions[] = {
    {"fp8", "8.0", no},
    {"fp8", "8.9", yes},
    {"fp8", "9.0", yes},
    {"fp8_weight_only", "8.0", yes},
    {"awq", "7.0", no},
    {"awq", "7.5", yes},
    {"gptq", "7.0", yes},
    {"gptq", "6.1", no},
    {"int8", "7.5", yes},
    {"marlin", "7.5", no},
    {"bf16", "7.5", no},
    {"bf16", "8.0", yes},
    {"nvfp4", "9.0", no},
    {"nvfp4", "10.0", yes},
    {"gguf", "6.1", yes},
    {"exl3", "9.0", unknown},
};

}  // namespace

TEST_CASE("binary code runs on its major, exact and family targets on theirs") {
  for (const CubinQuestion& asked : cubin_questions) {
    check_answer(cubin_runs(catalog(), target(asked.target), version(asked.device)),
                 asked.expected,
                 std::string(asked.target) + " on " + std::string(asked.device));
  }
}

TEST_CASE("PTX runs on later devices, if the driver is not older than its toolkit") {
  for (const PtxQuestion& asked : ptx_questions) {
    const auto driver_cuda = Version::parse(asked.driver_cuda);
    check_answer(ptx_runs(catalog(),
                          target(asked.target),
                          version(asked.made_by),
                          version(asked.device),
                          driver_cuda),
                 asked.expected,
                 std::string(asked.target) + " on " + std::string(asked.device));
  }
}

TEST_CASE("a build of PyTorch has code for a GPU, or not") {
  for (const TorchQuestion& asked : torch_questions) {
    const TorchBuild* const build = catalog().find_torch_build(version(asked.torch), asked.build);
    REQUIRE_MESSAGE(build != nullptr, std::string(asked.torch));
    check_answer(
        code_runs(catalog(), code_of(*build), version(asked.device), version(asked.driver_cuda)),
        asked.expected,
        std::string(build->row->name) + " on " + std::string(asked.device));
  }
}

TEST_CASE("a wheel without code for a GPU says what it has, or what its PTX waits for") {
  const auto ask = [](std::string_view torch, std::string_view build, std::string_view device) {
    const TorchBuild* const found = catalog().find_torch_build(version(torch), build);
    return code_runs(catalog(), code_of(*found), version(device), version("12.4")).reason;
  };
  CHECK(
      ask("2.5.1", "cu124", "12.0") ==
      "there is no code for 12.0: binary code for 5.0, 6.0, 7.0, 7.5, 8.0, 8.6, 9.0; PTX for none");
  const Version ptx[] = {version("9.0")};
  const GpuCode code{{}, ptx, version("12.8")};
  CHECK(code_runs(catalog(), code, version("10.0"), version("12.4")).reason ==
        "PTX of CUDA 12.8 is compiled by drivers of CUDA 12.8 and newer; this one is 12.4");
}

TEST_CASE("a runtime takes a GPU, or not") {
  for (const RuntimeQuestion& asked : runtime_questions) {
    const std::string name = std::string(asked.runtime) + " " + std::string(asked.release);
    const RuntimeRelease* const release =
        catalog().find_runtime_release(asked.runtime, asked.release);
    REQUIRE_MESSAGE(release != nullptr, name);
    check_answer(runtime_runs(catalog(), *release, version(asked.device)),
                 asked.expected,
                 name + " on " + std::string(asked.device));
  }
}

TEST_CASE("a way to quantise runs on a GPU, or not") {
  for (const QuantisationQuestion& asked : quantisation_questions) {
    check_answer(quantisation_runs(catalog(), asked.method, version(asked.device)),
                 asked.expected,
                 std::string(asked.method) + " on " + std::string(asked.device));
  }
  CHECK(quantisation_runs(catalog(), "fp8", version("8.0")).reason ==
        "FP8 W8A8 needs compute capability 8.9; this is 8.0; from 8.0 weights alone can be FP8, by "
        "Marlin kernels");
}

TEST_CASE("targets of code are parsed") {
  CHECK(target("sm_90a").text() == "9.0a");
  CHECK(target("compute_120f").text() == "12.0f");
  CHECK(target("86").text() == "8.6");
  for (const std::string_view text : {"", "sm_", "sm_9", "sm_90b", "sm_9000", "a", "gfx942"})
    CHECK_MESSAGE(!parse_code_target(text), std::string(text));
}
