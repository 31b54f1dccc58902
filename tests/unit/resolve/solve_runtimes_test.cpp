#include "lib/resolve/solve.h"
#include "tests/unit/resolve/documents.h"
#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* vllm_cpu = "vLLM docs, installation: CPU; facts runtime.cpu_builds";
constexpr const char* sglang_cpu = "SGLang docs, CPU servers: built from docker/xeon.Dockerfile";
constexpr const char* tgi_cpu = "TGI docs/source/installation_intel.md";
constexpr const char* nim_docs = "NIM for LLMs documentation: NVIDIA GPUs; an image for each model";
constexpr const char* fastapi_docs = "FastAPI docs, deployment/docker.md: a Python image";
constexpr const char* torchserve_docs = "TorchServe README.md, docker/Dockerfile";
constexpr const char* ray_docs = "Ray docker/README.md; KubeRay manifests";
constexpr const char* ort_server_docs = "onnxruntime-server README.md";
constexpr const char* trt_llm_docs = "TensorRT-LLM docs, support matrix: NVIDIA GPUs";
constexpr const char* triton_docs = "Triton compatibility matrix; the image starts without a GPU";
constexpr const char* ollama_docker = "Ollama docs/docker.md";
constexpr const char* ollama_gpus = "Ollama docs, GPU";
constexpr const char* tei_readme = "TEI README.md, Hardware";
constexpr const char* trt_matrix = "TensorRT-LLM Support Matrix, Hardware";
constexpr const char* tgi_dockerfile = "TGI Dockerfiles";
constexpr const char* builds = "torch.cuda.get_arch_list() of the wheels; builder scripts";
constexpr const char* base_image = "nvidia/cuda Dockerfiles: CUDA_VERSION of the tag";

