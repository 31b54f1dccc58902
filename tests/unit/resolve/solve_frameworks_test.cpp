#include "lib/resolve/solve.h"
#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* tf_docs = "TensorFlow, tested build configurations; facts tensorflow.archs";
constexpr const char* jax_docs = "JAX installation docs; facts jax.driver, jax.sm";
constexpr const char* jax_extras = "PyPI, METADATA of jax: Provides-Extra, Requires-Dist";
constexpr const char* ort_docs = "ONNX Runtime, CUDA execution provider";
constexpr const char* vllm_rows = "PyPI metadata of vLLM: rows of runtime_releases";
constexpr const char* tensorrt_cmake = "NVIDIA/TensorRT CMakeLists.txt defaults at release tags";

const SpecQuestion questions_of_frameworks[] = {
    {R"(fleet: [L4]; python: {packages: [tensorflow]})",
     "tensorflow 2.21.0; driver 525.60.13",
     tf_docs},
    {R"(fleet: [L4]; python: {packages: ["tensorflow[and-cuda]==2.18.1"]})",
     "tensorflow 2.18.1; driver 525.60.13",
     tf_docs},
    {R"(fleet: [{gpu: T4, driver: "470.256.02"}]; python: {packages: [tensorflow]})",
     "tensorflow 2.14.0; driver 450.80.02",
     tf_docs},
    {R"(fleet: [{gpu: T4, driver: "450.51.06"}]; python: {packages: [tensorflow]})",
     "tensorflow 2.4.0; driver 450.80.02",
     tf_docs},
    {R"(fleet: [{gpu: T4, driver: "450.51.06"}]; cuda: "11.4"; python: {packages: [tensorflow]})",
     "no: tensorflow + T4 + CUDA 11.4 + driver 450.51.06 of T4 -> raise the driver of T4 from "
     "450.51.06 to 450.80.02 or newer",
     tf_docs},
    {R"(fleet: [{gpu: T4, driver: "440.33.01"}]; cuda: "11.4"; python: {packages: [tensorflow]})",
     "no: tensorflow + T4 + driver 440.33.01 of T4 -> raise the driver of T4 from 440.33.01 to "
     "450.80.02 or newer",
     tf_docs},
    {R"(fleet: [RTX 5090]; python: {packages: [tensorflow==2.18.0]})",
     "tensorflow 2.18.0; driver 570",
     tf_docs},
    {R"(fleet: [K80]; python: {packages: [tensorflow]})",
     "tensorflow 2.14.0; driver 450.80.02",
     tf_docs},
    {R"(fleet: [L4]; python: {version: "3.8", packages: [tensorflow]})",
     "tensorflow 2.13.0; driver 520",
     tf_docs},
    {R"(fleet: [L4]; base: "nvidia/cuda:13.0.0-base-ubuntu24.04"; python: {packages: [tensorflow]})",
     "no: tensorflow + base nvidia/cuda:13.0.0-base-ubuntu24.04 -> let mlpack choose the base: "
     "`base: auto`",
     "facts image.one_cuda_major"},
    {R"(fleet: [L4]; python: {packages: [tensorflow==2.99]})",
     "tensorflow 2.99",
     "nothing is known: said as a doubt"},
    {R"(fleet: [cpu]; python: {packages: [tensorflow]})", "tensorflow 2.21.0", tf_docs},
    {R"(fleet: [L4]; python: {packages: [tensorflow==2.18.0, torch==2.1.2]})",
     "no: torch + tensorflow + torch==2.1.2 + tensorflow==2.18.0 -> take tensorflow 2.17.0 instead "
     "of tensorflow==2.18.0",
     "facts image.one_cuda_major"},
    {R"(fleet: [L4]; python: {packages: [tensorflow==2.18.0, torch]})",
     "torch 2.14.1+cu126; tensorflow 2.18.0; driver 525.60.13",
     "facts image.one_cuda_major"},
    {R"(fleet: [L4]; python: {packages: ["jax[cpu]==0.9.0"]})", "jax 0.9.0", jax_docs},
    {R"(fleet: [{gpu: RTX 3090, driver: "470.256.02"}]; python: {packages: [jax==0.6.0]})",
     "jax 0.6.0",
     jax_docs},
    {R"(fleet: [{gpu: T4, driver: "470.256.02"}]; python: {version: "3.10", packages: [jax, torch==2.0.1]})",
     "torch 2.0.1+cu118; jax 0.6.0; driver 450.80.02",
     jax_docs},
    {R"(fleet: [L4]; python: {packages: ["jax[cuda]==0.4.24"]})",
     "jax 0.4.24+cuda11; driver 520",
     jax_extras},
    {R"(fleet: [L4]; python: {packages: ["jax[cuda]==0.4.26"]})",
     "jax 0.4.26; driver 525.60.13",
     jax_extras},
    {R"(fleet: [{gpu: T4, driver: "470.57.02"}]; python: {packages: ["jax[cuda12]"]})",
     "no: jax + T4 + jax[cuda12] + driver 470.57.02 of T4 -> take jax[cuda11-pip] 0.4.24 instead "
     "of jax[cuda12]",
     jax_extras},
    {R"(fleet: [L4]; cuda: "12.0"; python: {packages: ["jax[cuda12]"]})",
     "no: jax + CUDA 12.0 + jax[cuda12] -> take jax[cuda12-pip] 0.4.13 instead "
     "of jax[cuda12]",
     jax_extras},
    {R"(fleet: [L4]; cuda: "12.0"; python: {packages: ["jax[cuda12_pip]"]})",
     "jax 0.4.13+cuda12; driver 525.60.13",
     jax_extras},
    {R"(fleet: [L4]; python: {packages: ["jax[cuda12]==0.4.20"]})",
     "no: jax + jax[cuda12]==0.4.20 -> take jax[cuda12-pip] 0.4.20 instead of jax[cuda12]==0.4.20",
     jax_extras},
    {R"(fleet: [L4]; python: {packages: ["jax[cuda12]==0.4.23"]})",
     "jax 0.4.23+cuda12; driver 525.60.13",
     jax_extras},
    {R"(fleet: [L4]; python: {packages: ["jax[cuda12-pip]"]})",
     "jax 0.5.0; driver 525.60.13",
     jax_extras},
    {R"(fleet: [L4]; python: {packages: ["jax[cuda13]==0.6.0"]})",
     "no: jax + jax[cuda13]==0.6.0 -> take jax[cuda12] 0.6.0 instead of jax[cuda13]==0.6.0",
     jax_extras},
    {R"(fleet: [L4]; python: {packages: ["jax[cpu]", "jax[cuda12]"]})",
     "jax 0.12.0.1+cuda12; driver 525.60.13",
     jax_docs},
    {R"(fleet: [L4]; python: {packages: ["jax[cuda13]"]})",
     "jax 0.12.0.1+cuda13; driver 580.65.06",
     jax_docs},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}]; python: {packages: ["jax[cuda12]"]})",
     "jax 0.12.0.1+cuda12; driver 525.60.13",
     jax_docs},
    {R"(fleet: [{gpu: RTX 4090, driver: "535.183.01"}]; python: {packages: ["jax[cuda13]==0.9.0"]})",
     "no: jax + RTX 4090 + jax[cuda13]==0.9.0 + driver 535.183.01 of RTX 4090 -> take jax[cuda12] "
     "0.9.0 instead of jax[cuda13]==0.9.0",
     jax_docs},
    {R"(fleet: [P100]; python: {packages: ["jax[cuda13]==0.9.0"]})",
     "no: jax + P100 PCIe 16GB + jax[cuda13]==0.9.0 -> take jax[cuda12] 0.9.0 instead of "
     "jax[cuda13]==0.9.0",
     jax_docs},
    {R"(fleet: [P100]; python: {packages: ["jax[cuda13-local]==0.9.0"]})",
     "no: jax + P100 PCIe 16GB + jax[cuda13-local]==0.9.0 -> take jax[cuda12] 0.9.0 instead of "
     "jax[cuda13-local]==0.9.0",
     jax_docs},
    {R"(fleet: [T4]; python: {packages: ["jax[cuda13]==0.9.0"]})",
     "jax 0.9.0+cuda13; driver 580.65.06",
     jax_docs},
    {R"(fleet: [P100]; python: {packages: ["jax[cuda12]==0.9.0"]})",
     "jax 0.9.0+cuda12; driver 525.60.13",
     jax_docs},
    {R"(fleet: [{gpu: A100, driver: "470.256.02"}]; python: {packages: ["jax[cuda11]"]})",
     "no: jax + jax[cuda11] -> take jax[cuda11-pip] 0.4.24 instead of jax[cuda11]",
     jax_extras},
    {R"(fleet: [{gpu: A100, driver: "470.256.02"}]; python: {packages: ["jax[cuda11-local]"]})",
     "jax 0.4.24+cuda11; driver 450.80.02",
     jax_extras},
    {R"(fleet: [L4]; python: {version: "3.10", packages: ["jax[cuda12]"]})",
     "jax 0.6.0; driver 525.60.13",
     jax_docs},
    {R"(fleet: [V100]; python: {packages: [onnxruntime-gpu]})",
     "onnxruntime-gpu 1.26; driver 525.60.13",
     ort_docs},
    {R"(fleet: [L4]; python: {packages: [onnxruntime-gpu]})",
     "onnxruntime-gpu 1.31; driver 580.65.06",
     ort_docs},
    {R"(fleet: [{gpu: L4, driver: "550.163.01"}]; python: {packages: [onnxruntime-gpu]})",
     "onnxruntime-gpu 1.26; driver 525.60.13",
     ort_docs},
    {R"(fleet: [{gpu: L4, driver: "550.163.01"}]; python: {packages: ["onnxruntime-gpu[cuda,cudnn]==1.28.0"]})",
     "no: onnxruntime-gpu + L4 + onnxruntime-gpu==1.28.0 + driver 550.163.01 of L4 -> take "
     "onnxruntime-gpu 1.26 instead of onnxruntime-gpu==1.28.0",
     ort_docs},
    {R"(fleet: [{gpu: T4, driver: "470.256.02"}]; python: {packages: ["onnxruntime-gpu<1.20"]})",
     "onnxruntime-gpu 1.18; driver 450.80.02",
     ort_docs},
    {R"(fleet: [L4]; cuda: "12.4"; python: {packages: [onnxruntime-gpu==1.22.1]})",
     "onnxruntime-gpu 1.22.1; driver 525.60.13",
     ort_docs},
    {R"(fleet: [L4]; python: {packages: [vllm==0.11.0]})",
     "vllm 0.11.0; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm==0.11.0, torch==2.8.0]})",
     "vllm 0.11.0; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm==0.11.0, torch==2.5.1]})",
     "no: vllm + torch==2.5.1 + vllm==0.11.0 -> take torch 2.8.0 instead of torch==2.5.1",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm, torch==2.5.1]})",
     "vllm 0.7.3; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [RTX 5090]; python: {packages: [vllm, torch==2.5.1]})",
     "no: vllm + RTX 5090 + torch==2.5.1 -> take torch 2.14.0 instead of torch==2.5.1",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm==0.11.0, torch==2.8.0+cu126]})",
     "torch 2.8.0+cu126; vllm 0.11.0; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm==0.8.5, torch==2.6.0+cu118]})",
     "no: torch + vllm + torch==2.6.0+cu118 -> take torch 2.6.0 instead of torch==2.6.0+cu118",
     vllm_rows},
    {R"(fleet: [V100]; python: {packages: [vllm==0.11.0]})",
     "vllm 0.11.0; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [V100]; python: {packages: [vllm==0.11.0, torch==2.8.0+cu126]})",
     "torch 2.8.0+cu126; vllm 0.11.0; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; python: {packages: [vllm==0.30.0]})",
     "no: vllm + A100 SXM 40GB + vllm==0.30.0 + driver 535.183.01 of A100 SXM 40GB -> take vllm "
     "0.19.0 instead of vllm==0.30.0",
     vllm_rows},
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; python: {packages: [vllm]})",
     "vllm 0.19.0; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [V100]; python: {packages: [vllm==0.30.0]})",
     "no: vllm + V100 SXM2 16GB + vllm==0.30.0 -> take vllm 0.19.0 instead of vllm==0.30.0",
     vllm_rows},
    {R"(fleet: [P100]; python: {packages: [vllm==0.11.0]})",
     "no: vllm + P100 PCIe 16GB -> run it on V100 SXM2 16GB instead of P100 PCIe 16GB",
     vllm_rows},
    {R"(fleet: [RTX 5090]; python: {packages: [vllm==0.8.5]})",
     "no: vllm + RTX 5090 + vllm==0.8.5 -> take vllm 0.9.0 instead of vllm==0.8.5",
     vllm_rows},
    {R"(fleet: [L4]; cuda: "12.8"; python: {packages: [vllm==0.30.0]})",
     "no: vllm + CUDA 12.8 + vllm==0.30.0 -> take vllm 0.11.0 instead of vllm==0.30.0",
     vllm_rows},
    {R"(fleet: [L4]; python: {version: "3.14", packages: [vllm==0.11.0]})",
     "no: vllm + Python 3.14 + vllm==0.11.0 -> take vllm 0.20.0 instead of vllm==0.11.0",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm==0.99, torch==2.9.1]})",
     "torch 2.9.1+cu130; vllm 0.99; driver 580.65.06",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm==0.19.0+cu126]})", "", vllm_rows},
    {R"(fleet: [cpu]; python: {packages: [vllm==0.30.0]})", "", vllm_rows},
    {R"(fleet: [L4]; base: "python:3.11-slim-bullseye"; python: {packages: [vllm==0.20.0]})",
     "no: vllm + base python:3.11-slim-bullseye + vllm==0.20.0 -> take vllm 0.22.0 instead of "
     "vllm==0.20.0",
     vllm_rows},
    {R"(fleet: [V100]; runtime: tensorrt_llm)",
     "tensorrt_llm 0.14.0; driver 525.60.13",
     tensorrt_cmake},
    {R"(fleet: [P100]; runtime: tensorrt_llm)",
     "no: tensorrt_llm + P100 PCIe 16GB -> run it on V100 SXM2 16GB instead of P100 PCIe 16GB",
     tensorrt_cmake},
    {R"(fleet: [T4]; runtime: {name: tensorrt_llm, version: "0.12.0"})",
     "tensorrt_llm 0.12.0; driver 525.60.13",
     tensorrt_cmake},
};

}  // namespace

