#include "lib/resolve/solve.h"
#include "tests/unit/resolve/documents.h"
#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/rules_support.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* vllm_tags = "vLLM docs, deployment/docker.md: the tag is the release";
constexpr const char* vllm_cpu_image = "vLLM docs, installation: CPU has an image of its own";
constexpr const char* triton_tags = "Triton docs, introduction/compatibility.md, r26.07";
constexpr const char* triton_map = "Triton build.py, DEFAULT_TRITON_VERSION_MAP";
constexpr const char* trt_llm_tags = "TensorRT-LLM installation: release:x.y.z";
constexpr const char* ngc_notes = "NVIDIA PyTorch container release notes 25.12";
constexpr const char* tgi_tags = "TGI releases: 3.3 is the newest 3.3.x";
constexpr const char* tei_images = "TEI README.md, Docker Images";
constexpr const char* ollama_gpus_docs = "Ollama docs, GPU";
constexpr const char* vllm_arm = "vLLM, issue 22206 and pull request 23210";
constexpr const char* ollama_tags = "Ollama docs/docker.md: the tag is the release";
constexpr const char* hub_names = "docker.io is Docker Hub, and index.docker.io its old name";
constexpr const char* ngc_cuda = "NGC catalog, CUDA: the images of nvidia/cuda";
constexpr const char* a_digest = "OCI distribution-spec: beside a digest the tag says nothing";

constexpr const char* pep656 = "PEP 656: musllinux wheels alone go on musl";
constexpr const char* distro_symbols = "pep600_compliance: symbol versions of the image";

constexpr const char* apt_python = "packages.ubuntu.com: python3; others have names of their own";