const SpecQuestion questions_of_runtimes[] = {
    // Machines without a GPU.
    {"fleet: [cpu]; runtime: vllm", "vllm 0.33.0", vllm_cpu},
    {R"(fleet: [cpu]; runtime: {name: vllm, version: "0.20.0"})", "vllm 0.20.0", vllm_cpu},
    {"fleet: [cpu]; runtime: tgi", "tgi 3.3.7", tgi_cpu},
    {R"(fleet: [cpu]; cuda: "12.8"; runtime: vllm)",
     "no: vllm + a machine without a GPU + CUDA 12.8 -> leave `cuda` out",
     vllm_cpu},
    {R"(fleet: [cpu]; cuda: "12.8"; runtime: {name: vllm, version: "99.0.0"})",
     "no: vllm + a machine without a GPU + CUDA 12.8 -> leave `cuda` out",
     vllm_cpu},
    {"fleet: [L4, cpu]; runtime: vllm",
     "no: vllm + L4 + a machine without a GPU -> take a machine without a GPU out of `fleet`, and "
     "build an image of its own for it",
     vllm_cpu},
    {"fleet: [cpu, H100]; runtime: tgi",
     "no: tgi + H100 SXM 80GB + a machine without a GPU -> take a machine without a GPU out of "
     "`fleet`, and build an image of its own for it",
     tgi_cpu},
    {"fleet: [cpu]; runtime: sglang",
     "no: sglang + a machine without a GPU -> name a base that has SGLang for machines without a "
     "GPU: `base: IMAGE`",
     sglang_cpu},
    {R"(fleet: [cpu]; runtime: sglang; base: "registry.example.com/sglang-xeon:1")",
     "sglang 0.5.23",
     sglang_cpu},
    {R"(fleet: [cpu]; runtime: vllm; base: "vllm/vllm-openai:v0.20.0")",
     "no: vllm + a machine without a GPU + base vllm/vllm-openai:v0.20.0 -> let mlpack choose the "
     "base: `base: auto`",
     vllm_cpu},
    {R"(fleet: [cpu]; runtime: vllm; base: "vllm/vllm-openai-cpu:v0.20.0")",
     "vllm 0.20.0",
     vllm_cpu},
    {"fleet: [L4, cpu]; runtime: sglang",
     "no: sglang + a machine without a GPU -> take a machine without a GPU out of `fleet`, and "
     "build an image of its own for it",
     sglang_cpu},
    {"fleet: [cpu]; runtime: tensorrt_llm",
     "no: tensorrt_llm + a machine without a GPU -> run it on machines with a GPU, such as L4",
     trt_llm_docs},
    {R"(fleet: [cpu]; runtime: tensorrt_llm; base: "registry.example.com/own:1")",
     "no: tensorrt_llm + a machine without a GPU -> run it on machines with a GPU, such as L4",
     trt_llm_docs},
    {R"(fleet: [cpu]; runtime: nim; base: "nvcr.io/nim/meta/llama-3.1-8b-instruct:1")",
     "no: nim + a machine without a GPU -> run it on machines with a GPU, such as L4",
     nim_docs},
    {"fleet: [cpu]; runtime: triton", "triton 26.07", triton_docs},
    {R"(fleet: [K80]; runtime: {name: ollama, version: "0.30.0"})",
     "no: ollama + K80 -> run it on M60 instead of K80",
     ollama_gpus},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}]; runtime: {name: ollama, version: "0.31.0"})",
     "no: ollama + L4 + ollama 0.31.0 + driver 535.183.01 of L4 -> take ollama 0.24.0 instead of "
     "ollama 0.31.0",
     ollama_gpus},
    {R"(fleet: [{gpu: GTX 1080, driver: "550.90.07"}]; runtime: {name: ollama, version: "0.30.0"})",
     "no: ollama + GTX 1080 + ollama 0.30.0 + driver 550.90.07 of GTX 1080 -> take ollama 0.24.0 "
     "instead of ollama 0.30.0",
     ollama_gpus},
    {R"(fleet: [{gpu: GTX 1080, driver: "570.86.10"}]; runtime: {name: ollama, version: "0.30.0"})",
     "ollama 0.30.0",
     ollama_gpus},
    {R"(fleet: [{gpu: V100, driver: "550.90.07"}]; runtime: {name: ollama, version: "0.30.0"})",
     "ollama 0.30.0",
     ollama_gpus},
    {R"(fleet: [T4]; runtime: {name: tei, version: "1.9"})", "tei 1.9", tei_readme},
    {R"(fleet: [T4]; runtime: {name: tensorrt_llm, version: "1.2.1"})",
     "no: tensorrt_llm + T4 + tensorrt_llm 1.2.1 -> take tensorrt_llm 0.17.0.post1 instead of "
     "tensorrt_llm 1.2.1",
     trt_matrix},
    {R"(fleet: [GTX 1080]; runtime: {name: tgi, version: "3.3.5"})",
     "no: tgi + GTX 1080 + tgi 3.3.5 -> take tgi 2.4.1 instead of tgi 3.3.5",
     tgi_dockerfile},
    {R"(fleet: [T4]; runtime: {name: tgi, version: "3.3.5"})",
     "tgi 3.3.5; driver 525.60.13",
     tgi_dockerfile},
    {"fleet: [L4, cpu]; runtime: ollama", "ollama 0.30.0-0.33.0", ollama_docker},

    // NIM: an image for each model, of whose releases no table is kept.
    {R"(fleet: [H100]; runtime: nim; base: "nvcr.io/nim/meta/llama-3.1-8b-instruct:1")",
     "nim latest",
     nim_docs},
    {R"(fleet: [H100]; runtime: {name: nim, version: "1.8.4"}; base: "nvcr.io/nim/meta/llama:1")",
     "nim 1.8.4",
     nim_docs},
    {R"(fleet: [{gpu: B200, driver: "550.163.01"}]; runtime: nim; base: "nvcr.io/nim/meta/llama:1")",
     "no: B200 + driver 550.163.01 of B200 -> raise the driver of B200 from 550.163.01 to 570 or "
     "newer",
     matrix},

    // An application of one's own: what its packages need, on a Python image.
    {R"(fleet: [L4]; runtime: python; python: {version: "3.12", packages: [torch]})",
     "torch 2.15.0+cu132; driver 580.65.06",
     fastapi_docs},
    {R"(fleet: [{gpu: A100, driver: "470.256.02"}]; runtime: python; python: {packages: [torch]})",
     "torch 2.7.1+cu118; driver 450.80.02",
     "a Python image has no CUDA compat package"},
    {R"(fleet: [L4]; runtime: {name: python, version: "3.9"}; python: {packages: [torch]})",
     "torch 2.8.0+cu129; driver 525.60.13",
     fastapi_docs},
    {R"(base: "python:3.11-slim"; runtime: {name: python, version: "3.12"})",
     "no: base python:3.11-slim + Python 3.12 -> take Python 3.11 instead of 3.12",
     fastapi_docs},
    {R"(fleet: [cpu]; runtime: python; python: {packages: [onnxruntime, numpy]})",
     "",
     fastapi_docs},
    {R"(fleet: [RTX 5090]; runtime: python; python: {packages: [torch==2.5.1]})",
     "no: torch + RTX 5090 + torch==2.5.1 -> take torch 2.7.0 instead of torch==2.5.1",
     builds},
    {"fleet: [L4]; python: {packages: [numpy]}", "", "wheels bring what they need of CUDA"},

    // TorchServe, Ray Serve and ONNX Runtime Server.
    {"fleet: [A100]; runtime: torchserve", "torchserve latest", torchserve_docs},
    {R"(fleet: [cpu]; runtime: {name: torchserve, version: "0.12.0"})",
     "torchserve 0.12.0",
     torchserve_docs},
    {"fleet: [L4]; runtime: ray_serve", "ray_serve 2.60.0", ray_docs},
    {R"(fleet: [cpu]; runtime: {name: ray_serve, version: "2.52.0"})",
     "ray_serve 2.52.0",
     ray_docs},
    {R"(fleet: [{gpu: L4, driver: "550.163.01"}]; runtime: ray_serve; python: {version: "3.12", packages: [torch]})",
     "ray_serve 2.60.0; torch 2.14.1+cu126; driver 525.60.13",
     ray_docs},
    {"fleet: [L4]; runtime: onnxruntime", "onnxruntime latest", ort_server_docs},
    {R"(fleet: [cpu]; runtime: {name: onnxruntime, version: "1.29.0"})",
     "onnxruntime 1.29.0",
     ort_server_docs},

    // Releases of the others.
    {R"(fleet: [{gpu: A100, driver: "470.256.02"}]; runtime: tgi)",
     "tgi 1.1.1; driver 450.80.02",
     tgi_dockerfile},
    {R"(fleet: [{gpu: L4, driver: "525.60.13"}]; runtime: tgi)",
     "tgi 3.3.7; driver 525.60.13",
     tgi_dockerfile},
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; runtime: {name: triton, version: "26.07"})",
     "triton 26.07; compat package of the base; driver 580.65.06",
     forward_guide},
    {R"(fleet: [L4]; runtime: {name: triton, version: "24.04"})",
     "triton 24.04; driver 525.60.13",
     triton_docs},
    {R"(fleet: [{gpu: L4, driver: "525.60.13"}]; runtime: {name: vllm, version: "0.6.4.post1"})",
     "vllm 0.6.4.post1",
     "vLLM wheel metadata: no document says its CUDA, but its driver"},
    {"fleet: [V100]; runtime: sglang",
     "no: sglang + V100 SXM2 16GB -> run it on T4 instead of V100 SXM2 16GB",
     "SGLang release notes"},
    {R"(fleet: [T4]; runtime: {name: llamacpp, version: b10108})",
     "llamacpp b10108",
     "nothing is known: said as a doubt"},

    // What would help: the torch that the runtime pins, and machines that it has an image for.
    {R"(fleet: [L4]; runtime: {name: vllm, version: "0.11.0"}; python: {packages: [torch==2.1.1]})",
     "no: vllm + torch==2.1.1 -> take torch 2.8.0 instead of torch==2.1.1",
     "vLLM 0.11.0 pins torch 2.8.0"},
    {R"(fleet: [L4]; platform: linux/arm64; runtime: tgi)",
     "no: tgi + platform linux/arm64 -> build it for linux/amd64, if these are the machines: "
     "`platform: linux/amd64`",
     "TGI issue 2332: no image for arm64"},
    {R"(fleet: [GH200]; platform: linux/arm64; runtime: tgi)",
     "no: tgi + GH200 96GB -> name a base that has Text Generation Inference for linux/arm64: "
     "`base: IMAGE`; no: tgi + platform linux/arm64",
     "TGI issue 2332: no image for arm64"},

    // A base with a toolkit has that one.
    {R"(fleet: [L4]; base: "nvidia/cuda:12.4.1-base-ubuntu22.04")",
     "cuda 12.4; driver 525.60.13",
     base_image},
    {R"(fleet: [RTX 5090]; base: "nvidia/cuda:12.4.1-base-ubuntu22.04")",
     "no: RTX 5090 + base nvidia/cuda:12.4.1-base-ubuntu22.04 -> let mlpack choose the base: "
     "`base: auto`",
     base_image},
    {R"(fleet: [L4]; cuda: "12.6"; base: "nvidia/cuda:12.4.1-base-ubuntu22.04")",
     "no: base nvidia/cuda:12.4.1-base-ubuntu22.04 + CUDA 12.6 -> take CUDA 12.4 instead of 12.6",
     base_image},
    {R"(fleet: [L4]; base: "nvidia/cuda:12.99.1-base-ubuntu24.04")",
     "cuda 12.99.1; driver 525.60.13",
     "nothing is known: said as a doubt"},
    {R"(fleet: [L4]; base: "registry.example.com/own:1")", "", "what nobody knows is not made up"},
};