std::span<const SpecQuestion> mlpack::test::framework_questions() {
  return questions_of_frameworks;
}

TEST_CASE("specs with other frameworks have the answers that the documents give") {
  ask(framework_questions());
}

TEST_CASE("JAX that is taken back to a release with one build keeps its GPUs") {
  const Resolution resolution =
      solve(Catalog::built_in(),
            demands_in("fleet: [L4]; python: {version: '3.10', packages: ['jax[cuda12]==0.9.0']}"));
  REQUIRE(resolution.conflicts.size() == 1);
  const Fix& fix = resolution.conflicts.front().fixes.front();
  CHECK(fix.text == "take jax[cuda12] 0.6.0 instead of jax[cuda12]==0.9.0");
  CHECK(answer_text(solve(Catalog::built_in(), fix.demands)) == "jax 0.6.0; driver 525.60.13");
}

TEST_CASE("an extra is taken to another build of the same release, and that resolves") {
  const Resolution resolution =
      solve(Catalog::built_in(),
            demands_in("fleet: [P100]; python: {packages: [\"jax[cuda13]==0.9.0\"]}"));
  REQUIRE(resolution.conflicts.size() == 1);
  const Fix& fix = resolution.conflicts.front().fixes.front();
  CHECK(fix.demands.packages.front().text() == "jax[cuda12]==0.9.0");
  CHECK(answer_text(solve(Catalog::built_in(), fix.demands)) ==
        "jax 0.9.0+cuda12; driver 525.60.13");
}