const SpecQuestion questions_of_bases[] = {
    // The base is the image of a release.
    {R"(fleet: [{gpu: V100, driver: "535.183.01"}]; base: "vllm/vllm-openai:v0.30.0"; runtime: vllm)",
     "no: vllm + V100 SXM2 16GB + base vllm/vllm-openai:v0.30.0 -> let mlpack choose the base: "
     "`base: auto`",
     vllm_tags},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}]; base: "vllm/vllm-openai:v0.30.0"; runtime: vllm)",
     "vllm 0.30.0; compat package of the base; driver 580.65.06",
     vllm_tags},
    {R"(fleet: [{gpu: T4, driver: "535.183.01"}]; base: "docker.io/vllm/vllm-openai:v0.30.0"; runtime: vllm)",
     "vllm 0.30.0; compat package of the base; driver 580.65.06",
     vllm_tags},
    {R"(fleet: [{gpu: RTX 4090, driver: "535.183.01"}]; base: "vllm/vllm-openai:v0.30.0"; runtime: vllm)",
     "no: vllm + RTX 4090 + base vllm/vllm-openai:v0.30.0 + driver 535.183.01 of RTX 4090 -> let "
     "mlpack choose the base: `base: auto`",
     vllm_tags},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "vllm/vllm-openai:v0.11.0"; runtime: vllm)",
     "vllm 0.11.0; driver 525.60.13",
     vllm_tags},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "index.docker.io/vllm/vllm-openai:v0.11.0"; runtime: vllm)",
     "vllm 0.11.0; driver 525.60.13",
     hub_names},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "vllm/vllm-openai:v0.11.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"; runtime: vllm)",
     "vllm 0.11.0; driver 525.60.13",
     a_digest},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "vllm/vllm-openai:v0.11.0"; runtime: {name: vllm, version: "0.30.0"})",
     "no: vllm + base vllm/vllm-openai:v0.11.0 + vllm 0.30.0 -> take vllm 0.11.0 instead of vllm "
     "0.30.0",
     vllm_tags},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "vllm/vllm-openai:v0.11.0"; runtime: {name: vllm, version: "0.11.0"})",
     "vllm 0.11.0; driver 525.60.13",
     vllm_tags},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "vllm/vllm-openai:v0.10.0"; runtime: vllm)",
     "vllm 0.10.0",
     "nothing is known of 0.10.0: said as a doubt"},
    {R"(fleet: [L4]; base: "vllm/vllm-openai:v0.10.0"; runtime: {name: vllm, version: "0.12.0"})",
     "no: vllm + base vllm/vllm-openai:v0.10.0 + vllm 0.12.0 -> let mlpack choose the base: `base: "
     "auto`",
     vllm_tags},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "vllm/vllm-openai:latest"; runtime: vllm)",
     "vllm 0.33.0; driver 580.65.06",
     "`latest` is no release"},
    {R"(fleet: [L4]; base: "vllm/vllm-openai:v0.19.0"; runtime: vllm; python: {packages: [torch==2.9.1]})",
     "no: vllm + base vllm/vllm-openai:v0.19.0 + torch==2.9.1 -> take torch 2.10.0 instead of "
     "torch==2.9.1",
     vllm_tags},
    {R"(fleet: [cpu]; base: "vllm/vllm-openai-cpu:v0.30.0"; runtime: vllm)",
     "vllm 0.30.0",
     vllm_cpu_image},
    {R"(fleet: [cpu]; base: "vllm/vllm-openai-cpu:v0.30.0"; runtime: {name: vllm, version: "0.20.0"})",
     "no: vllm + base vllm/vllm-openai-cpu:v0.30.0 + vllm 0.20.0 -> take vllm 0.30.0 instead of "
     "vllm 0.20.0",
     vllm_cpu_image},
    {R"(fleet: [L4]; base: "vllm/vllm-openai-cpu:v0.30.0"; runtime: vllm)",
     "no: vllm + L4 + base vllm/vllm-openai-cpu:v0.30.0 -> let mlpack choose the base: `base: "
     "auto`",
     vllm_cpu_image},
    {R"(fleet: [L4]; base: "ghcr.io/huggingface/text-generation-inference:3.0.1"; runtime: tgi)",
     "tgi 3.0.1; driver 525.60.13",
     tgi_tags},
    {R"(fleet: [L4]; base: "ghcr.io/huggingface/text-generation-inference:3.3"; runtime: tgi)",
     "tgi 3.3.7; driver 525.60.13",
     tgi_tags},
    {R"(fleet: [L4]; base: "ghcr.io/huggingface/text-embeddings-inference:89-1.8"; runtime: tei)",
     "tei 1.8",
     tei_images},
    {R"(fleet: [L4]; base: "ghcr.io/huggingface/text-embeddings-inference:89-1.8"; runtime: {name: tei, version: "1.7"})",
     "no: tei + base ghcr.io/huggingface/text-embeddings-inference:89-1.8 + tei 1.7 -> let mlpack "
     "choose the base: `base: auto`",
     tei_images},
    {R"(fleet: [L4]; base: "ollama/ollama:0.12.3"; runtime: ollama)", "ollama 0.12.3", ollama_tags},
    {R"(fleet: [L4]; base: "ollama/ollama:0.12.3"; runtime: {name: ollama, version: "0.13.0"})",
     "no: ollama + base ollama/ollama:0.12.3 + ollama 0.13.0 -> let mlpack choose the base: `base: "
     "auto`",
     ollama_tags},
    {R"(fleet: [{gpu: T4, driver: "470.256.02"}]; base: "ollama/ollama:0.12.3"; runtime: ollama)",
     "no: ollama + T4 + base ollama/ollama:0.12.3 + driver 470.256.02 of T4 -> let mlpack choose "
     "the base: `base: auto`",
     ollama_gpus_docs},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}]; base: "ollama/ollama:0.30.0")",
     "no: L4 + base ollama/ollama:0.30.0 + driver 535.183.01 of L4 -> let mlpack choose the base: "
     "`base: auto`",
     ollama_gpus_docs},
    {R"(fleet: [{gpu: L4, driver: "550.90.07"}]; base: "ollama/ollama:0.30.0")",
     "",
     ollama_gpus_docs},
    {R"(fleet: [K80]; base: "ollama/ollama:0.30.0")",
     "no: K80 + base ollama/ollama:0.30.0 -> let mlpack choose the base: `base: auto`",
     ollama_gpus_docs},
    {R"(fleet: [{gpu: L4, driver: "580.65.06"}]; base: "nvcr.io/nvidia/tritonserver:25.01-py3"; runtime: triton)",
     "triton 25.01; driver 525.60.13",
     triton_tags},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/tritonserver:25.01-py3"; runtime: {name: triton, version: "2.54.0"})",
     "triton 2.54.0",
     triton_map},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/tritonserver:25.01-py3"; runtime: {name: triton, version: "2.59.0"})",
     "no: triton + base nvcr.io/nvidia/tritonserver:25.01-py3 + triton 2.59.0 -> take triton 25.01 "
     "instead of triton 2.59.0",
     triton_map},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/tensorrt-llm/release:1.1.0"; runtime: tensorrt_llm)",
     "tensorrt_llm 1.1.0; driver 580.65.06",
     trt_llm_tags},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/tritonserver:25.08-trtllm-python-py3"; runtime: tensorrt_llm)",
     "tensorrt_llm 0.21.0; driver 525.60.13",
     triton_tags},

    // It may not be for Arm, whatever is started in it.
    {R"(fleet: [GH200]; base: "vllm/vllm-openai:v0.8.0"; run: [x])",
     "no: GH200 96GB + base vllm/vllm-openai:v0.8.0 -> let mlpack choose the base: `base: auto`",
     vllm_arm},
    {R"(fleet: [GH200]; base: "vllm/vllm-openai:v0.11.0"; run: [x])",
     "cuda 12.8; driver 525.60.13",
     vllm_arm},

    // Such a base has a toolkit, too.
    {R"(fleet: [{gpu: V100, driver: "535.183.01"}]; base: "vllm/vllm-openai:v0.30.0")",
     "no: V100 SXM2 16GB + base vllm/vllm-openai:v0.30.0 -> let mlpack choose the base: `base: "
     "auto`",
     vllm_tags},
    {R"(fleet: [{gpu: V100, driver: "535.183.01"}]; base: "nvcr.io/nvidia/tritonserver:26.07-py3")",
     "no: V100 SXM2 16GB + base nvcr.io/nvidia/tritonserver:26.07-py3 -> let mlpack choose the "
     "base: `base: auto`",
     triton_tags},
    {R"(fleet: [{gpu: V100, driver: "535.183.01"}]; base: "nvcr.io/nvidia/pytorch:25.12-py3")",
     "no: V100 SXM2 16GB + base nvcr.io/nvidia/pytorch:25.12-py3 -> let mlpack choose the base: "
     "`base: auto`",
     ngc_notes},
    {R"(fleet: [{gpu: RTX 4090, driver: "550.54.15"}]; base: "nvcr.io/nvidia/pytorch:25.12-py3")",
     "no: RTX 4090 + base nvcr.io/nvidia/pytorch:25.12-py3 + driver 550.54.15 of RTX 4090 -> let "
     "mlpack choose the base: `base: auto`",
     ngc_notes},
    {R"(fleet: [{gpu: L4, driver: "590.44.01"}]; base: "nvcr.io/nvidia/pytorch:25.12-py3")",
     "cuda 13.1; driver 580.65.06",
     ngc_notes},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/pytorch:25.12-py3"; python: {packages: [torch==2.5.1]})",
     "no: torch + base nvcr.io/nvidia/pytorch:25.12-py3 + torch==2.5.1 -> take torch 2.9.0 instead "
     "of torch==2.5.1",
     "fact image.one_cuda_major"},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/pytorch:25.12-py3"; python: {version: "3.11", packages: [numpy]})",
     "no: base nvcr.io/nvidia/pytorch:25.12-py3 + Python 3.11 -> take Python 3.12 instead of 3.11",
     ngc_notes},
    {R"(fleet: [L4]; base: "vllm/vllm-openai-cpu:v0.30.0")", "", vllm_cpu_image},

    // The same images by other names.
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; base: "nvidia/cuda@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"; python: {version: "3.12", packages: [torch]})",
     "torch 2.14.1+cu126; driver 525.60.13",
     hub_names},
    {R"(fleet: [{gpu: RTX 3090, driver: "470.256.02"}]; base: "registry.example.com/proxy/nvidia/cuda:12.4.1-runtime-ubuntu22.04")",
     "no: RTX 3090 + base registry.example.com/proxy/nvidia/cuda:12.4.1-runtime-ubuntu22.04 + "
     "driver "
     "470.256.02 of RTX 3090 -> let mlpack choose the base: `base: auto`",
     hub_names},
    {R"(fleet: [L4]; base: "registry.example.com/hub/library/python:3.11-slim"; python: {packages: [torch==2.5.1]})",
     "torch 2.5.1+cu124; driver 525.60.13",
     hub_names},
    {R"(fleet: [{gpu: L4, driver: "550.90.07"}]; base: "python:3-slim"; python: {packages: [torch==2.9.0]})",
     "torch 2.9.0+cu128; driver 525.60.13",
     hub_names},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/cuda:12.4.1-base-ubuntu22.04")",
     "cuda 12.4; driver 525.60.13",
     ngc_cuda},
    {R"(fleet: [L4]; base: "nvcr.io/nvidia/cuda:12.4.1-base-ubuntu22.04"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu128; driver 525.60.13",
     ngc_cuda},
    {R"(fleet: [L4]; base: "public.ecr.aws/docker/library/python:3.9-slim-bookworm"; python: {packages: [torch==2.9.0]})",
     "no: torch + base public.ecr.aws/docker/library/python:3.9-slim-bookworm + torch==2.9.0 -> "
     "take torch 2.8.0 instead of torch==2.9.0",
     "Amazon ECR Public Gallery, docker: Docker Official Images"},

    // The C library of the base.
    {R"(fleet: [L4]; base: "alpine:3.20"; python: {packages: [torch==2.9.1]})",
     "no: torch + base alpine:3.20 -> let mlpack choose the base: `base: auto`",
     pep656},
    {R"(fleet: [L4]; base: "docker.io/library/alpine:edge"; python: {packages: [torch==2.9.1]})",
     "no: torch + base docker.io/library/alpine:edge -> let mlpack choose the base: `base: auto`",
     pep656},
    {R"(fleet: [L4]; base: "alpine"; python: {packages: [torch==2.9.1]})",
     "no: torch + base alpine -> let mlpack choose the base: `base: auto`",
     pep656},
    {R"(fleet: [L4]; base: "python:3.12-alpine"; python: {packages: [torch==2.9.1]})",
     "no: torch + base python:3.12-alpine -> let mlpack choose the base: `base: auto`",
     pep656},
    {R"(fleet: [L4]; base: "python:3.12-alpine3.20"; python: {packages: [torch==2.9.1]})",
     "no: torch + base python:3.12-alpine3.20 -> let mlpack choose the base: `base: auto`",
     pep656},
    {R"(fleet: [L4]; base: "busybox:1.36-musl"; python: {packages: [torch==2.9.1]})",
     "no: torch + base busybox:1.36-musl -> let mlpack choose the base: `base: auto`",
     pep656},
    {R"(fleet: [L4]; base: "amazonlinux:2"; python: {packages: [torch==2.9.1]})",
     "no: torch + base amazonlinux:2 + torch==2.9.1 -> take torch 2.6.0 instead of torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "amazonlinux:2023"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     distro_symbols},
    {R"(fleet: [L4]; base: "amazonlinux:2.0.20240109.0"; python: {packages: [torch==2.9.1]})",
     "no: torch + base amazonlinux:2.0.20240109.0 + torch==2.9.1 -> take torch 2.6.0 instead of "
     "torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "centos:7"; python: {packages: [torch==2.9.1]})",
     "no: torch + base centos:7 + torch==2.9.1 -> take torch 2.6.0 instead of torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "centos:7.9.2009"; python: {packages: [torch==2.9.1]})",
     "no: torch + base centos:7.9.2009 + torch==2.9.1 -> take torch 2.6.0 instead of torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "redhat/ubi7"; python: {packages: [torch==2.9.1]})",
     "no: torch + base redhat/ubi7 + torch==2.9.1 -> take torch 2.6.0 instead of torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "registry.access.redhat.com/ubi9/ubi-minimal:9.4"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     distro_symbols},
    {R"(fleet: [L4]; base: "registry.access.redhat.com/ubi7-minimal"; python: {packages: [torch==2.9.1]})",
     "no: torch + base registry.access.redhat.com/ubi7-minimal + torch==2.9.1 -> take torch 2.6.0 "
     "instead of torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "rockylinux/rockylinux:8-minimal"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     distro_symbols},
    {R"(fleet: [L4]; base: "almalinux:8"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     distro_symbols},
    {R"(fleet: [L4]; base: "oraclelinux:7-slim"; python: {packages: [torch==2.9.1]})",
     "no: torch + base oraclelinux:7-slim + torch==2.9.1 -> take torch 2.6.0 instead of "
     "torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "fedora:42"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     distro_symbols},
    {R"(fleet: [L4]; base: "opensuse/leap:15.6"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     distro_symbols},
    {R"(fleet: [L4]; base: "debian:9-slim"; python: {version: "3.12", packages: [torch==2.9.1]})",
     "no: torch + base debian:9-slim + torch==2.9.1 -> take torch 2.6.0 instead of torch==2.9.1",
     distro_symbols},
    {R"(fleet: [L4]; base: "debian:12.5-slim"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     distro_symbols},

    // The Python of the base.
    {R"(fleet: [L4]; base: "ubuntu:18.04"; python: {packages: [torch==2.9.0]})",
     "no: torch + base ubuntu:18.04 -> let mlpack choose the base: `base: auto`",
     apt_python},
    {R"(fleet: [L4]; base: "ubuntu:20.04"; python: {packages: [torch==2.9.0]})",
     "no: torch + base ubuntu:20.04 + torch==2.9.0 -> take torch 2.4.1 instead of torch==2.9.0",
     apt_python},
    {R"(fleet: [L4]; base: scratch; python: {packages: [torch==2.9.1]})",
     "no: base scratch -> let mlpack choose the base: `base: auto`",
     "nothing has no Python"},
    {R"(base: scratch; python: {packages: [numpy]})",
     "no: base scratch -> let mlpack choose the base: `base: auto`",
     "nothing has no Python"},
    {R"(fleet: [L4]; base: "ubuntu:20.04"; python: {packages: [torch==2.4.1]})",
     "torch 2.4.1+cu124; driver 525.60.13",
     apt_python},
    {R"(fleet: [L4]; base: "ubuntu:22.04"; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     apt_python},
    {R"(fleet: [L4]; base: "ubuntu:22.04"; python: {version: "3.11", packages: [torch==2.9.1]})",
     "torch 2.9.1+cu130; driver 580.65.06",
     apt_python},
    {R"(fleet: [L4]; base: "nvidia/cuda:12.8.1-base-ubuntu20.04"; python: {packages: [torch==2.9.1]})",
     "no: torch + base nvidia/cuda:12.8.1-base-ubuntu20.04 + torch==2.9.1 -> take torch 2.4.1 "
     "instead of torch==2.9.1",
     apt_python},
};

std::string base_for(std::string_view lines) {
  return solve(Catalog::built_in(), demands_in(lines)).stack->base;
}

std::string python_for(std::string_view lines) {
  return std::string(solve(Catalog::built_in(), demands_in(lines)).stack->python->text());
}

}  // namespace

std::span<const SpecQuestion> mlpack::test::base_questions() {
  return questions_of_bases;
}

TEST_CASE("what a base is called after is what it has") {
  ask(questions_of_bases);
}

TEST_CASE("without a version, Python is the `python3` that apt has") {
  CHECK(python_for("base: \"ubuntu:20.04\"; python: {packages: [numpy]}") == "3.8");
  CHECK(python_for("base: \"nvidia/cuda:12.4.1-base-ubuntu22.04\"; python: {packages: [numpy]}") ==
        "3.10");
  CHECK(python_for("base: \"debian:12-slim\"; python: {packages: [numpy]}") == "3.11");
  CHECK(python_for("base: \"ubuntu:20.04\"; python: {version: \"3.9\", packages: [numpy]}") ==
        "3.9");
  CHECK(python_for("base: \"python:3.12-slim-bookworm\"; python: {packages: [numpy]}") == "3.12");
}

TEST_CASE("an image of TensorRT-LLM's own is taken where there is one") {
  CHECK(base_for("fleet: [H100]; runtime: tensorrt_llm") ==
        "nvcr.io/nvidia/tensorrt-llm/release:1.2.1");
  CHECK(base_for("fleet: [H100]; runtime: {name: tensorrt_llm, version: \"0.20.0\"}") ==
        "nvcr.io/nvidia/tensorrt-llm/release:0.20.0");
  CHECK(base_for("fleet: [H100]; runtime: {name: tensorrt_llm, version: \"0.19.0\"}") ==
        "nvcr.io/nvidia/tritonserver:25.05-trtllm-python-py3");
}

TEST_CASE("a driver is raised to the oldest that the documents of a runtime name") {
  const Resolution resolution = solve(
      catalog(),
      demands_in(R"(fleet: [{gpu: T4, driver: "470.256.02"}]; base: "ollama/ollama:0.12.3")"));
  REQUIRE(resolution.conflicts.size() == 1);
  const auto& fixes = resolution.conflicts.front().fixes;
  CHECK(std::any_of(fixes.begin(), fixes.end(), [](const Fix& fix) {
    return fix.text == "raise the driver of T4 from 470.256.02 to 531 or newer";
  }));
}

TEST_CASE("wheels that are not built for GPUs on Arm are a doubt there") {
  const auto is_doubted = [](const char* lines, std::string_view reason) {
    const Resolution resolution = solve(catalog(), demands_in(lines));
    REQUIRE(resolution.stack);
    const auto& doubts = resolution.stack->doubts;
    return std::any_of(
        doubts.begin(), doubts.end(), [&](const Ruling& doubt) { return doubt.reason == reason; });
  };
  constexpr std::string_view tensorflow =
      "TensorFlow's own wheels for arm64 are built without CUDA";
  constexpr std::string_view onnx = "PyPI has no wheels of onnxruntime-gpu for arm64";
  CHECK(is_doubted("fleet: [GH200]; python: {packages: [tensorflow]}", tensorflow));
  CHECK_FALSE(is_doubted("fleet: [H100]; python: {packages: [tensorflow]}", tensorflow));
  CHECK(is_doubted("fleet: [GH200]; python: {packages: [onnxruntime-gpu]}", onnx));
  CHECK_FALSE(is_doubted("fleet: [GH200]; python: {packages: [\"jax[cuda12]\"]}", onnx));
}

TEST_CASE("a Python that the base's distribution has not is a doubt") {
  const auto doubts = [](const char* lines) {
    const Resolution resolution = solve(catalog(), demands_in(lines));
    REQUIRE(resolution.stack);
    std::vector<std::string> reasons;
    for (const Ruling& doubt : resolution.stack->doubts)
      reasons.push_back(doubt.reason);
    return join(reasons, "; ");
  };
  CHECK(doubts(R"(base: "ubuntu:22.04"; python: {version: "3.12"})") ==
        "`python3` of ubuntu:22.04 is Python 3.10: Python 3.12 is there if the image has it on its "
        "PATH, or `system_packages` brings it");
  CHECK(doubts(R"(base: "debian:12"; python: {version: "3.11"})").empty());
  CHECK(doubts(R"(base: "ubuntu:22.04"; python: {version: "3.11"}; system_packages: [python3.11])")
            .empty());
  CHECK(doubts(R"(base: "python:3.12-slim"; python: {version: "3.12"})").empty());
}