std::string base_of(std::string_view spec) {
  const Resolution resolution = solve(Catalog::built_in(), demands_in(spec));
  return resolution.stack ? resolution.stack->base : answer_text(resolution);
}

}  // namespace

std::span<const SpecQuestion> mlpack::test::runtime_questions() {
  return questions_of_runtimes;
}

TEST_CASE("specs with runtimes have the answers that the documents give") {
  ask(runtime_questions());
}

TEST_CASE("the base is the runtime's image for the machines of the fleet") {
  CHECK(base_of("fleet: [L4]; runtime: vllm") == "docker.io/vllm/vllm-openai:v0.33.0");
  CHECK(base_of("fleet: [cpu]; runtime: vllm") == "docker.io/vllm/vllm-openai-cpu:v0.33.0");
  CHECK(base_of("fleet: [cpu]; runtime: tgi") ==
        "ghcr.io/huggingface/text-generation-inference:3.3.7-intel-cpu");
  CHECK(base_of("fleet: [L4]; runtime: ray_serve") == "docker.io/rayproject/ray:2.60.0-py312-gpu");
  CHECK(base_of("fleet: [cpu]; runtime: ray_serve") == "docker.io/rayproject/ray:2.60.0-py312");
  // The image with all back ends, not the one with vLLM alone.
  CHECK(base_of("fleet: [L4]; runtime: triton") == "nvcr.io/nvidia/tritonserver:26.07-py3");
  // Old releases are only in Triton's images.
  CHECK(base_of("fleet: [V100]; runtime: tensorrt_llm") ==
        "nvcr.io/nvidia/tritonserver:24.10-trtllm-python-py3");
  CHECK(base_of("fleet: [L4]; runtime: ollama").empty());
  CHECK(base_of(R"(fleet: [L4]; runtime: python; python: {version: "3.12", packages: [torch]})")
            .starts_with("docker.io/library/python:3.12-slim"));
}