TEST_CASE("of a JAX that is newer than the catalog the extra says which CUDA it needs at least") {
  const auto answer = [](std::string_view machine, std::string_view jax) {
    return answer_text(
        solve(Catalog::built_in(),
              demands_in(fmt::format("fleet: [{}]; python: {{packages: ['{}']}}", machine, jax))));
  };
  CHECK(answer("{gpu: L4, driver: 580.65.06}", "jax[cuda13]>=99") == "jax >=99 [cuda13]");
  CHECK(answer("{gpu: L4, driver: 535.104.05}", "jax[cuda12]==99.0") == "jax 99.0");
  CHECK(answer("{gpu: L4, driver: 535.104.05}", "jax[cuda13]==99.0")
            .starts_with("no: jax + L4 + jax[cuda13]==99.0 + driver 535.104.05 of L4"));
  CHECK(answer("V100", "jax[cuda13]==99.0").starts_with("no: jax + V100 SXM2 16GB"));
}

TEST_CASE("where wheels of JAX with CUDA are not on PyPI that is told") {
  const std::string_view told = "the wheels of jaxlib for jax 0.4.20 with CUDA are not on PyPI";
  const auto doubts = [](std::string_view python) {
    return doubts_of(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", python));
  };
  CHECK(doubts("'jax[cuda12-pip]==0.4.20'").find(told) != std::string::npos);
  CHECK(doubts("'jax[cuda12]==0.4.30'").find("PyPI") == std::string::npos);
}
