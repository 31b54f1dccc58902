#include "lib/resolve/solve.h"
#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* tf_docs = "TensorFlow, tested build configurations; facts tensorflow.archs";
constexpr const char* jax_docs = "JAX installation docs; facts jax.driver, jax.sm";
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
     "jax 0.4.24+cuda12; driver 525.60.13",
     jax_docs},
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
     "jax 0.4.24+cuda11; driver 450.80.02",
     jax_docs},
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
     "no: vllm + torch==2.5.1 + vllm==0.11.0 -> take vllm 0.7.3 instead of vllm==0.11.0",
     vllm_rows},
    {R"(fleet: [L4]; python: {packages: [vllm, torch==2.5.1]})",
     "vllm 0.7.3; driver 525.60.13",
     vllm_rows},
    {R"(fleet: [RTX 5090]; python: {packages: [vllm, torch==2.5.1]})",
     "no: vllm + RTX 5090 + torch==2.5.1 -> run it on RTX 4090 instead of RTX 5090",
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

namespace {

std::string told(std::string_view lines) {
  const Resolution found = solve(Catalog::built_in(), demands_in(lines));
  REQUIRE(found.stack);
  std::vector<std::string> reasons;
  for (const Ruling& doubt : found.stack->doubts)
    reasons.push_back(doubt.reason);
  return join(reasons, "; ");
}

}  // namespace

TEST_CASE("JAX without an extra uses no GPU, and the extra that fits is named") {
  CHECK(told("fleet: [L4]; python: {packages: [jax]}") ==
        "`jax` without an extra such as `jax[cuda13]` uses no GPU");
  CHECK(told("fleet: [{gpu: L4, driver: '535.183.01'}]; python: {packages: [jax]}") ==
        "`jax` without an extra such as `jax[cuda12]` uses no GPU");
  CHECK(told("fleet: [L4]; python: {packages: [jax, torch==2.5.1]}") ==
        "`jax` without an extra such as `jax[cuda12]` uses no GPU");
  CHECK(told("fleet: [{gpu: T4, driver: '470.256.02'}]; python: {packages: [jax==0.6.0]}") ==
        "`jax` without an extra uses no GPU, and none of its builds for CUDA goes with the rest");
  CHECK(told("fleet: [cpu]; python: {packages: [jax]}").empty());
  CHECK(told("fleet: [L4]; python: {packages: ['jax[cuda12]']}").empty());
}

TEST_CASE("code of JAX is that of the toolkit that its row says it is built with") {
  const auto with = [](std::string_view jax) {
    return told(fmt::format("fleet: [B200]; python: {{packages: ['jax[cuda12]=={}']}}", jax));
  };
  CHECK(with("0.5.0").find("is older than Blackwell") != std::string::npos);
  for (const char* const jax : {"0.6.0", "0.7.1"})
    CHECK_MESSAGE(with(jax).find("is older than") == std::string::npos, jax);
}

TEST_CASE("libraries of CUDA that nothing brings are told, with what brings them") {
  // No Ubuntu that there are images of has a Python 3.11.
  const auto with = [](std::string_view package) {
    return told(fmt::format("fleet: [L4]; python: {{version: '3.11', packages: ['{}']}}", package));
  };
  CHECK(with("tensorflow==2.18.0") ==
        "tensorflow 2.18.0 loads CUDA 12 and cuDNN 9.3, which neither wheels nor the base bring: "
        "take `tensorflow[and-cuda]`, or a base such as "
        "`nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04`");
  CHECK(with("tensorflow==2.13.0")
            .ends_with("bring: take a base such as "
                       "`nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04`"));
  for (const char* const package : {"onnxruntime-gpu==1.22.1", "onnxruntime-gpu[cuda]==1.22.1"}) {
    CHECK_MESSAGE(with(package).find("take `onnxruntime-gpu[cuda,cudnn]`, or") != std::string::npos,
                  package);
  }
  CHECK(with("jax[cuda12-local]==0.6.0")
            .ends_with("bring: take `jax[cuda12]`, or a base such as "
                       "`nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04`"));
  const auto on = [](std::string_view base) {
    return told(
        fmt::format("fleet: [L4]; base: '{}'; python: {{packages: [tensorflow==2.18.0]}}", base));
  };
  for (const char* const base : {"python:3.11-slim", "nvidia/cuda:12.5.1-base-ubuntu22.04"})
    CHECK_MESSAGE(on(base).find("neither wheels nor the base") != std::string::npos, base);
  for (const char* const base : {"nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04",
                                 "pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime",
                                 "tensorflow/tensorflow:2.18.0-gpu",
                                 "example.com/own:1"})
    CHECK_MESSAGE(on(base).find("neither wheels nor the base") == std::string::npos, base);
}

TEST_CASE("cuDNN of a base or of wheels that is older than what a framework loads is told") {
  const auto with = [](std::string_view base, std::string_view packages) {
    return told(fmt::format("fleet: [L4]; base: '{}'; python: {{packages: [{}]}}", base, packages));
  };
  const char* const older = "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04";
  CHECK(with(older, "tensorflow==2.18.0") ==
        "tensorflow 2.18.0 loads CUDA 12 and cuDNN 9.3 or newer, and "
        "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04 has 9.1.0.70: take `tensorflow[and-cuda]`, "
        "or a base such as `nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04`");
  CHECK(with(older, "'jax[cuda12-local]==0.6.0'").find("has 9.1.0.70: take `jax[cuda12]`") !=
        std::string::npos);
  const char* const slim = "python:3.10-slim";
  CHECK(with(slim, "tensorflow==2.18.0, nvidia-cudnn-cu12==9.1.0.70")
            .find("and nvidia-cudnn-cu12 has 9.1.0.70: take") != std::string::npos);
  for (const char* const packages : {"'tensorflow[and-cuda]==2.18.0'",
                                     "tensorflow==2.18.0, nvidia-cudnn-cu12==9.3.0.75",
                                     "tensorflow==2.18.0, nvidia-cudnn-cu12",
                                     "onnxruntime-gpu==1.22.1",
                                     "tensorflow==2.18.0, torch==2.6.0"})
    CHECK_MESSAGE(with(older, packages).find("loads CUDA") == std::string::npos, packages);
}

TEST_CASE("wheels of cuDNN for another CUDA, or of another major, bring nothing") {
  for (const char* const wheel :
       {"nvidia-cudnn-cu11", "nvidia-cudnn-cu12==8.9.7.29", "nvidia-cuda-runtime-cu12"}) {
    const std::string text =
        told(fmt::format("fleet: [L4]; base: python:3.11-slim; python: {{packages: "
                         "[tensorflow==2.18.0, {}]}}",
                         wheel));
    CHECK_MESSAGE(text.find("neither wheels nor the base") != std::string::npos, wheel);
  }
}

namespace {

// What `auto` takes, and the Python on it.
std::string auto_of(std::string_view lines) {
  const Resolution found = solve(Catalog::built_in(), demands_in(lines));
  REQUIRE(found.stack);
  const Stack& stack = *found.stack;
  CHECK(stack.base_packages.empty() == (stack.base.find("/cuda:") == std::string::npos));
  return stack.base.substr(stack.base.rfind('/') + 1) + " " + std::string(stack.python->text());
}

}  // namespace

TEST_CASE("`auto` is an image with CUDA where no wheel brings the libraries") {
  struct Row {
    const char* spec;
    const char* base;
  };
  // nvidia/cuda Dockerfiles: cuDNN 9.2.1 is in 12.5.1, and 9.5.1 in 12.6.3; `python3` of Ubuntu.
  const Row rows[] = {
      {"fleet: [L4]; python: {packages: [tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {version: '3.10', packages: [tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu22.04 3.10"},
      {"fleet: [L4]; python: {version: '3.12', packages: [tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [{gpu: L4, driver: '535.183.01'}]; python: {packages: [tensorflow]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [{gpu: T4, driver: '470.256.02'}]; python: {packages: [tensorflow]}",
       "cuda:11.8.0-cudnn8-runtime-ubuntu22.04 3.10"},
      // With the compat package of an image a newer release would run there.
      {"fleet: [{gpu: A30, driver: '450.51.06'}]; python: {packages: [tensorflow]}",
       "cuda:11.0.3-cudnn8-runtime-ubuntu20.04 3.8"},
      {"fleet: [L4]; python: {packages: [onnxruntime-gpu==1.22.1]}",
       "cuda:12.3.2-cudnn9-runtime-ubuntu22.04 3.10"},
      {"fleet: [L4]; python: {packages: [onnxruntime-gpu]}",
       "cuda:13.0.0-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {packages: [onnxruntime-gpu==1.22.1, tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      // JAX looks for CUPTI, which is where the compilers are.
      {"fleet: [L4]; python: {version: '3.12', packages: ['jax[cuda12-local]==0.6.0']}",
       "cuda:12.8.1-cudnn-devel-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {version: '3.12', packages: [jax==0.6.0, jax-cuda12-plugin]}",
       "cuda:12.8.1-cudnn-devel-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {version: '3.12', packages: [jax==0.6.0, "
       "'jax-cuda12-plugin[with_cuda]']}",
       "python:3.12-slim-trixie 3.12"},
      {"fleet: [L4]; python: {version: '3.12', packages: ['jax[cuda12]==0.6.0']}",
       "python:3.12-slim-trixie 3.12"},
      // Wheels have their own, or no image has the Python that is asked for.
      {"fleet: [L4]; python: {version: '3.12', packages: ['tensorflow[and-cuda]==2.18.0']}",
       "python:3.12-slim-trixie 3.12"},
      {"fleet: [L4]; python: {version: '3.11', packages: [tensorflow==2.18.0]}",
       "python:3.11-slim-trixie 3.11"},
      {"fleet: [L4]; python: {version: '3.12.4', packages: [tensorflow==2.18.0]}",
       "python:3.12-slim-trixie 3.12"},
      {"fleet: [cpu]; python: {version: '3.12', packages: [tensorflow==2.18.0]}",
       "python:3.12-slim-trixie 3.12"},
  };
  for (const Row& row : rows)
    CHECK_MESSAGE(auto_of(row.spec) == row.base, row.spec);
}

TEST_CASE("libraries of CUDA that extras or other wheels bring are not missed") {
  for (const char* const packages : {"'tensorflow[and_cuda]==2.18.0'",
                                     "'onnxruntime-gpu[cuda, cudnn]==1.22.1'",
                                     "onnxruntime-gpu==1.22.1, torch==2.6.0",
                                     "onnxruntime-gpu==1.22.1, 'jax[cuda12]==0.6.0'",
                                     "onnxruntime-gpu==1.22.1, nvidia-cudnn-cu12"})
    CHECK_MESSAGE(
        told(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages)).find("loads CUDA") ==
            std::string::npos,
        packages);
  CHECK(told("fleet: [cpu]; python: {packages: [tensorflow==2.18.0]}").empty());
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