TEST_CASE("which older drivers of the fleet take the compat package is told") {
  const auto branches_of = [](std::string_view fleet) {
    const Resolution found = solve(
        Catalog::built_in(),
        demands_in(fmt::format("fleet: [{}]; runtime: {{name: vllm, version: 0.22.0}}", fleet)));
    REQUIRE(found.stack);
    CHECK(found.stack->min_driver->text() == "580.65.06");
    return found.stack->compat_branches;
  };
  CHECK(branches_of(R"({gpu: L4, driver: "535.183.01"}, {gpu: A100, driver: "580.65.06"})") ==
        std::vector<unsigned>{535});
  CHECK(
      branches_of(
          R"({gpu: L4, driver: "570.86.10"}, {gpu: A100, driver: "535.183.01"}, {gpu: T4, driver: "535"})") ==
      std::vector<unsigned>{535, 570});
  CHECK(branches_of(R"({gpu: L4, driver: "580.65.06"})").empty());
  CHECK(branches_of("L4").empty());
}

TEST_CASE("an image without CUDA is not said to have any") {
  const Resolution resolution =
      solve(Catalog::built_in(), demands_in("fleet: [cpu]; runtime: vllm"));
  REQUIRE(resolution.stack);
  CHECK_FALSE(resolution.stack->cuda);
  CHECK(resolution.stack->doubts.empty());
  const Resolution own =
      solve(Catalog::built_in(), demands_in("fleet: [L4]; base: \"registry.example.com/own:1\""));
  REQUIRE(own.stack);
  CHECK_FALSE(own.stack->cuda);
  CHECK_FALSE(own.stack->min_driver);
}

