#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* distroless = "GoogleContainerTools/distroless README.md";
constexpr const char* pytorch_tags = "PyTorch docker.Makefile: the tag has CUDA and cuDNN";

constexpr const char* sglang_tags = "SGLang release-docker.yml: the tag has the CUDA of the image";
constexpr const char* vllm_base_tags =
    "vLLM publish-release-images.sh: the tag has the CUDA and the processor of the image";
constexpr const char* pytorch_images = "PyTorch docker.Makefile and Dockerfile; facts torch.images";

const SpecQuestion questions_of_names[] = {
    {R"(fleet: [{gpu: RTX 4090, driver: "535.183.01"}]; runtime: vllm; base: "vllm/vllm-openai:nightly-cu130")",
     "no: vllm + RTX 4090 + base vllm/vllm-openai:nightly-cu130 + driver 535.183.01 of RTX 4090 -> "
     "let mlpack choose the base: `base: auto`",
     vllm_base_tags},
    {R"(fleet: [L4]; runtime: vllm; base: "vllm/vllm-openai:nightly-cu130")",
     "vllm 0.33.0; driver 580.65.06",
     vllm_base_tags},
    {R"(fleet: [B200]; runtime: sglang; base: "lmsysorg/sglang:latest-cu126")",
     "no: sglang + B200 + base lmsysorg/sglang:latest-cu126 -> let mlpack choose the base: `base: "
     "auto`",
     sglang_tags},
    {R"(fleet: [L4]; runtime: sglang; base: "lmsysorg/sglang:v0.5.5-rocm630-mi30x")",
     "no: L4 + base lmsysorg/sglang:v0.5.5-rocm630-mi30x -> let mlpack choose the base: `base: "
     "auto`",
     "fact image.rocm"},
    {R"(fleet: [L4]; runtime: vllm; base: "vllm/vllm-openai-rocm:v0.14.0")",
     "no: L4 + base vllm/vllm-openai-rocm:v0.14.0 -> let mlpack choose the base: `base: auto`",
     "fact image.rocm"},
    {R"(fleet: [L4]; base: "example.com:5000/vllm-openai-rocm@sha256:0123456789012345678901234567890123456789012345678901234567890123")",
     "no: L4 + base "
     "example.com:5000/vllm-openai-rocm@sha256:0123456789012345678901234567890123456789"
     "012345678901234567890123 -> let mlpack choose the base: `base: auto`",
     "fact image.rocm"},
    {R"(fleet: [L4]; runtime: sglang; base: "lmsysorg/sglang:v0.5.5-xeon")",
     "no: sglang + L4 + base lmsysorg/sglang:v0.5.5-xeon -> let mlpack choose the base: `base: "
     "auto`",
     "fact runtime.cpu_builds"},
    {R"(fleet: [cpu]; runtime: sglang; base: "lmsysorg/sglang:v0.5.5-xeon")",
     "sglang 0.5.5",
     "fact runtime.cpu_builds"},
    {R"(fleet: [L4]; runtime: vllm; base: "public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.11.0")",
     "no: vllm + L4 + base public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.11.0 -> let mlpack "
     "choose the base: `base: auto`",
     "fact runtime.cpu_builds"},
    {R"(fleet: [cpu]; runtime: vllm; base: "public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.11.0")",
     "vllm 0.11.0",
     "fact runtime.cpu_builds"},
    {R"(fleet: [L4]; base: "rocm/pytorch:latest")",
     "no: L4 + base rocm/pytorch:latest -> let mlpack choose the base: `base: auto`",
     "fact image.rocm"},
    // The tag says the CUDA, whatever the table says of the release.
    {R"(fleet: [{gpu: RTX 4090, driver: "550.90.07"}]; runtime: sglang; base: "lmsysorg/sglang:v0.5.14")",
     "no: sglang + RTX 4090 + base lmsysorg/sglang:v0.5.14 + driver 550.90.07 of RTX 4090 -> let "
     "mlpack choose the base: `base: auto`",
     sglang_tags},
    {R"(fleet: [{gpu: RTX 4090, driver: "550.90.07"}]; runtime: sglang; base: "lmsysorg/sglang:v0.5.14-cu129")",
     "sglang 0.5.14; driver 525.60.13",
     sglang_tags},
    {R"(fleet: [B200]; runtime: sglang; base: "docker.io/lmsysorg/sglang:v0.5.2-cu126")",
     "no: sglang + B200 + base docker.io/lmsysorg/sglang:v0.5.2-cu126 -> let mlpack choose the "
     "base: `base: auto`",
     sglang_tags},
    {R"(fleet: [B200]; base: "lmsysorg/sglang:v0.5.5-cu126")",
     "no: B200 + base lmsysorg/sglang:v0.5.5-cu126 -> let mlpack choose the base: `base: auto`",
     sglang_tags},
    {R"(fleet: [B200]; runtime: sglang; base: "registry.example.com/mirror/lmsysorg/sglang:v0.5.5-cu129-amd64")",
     "sglang 0.5.5; driver 570",
     sglang_tags},
    {R"(fleet: [B200]; runtime: {name: sglang, version: "0.5.5"}; base: "lmsysorg/sglang:v0.5.5-cu126-runtime")",
     "no: sglang + B200 + base lmsysorg/sglang:v0.5.5-cu126-runtime -> let mlpack choose the base: "
     "`base: auto`",
     sglang_tags},
    {R"(fleet: [{gpu: RTX 4090, driver: "550.90.07"}]; runtime: sglang; base: "lmsysorg/sglang:v0.5.5-cu130")",
     "no: sglang + RTX 4090 + base lmsysorg/sglang:v0.5.5-cu130 + driver 550.90.07 of RTX 4090 -> "
     "let mlpack choose the base: `base: auto`",
     sglang_tags},
    {R"(fleet: [L4]; cuda: "13.0"; runtime: sglang; base: "lmsysorg/sglang:v0.5.5-cu126")",
     "no: sglang + base lmsysorg/sglang:v0.5.5-cu126 + CUDA 13.0 -> take CUDA 12.6 instead of 13.0",
     sglang_tags},
    {R"(fleet: [{gpu: L4, driver: "550.90.07"}]; runtime: vllm; base: "vllm/vllm-openai:v0.20.0-cu129")",
     "vllm 0.20.0; driver 525.60.13",
     vllm_base_tags},
    {R"(fleet: [{gpu: L4, driver: "550.90.07"}]; runtime: vllm; base: "vllm/vllm-openai:v0.20.0-x86_64-cu129-ubuntu2404")",
     "vllm 0.20.0; driver 525.60.13",
     vllm_base_tags},
    {R"(fleet: [L4]; platform: linux/amd64; runtime: vllm; base: "vllm/vllm-openai:v0.20.0-aarch64")",
     "no: base vllm/vllm-openai:v0.20.0-aarch64 + platform linux/amd64 -> let mlpack choose the "
     "base: `base: auto`",
     vllm_base_tags},
    {R"(fleet: [GH200, H100]; runtime: vllm; base: "vllm/vllm-openai:v0.20.0-aarch64")",
     "no: GH200 96GB + H100 SXM 80GB + base vllm/vllm-openai:v0.20.0-aarch64 -> let mlpack choose "
     "the base: `base: auto`",
     vllm_base_tags},
    {R"(fleet: [GH200, cpu]; platform: linux/arm64; base: "vllm/vllm-openai:v0.20.0-aarch64")",
     "cuda 13.0; driver 580.65.06",
     vllm_base_tags},
    {R"(fleet: [GH200]; runtime: vllm; base: "vllm/vllm-openai:v0.20.0-x86_64")",
     "no: GH200 96GB + base vllm/vllm-openai:v0.20.0-x86_64 -> let mlpack choose the base: `base: "
     "auto`",
     vllm_base_tags},
    {R"(fleet: [cpu]; platform: linux/arm64; runtime: vllm; base: "vllm/vllm-openai-cpu:v0.20.0-x86_64")",
     "no: base vllm/vllm-openai-cpu:v0.20.0-x86_64 + platform linux/arm64 -> let mlpack choose the "
     "base: `base: auto`",
     vllm_base_tags},
    {R"(fleet: [GH200]; runtime: sglang; base: "lmsysorg/sglang:v0.5.5-cu129-arm64")",
     "sglang 0.5.5; driver 525.60.13",
     sglang_tags},
    // Wheels bring their CUDA: without the base there is none.
    {R"(fleet: [K80, B200]; base: "nvidia/cuda:12.4.1-base-ubuntu22.04"; python: {packages: [numpy]})",
     "no: K80 + base nvidia/cuda:12.4.1-base-ubuntu22.04 -> let mlpack choose the base: `base: "
     "auto`",
     "NVIDIA CUDA toolkit release notes"},
    {R"(fleet: [K80, B200]; python: {packages: [numpy]})", "", "wheels bring their CUDA"},
    {R"(fleet: [L4]; base: "gcr.io/distroless/python3-debian12"; python: {version: "3.13", packages: [torch==2.9.1]})",
     "no: base gcr.io/distroless/python3-debian12 + Python 3.13 -> take Python 3.11 instead of "
     "3.13",
     distroless},
    {R"(fleet: [L4]; base: "pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime"; python: {packages: [torch==2.9.1+cu130]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     pytorch_images},
    {R"(fleet: [L4]; base: "pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel"; python: {packages: [torch==2.9.1+cu130]})",
     "no: torch + base pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel + torch==2.9.1+cu130 -> take "
     "torch 2.9.1 instead of torch==2.9.1+cu130",
     pytorch_images},
    {R"(fleet: [K80]; base: "pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime")",
     "no: K80 + base pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime -> let mlpack choose the base: "
     "`base: auto`",
     pytorch_images},
    {R"(fleet: [{gpu: K80}]; base: "docker.io/pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel")",
     "no: K80 + base docker.io/pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel -> let mlpack choose "
     "the base: `base: auto`",
     pytorch_tags},
};

}  // namespace

TEST_CASE("what the name of a base says of its CUDA and Python counts") {
  ask(questions_of_names);
}

TEST_CASE("the PyTorch of a base is doubted where its wheel has no code for a GPU") {
  CHECK(doubts_of(R"(fleet: [V100]; base: "pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime")") ==
        "pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime has torch 2.7.1, and in its wheel for CUDA "
        "12.8 there is no code for 7.0: binary code for 7.5, 8.0, 8.6, 9.0, 10.0, 12.0; PTX for "
        "12.0");
  CHECK(doubts_of(R"(fleet: [L4]; base: "pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime")").empty());
  // Another one is installed.
  CHECK(doubts_of(R"(fleet: [V100]; base: "pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime"; )"
                  "python: {packages: [torch==2.7.1+cu126]}")
            .find("in its wheel") == std::string::npos);
}