TEST_CASE("whether a base of one's own has a build without CUDA is a doubt") {
  CHECK(doubts_of(R"(fleet: [cpu]; runtime: sglang; base: "registry.example.com/sglang-xeon:1")") ==
        "whether registry.example.com/sglang-xeon:1 has SGLang for machines without a GPU is not "
        "known");
}

TEST_CASE("of a release that has no row, neither what it needs nor its image is known") {
  const std::string told =
      "vllm 99.0.0 is not in the catalog: what it needs was not compared; whether there is an "
      "image of vllm 99.0.0 is not known: its tag is made as those of other releases are";
  CHECK(doubts_of(R"(fleet: [cpu]; runtime: {name: vllm, version: "99.0.0"})") == told);
  CHECK(doubts_of(R"(fleet: [L4]; runtime: {name: vllm, version: "99.0.0"})") == told);
  CHECK(doubts_of(
            R"(fleet: [L4]; runtime: {name: vllm, version: "99.0.0"}; base: "own.example/v:1")") ==
        "vllm 99.0.0 is not in the catalog: what it needs was not compared");
}

TEST_CASE("of a release between two that do not run, both are told as a doubt") {
  const std::string nothing = "vllm 0.21.0 is not in the catalog: what it needs was not compared; ";
  const std::string image =
      "whether there is an image of vllm 0.21.0 is not known: its tag is made as those of other "
      "releases are";
  const auto doubts = [](std::string_view machine, std::string_view runtime) {
    return doubts_of(fmt::format("fleet: [{}]; runtime: {}", machine, runtime));
  };
  constexpr const char* between = R"({name: vllm, version: "0.21.0"})";
  CHECK(doubts("L4", between) == nothing + image);
  CHECK(doubts(R"({gpu: L4, driver: "580.65.06"})", between) == nothing + image);
  CHECK(doubts("V100", between) ==
        "vllm 0.20.0 and 0.22.0, the nearest in the catalog, do not run on V100 SXM2 16GB: vllm "
        "0.20.0 needs compute capability 7.5; this is 7.0 (Volta); " +
            nothing + image);
  // Its image may have the compat package.
  CHECK(doubts(R"({gpu: L4, driver: "535.183.01"})", between)
            .starts_with("vllm 0.20.0 and 0.22.0, the nearest in the catalog, do not run on L4 "
                         "without a CUDA compat package in the image: "));
  CHECK(doubts(R"({gpu: RTX 4090, driver: "535.183.01"})", between)
            .starts_with("vllm 0.20.0 and 0.22.0, the nearest in the catalog, do not run on RTX "
                         "4090: "));
  // 0.19.0 runs there, and 0.20.0 does not.
  CHECK(doubts("V100", R"({name: vllm, version: "0.19.1"})").starts_with("vllm 0.19.1 is not"));
  CHECK(doubts("V100", R"({name: vllm, version: "99.0.0"})").starts_with("vllm 99.0.0 is not"));
  CHECK(doubts_of("fleet: [V100]; python: {packages: [vllm==0.21.0]}")
            .starts_with("vllm 0.20.0 and 0.22.0, the nearest in the catalog, do not run on V100"));
  CHECK(doubts_of(R"(fleet: [V100]; base: "vllm/vllm-openai:v0.21.0")")
            .starts_with("vllm 0.20.0 and 0.22.0, the nearest in the catalog, do not run on V100"));
  CHECK(doubts_of(R"(fleet: [L4]; base: "vllm/vllm-openai:v0.21.0")").empty());
}

TEST_CASE("a tag of the official repository may be for machines without a GPU") {
  CHECK(doubts_of(R"(fleet: [cpu]; runtime: sglang; base: "lmsysorg/sglang:v0.5.12-xeon")") ==
        "whether lmsysorg/sglang:v0.5.12-xeon has SGLang for machines without a GPU is not known");
  const Resolution none = solve(Catalog::built_in(), demands_in("fleet: [cpu]; runtime: sglang"));
  REQUIRE(none.conflicts.size() == 1);
  REQUIRE(none.conflicts[0].because.size() == 1);
  CHECK(none.conflicts[0].because[0].reason ==
        "no image of SGLang for machines without a GPU is in the catalog");
}

TEST_CASE("an application's own version is that of Python, and python.version may not differ") {
  const Demands demands = demands_in(R"(runtime: {name: python, version: "3.12"}; port: 8000)");
  CHECK(demands.runtime.empty());
  REQUIRE(demands.python);
  CHECK(demands.python->text() == "3.12");
  try {
    demands_in(R"(runtime: {name: python, version: "3.12"}; python: {version: "3.11"})");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "`runtime.version` is Python 3.12, and `python.version` is 3.11");
    CHECK(error.hint() == "leave `runtime.version` out");
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].line == 4);
  }
}

TEST_CASE("FP8 weights run on older GPUs where a runtime computes in 16 bits") {
  Demands served = demands_in("fleet: [A100]; runtime: vllm");
  served.quantisation = "fp8";
  CHECK(answer_text(solve(Catalog::built_in(), served)) == "vllm 0.33.0; driver 580.65.06");
  Demands own = demands_in("fleet: [A100]; python: {packages: [torch]}");
  own.quantisation = "fp8";
  CHECK(
      answer_text(solve(Catalog::built_in(), own)).starts_with("no: A100 SXM 40GB + fp8 weights"));
  served.fleet.front().gpu = Catalog::built_in().find_gpu("T4")->gpu;
  CHECK(answer_text(solve(Catalog::built_in(), served)).starts_with("no: T4 + fp8 weights"));
}

TEST_CASE("Text Embeddings Inference does not run on GPUs older than Turing") {
  for (const char* gpu : {"V100", "GTX 1080", "K80"}) {
    const Resolution found = solve(
        Catalog::built_in(),
        demands_in(fmt::format(R"(fleet: [{}]; runtime: {{name: tei, version: "1.9"}})", gpu)));
    REQUIRE(found.conflicts.size() == 1);
    CHECK(found.conflicts[0].facts.size() == 2);
    REQUIRE(found.conflicts[0].because.size() == 1);
    CHECK(found.conflicts[0].because[0].reason.starts_with(
        "Text Embeddings Inference needs compute capability 7.5; this is "));
    CHECK(found.conflicts[0].fixes.size() == 1);
  }
}

TEST_CASE("a release whose CUDA no document says runs where a build of its torch has code") {
  const auto answer = [](const char* gpu, const char* release) {
    const std::string spec =
        fmt::format(R"(fleet: [{}]; runtime: {{name: vllm, version: "{}"}})", gpu, release);
    return answer_text(solve(Catalog::built_in(), demands_in(spec)));
  };
  CHECK(answer("B200", "0.7.3") ==
        "no: vllm + B200 + vllm 0.7.3 -> take vllm 0.9.0 instead of vllm 0.7.3");
  CHECK(answer("L4", "0.7.3") == "vllm 0.7.3");
}
