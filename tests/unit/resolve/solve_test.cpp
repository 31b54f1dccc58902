#include "lib/resolve/solve.h"

#include "lib/resolve/stack_image.h"
#include "tests/unit/resolve/documents.h"
#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// What else the expected answers rest on.
constexpr const char* driver_guide = "Driver Installation Guide, Linux System Requirements";
constexpr const char* one_major = "facts image.one_cuda_major";
constexpr const char* release_md = "PyTorch RELEASE.md, Release Compatibility Matrix";
constexpr const char* arch_lists = "torch.cuda.get_arch_list() of the wheels";
constexpr const char* builder = "pytorch/builder manywheel/build_cuda.sh";
constexpr const char* test_infra = "pytorch/test-infra generate_binary_build_matrix.py";
constexpr const char* pep600 = "PEP 600; pep600_compliance";
constexpr const char* cover = "facts torch.cover_89, torch.thor_orin";
constexpr const char* vllm_docs = "vLLM docs, GPU installation; wheel metadata";
constexpr const char* sglang_docs = "SGLang release notes";
constexpr const char* tgi_docs = "TGI Dockerfiles";
constexpr const char* triton_matrix = "Triton compatibility matrix";
constexpr const char* ollama_docs = "Ollama docs, GPU";
constexpr const char* no_release = "nothing is known: said as a doubt";

const SpecQuestion questions_of_machines[] = {
    {R"(fleet: [L4]; platform: linux/s390x; cuda: "12.4")",
     "no: L4 + platform linux/s390x -> build it for what the machines are: `platform: linux/amd64`",
     driver_guide},
    {R"(fleet: [L4]; platform: [linux/386, linux/arm64]; cuda: "12.4")",
     "cuda 12.4; driver 525.60.13",
     driver_guide},
    {R"(fleet: [L4, GH200]; platform: linux/riscv64; cuda: "12.4")",
     "no: L4 + platform linux/riscv64 -> build it for what the machines are: "
     "`platform: [linux/amd64, linux/arm64]`",
     driver_guide},
    {R"(fleet: [L4, cpu]; platform: linux/arm/v7; cuda: "12.4")",
     "no: L4 + platform linux/arm/v7 -> build it for what the machines are: "
     "`platform: [linux/amd64, linux/arm/v7]`",
     driver_guide},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}]; cuda: "12.4")",
     "cuda 12.4; driver 525.60.13",
     minor_guide},
    {R"(fleet: [{gpu: L4, driver: "535"}]; cuda: "12.4")",
     "cuda 12.4; driver 525.60.13",
     minor_guide},
    {R"(fleet: [{gpu: RTX 4090, driver: "525"}]; cuda: "12.4")",
     "cuda 12.4; driver 525.60.13",
     no_release},
    {R"(fleet: [{gpu: A100, driver: "440.33.01"}]; cuda: "11.8")",
     "no: A100 SXM 40GB + driver 440.33.01 of A100 SXM 40GB -> raise the driver of A100 SXM 40GB "
     "from 440.33.01 to 450.80.02 or newer",
     minor_guide},
    {R"(fleet: [{gpu: L4, driver: "470.256.02"}]; cuda: "12.4")",
     "no: L4 + driver 470.256.02 of L4 -> raise the driver of L4 from 470.256.02 to 525.60.13 or "
     "newer",
     forward_guide},
    {R"(fleet: [{gpu: A100, driver: "470.256.02"}]; cuda: "12.4")",
     "cuda 12.4; compat package of the base; driver 525.60.13",
     images},
    {R"(fleet: [{gpu: RTX 3090, driver: "470.256.02"}]; cuda: "12.4")",
     "no: RTX 3090 + CUDA 12.4 + driver 470.256.02 of RTX 3090 -> take CUDA 11.8 instead of 12.4",
     forward_guide},
    {R"(fleet: [{gpu: T4, driver: "450.80.02"}]; cuda: "11.8")",
     "cuda 11.8; driver 450.80.02",
     minor_guide},
    {R"(fleet: [{gpu: T4, driver: "450.51.06"}]; cuda: "11.8")",
     "no: T4 + CUDA 11.8 + driver 450.51.06 of T4 -> raise the driver of T4 from 450.51.06 to "
     "450.80.02 or newer",
     minor_guide},
    {R"(fleet: [{gpu: V100, driver: "440.33"}]; cuda: "10.2")", "cuda 10.2; driver 440.33", notes},
    {R"(fleet: [{gpu: V100, driver: "418.197.02"}]; cuda: "10.2")",
     "cuda 10.2; compat package of the base; driver 440.33",
     images},
    {R"(fleet: [{gpu: GTX 1080 Ti, driver: "418.197.02"}]; cuda: "10.2")",
     "no: GTX 1080 Ti + driver 418.197.02 of GTX 1080 Ti -> raise the driver of GTX 1080 Ti from "
     "418.197.02 to 440.33 or newer",
     notes},
    {R"(fleet: [V100]; cuda: "13.0")",
     "no: V100 SXM2 16GB + CUDA 13.0 -> take CUDA 12.9 instead of 13.0",
     matrix},
    {R"(fleet: [T4]; cuda: "13.0")", "cuda 13.0; driver 580.65.06", matrix},
    {R"(fleet: [P40]; cuda: "12.8")", "cuda 12.8; driver 525.60.13", matrix},
    {R"(fleet: [P40]; cuda: "13.0")",
     "no: P40 + CUDA 13.0 -> take CUDA 12.9 instead of 13.0",
     matrix},
    {R"(fleet: [K80]; cuda: "11.4")", "cuda 11.4; driver 450.80.02", matrix},
    {R"(fleet: [K80]; cuda: "12.0")",
     "no: K80 + CUDA 12.0 -> take CUDA 11.8 instead of 12.0",
     matrix},
    {R"(fleet: [H100]; cuda: "11.4")",
     "no: H100 SXM 80GB + CUDA 11.4 -> take CUDA 11.8 instead of 11.4",
     matrix},
    {R"(fleet: [H100]; cuda: "11.8")", "cuda 11.8; driver 520", matrix},
    {R"(fleet: [L4]; cuda: "11.4")",
     "no: L4 + CUDA 11.4 -> take CUDA 11.8 instead of 11.4",
     matrix},
    {R"(fleet: [RTX 5090]; cuda: "12.6")",
     "no: RTX 5090 + CUDA 12.6 -> take CUDA 12.8 instead of 12.6",
     matrix},
    {R"(fleet: [RTX 5090]; cuda: "12.8")", "cuda 12.8; driver 570", matrix},
    {R"(fleet: [B200]; cuda: "12.4")",
     "no: B200 + CUDA 12.4 -> take CUDA 12.8 instead of 12.4",
     matrix},
    {R"(fleet: [{gpu: B200, driver: "550.163.01"}])",
     "no: B200 + driver 550.163.01 of B200 -> raise the driver of B200 from 550.163.01 to 570 or "
     "newer",
     matrix},
    {R"(fleet: [{gpu: GTX 980, driver: "590.44.01"}])",
     "no: GTX 980 + driver 590.44.01 of GTX 980 -> keep GTX 980 on driver branch 580",
     matrix},
    {"fleet: [L4]", "cuda 13.4; driver 580.65.06", notes},
    {"fleet: [V100]", "cuda 12.9; driver 525.60.13", matrix},
    {"fleet: [K80]", "cuda 11.8; driver 450.80.02", matrix},
    {"fleet: [K80, B200]",
     "no: K80 + B200 -> take K80 out of `fleet`, and build an image of its own for it",
     matrix},
    {"fleet: [V100, B200]", "cuda 12.9; driver 525.60.13", matrix},
    {"fleet: [GTX 1080 Ti, RTX 5090]", "cuda 12.9; driver 525.60.13", matrix},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}, {gpu: H100, count: 2, driver: "550.90"}])",
     "cuda 12.9; driver 525.60.13",
     minor_guide},
    {R"(fleet: [{gpu: H100, driver: "535.309.01"}]; cuda: "13.4")",
     "cuda 13.4; compat package of the base; driver 580.65.06",
     forward_guide},
    {R"(fleet: [{gpu: RTX 4090, driver: "570.211.01"}]; cuda: "13.0")",
     "no: RTX 4090 + CUDA 13.0 + driver 570.211.01 of RTX 4090 -> take CUDA 12.9 instead of 13.0",
     forward_guide},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}, {gpu: H100, count: 2, driver: "550.90"}]; python: {packages: [torch]})",
     "torch 2.14.1+cu126; driver 525.60.13",
     release_md},
    {"fleet: [RTX 5090]; python: {packages: [torch==2.5.1]}",
     "no: torch + RTX 5090 + torch==2.5.1 -> take torch 2.7.0 instead of torch==2.5.1",
     arch_lists},
    {"fleet: [RTX 5090]; python: {packages: [torch]}",
     "torch 2.15.0+cu132; driver 580.65.06",
     arch_lists},
    {R"(fleet: [RTX 5090]; python: {packages: ["torch<2.9"]})",
     "torch 2.8.0+cu129; driver 570",
     arch_lists},
    {R"(fleet: [{gpu: RTX 5090, driver: "570.26"}]; python: {packages: [torch]})",
     "torch 2.11.0+cu129; driver 570",
     arch_lists},
    {"fleet: [V100]; python: {packages: [torch]}",
     "torch 2.14.1+cu126; driver 525.60.13",
     arch_lists},
    {R"(fleet: [V100]; python: {packages: ["torch==2.11.0+cu128"]})",
     "no: torch + V100 SXM2 16GB + torch==2.11.0+cu128 -> take torch 2.11.0 instead of "
     "torch==2.11.0+cu128",
     arch_lists},
    {"fleet: [V100]; python: {packages: [torch==2.9.0]}",
     "torch 2.9.0+cu128; driver 525.60.13",
     arch_lists},
    {"fleet: [P100]; python: {packages: [torch]}",
     "torch 2.14.1+cu126; driver 525.60.13",
     arch_lists},
    {"fleet: [P40]; python: {packages: [torch==2.8.0]}",
     "torch 2.8.0+cu126; driver 525.60.13",
     arch_lists},
    {"fleet: [K80]; python: {packages: [torch]}", "torch 2.6.0+cu118; driver 450.80.02", builder},
    {"fleet: [K80]; python: {packages: [torch==2.4.0]}",
     "torch 2.4.0+cu118; driver 450.80.02",
     builder},
    {"fleet: [GTX 980]; python: {packages: [torch]}",
     "torch 2.14.1+cu126; driver 525.60.13",
     arch_lists},
    {"fleet: [L40S]; python: {packages: [torch==1.13.1]}",
     "torch 1.13.1+cu117; driver 520",
     builder},
    {"fleet: [H100]; python: {packages: [torch==1.13.1]}",
     "no: torch + H100 SXM 80GB + torch==1.13.1 -> take torch 2.0.0 instead of torch==1.13.1",
     builder},
    {"fleet: [H100]; python: {packages: [torch==2.0.1]}", "torch 2.0.1+cu118; driver 520", builder},
    {"fleet: [A100]; python: {packages: [torch==2.1.2]}",
     "torch 2.1.2+cu121; driver 525.60.13",
     builder},
    {R"(fleet: [{gpu: A100, driver: "450.80.02"}]; python: {packages: [torch]})",
     "torch 2.7.1+cu118; driver 450.80.02",
     builder},
    {R"(fleet: [{gpu: A100, driver: "470.256.02"}]; python: {packages: [torch==2.4.1]})",
     "torch 2.4.1+cu118; driver 450.80.02",
     builder},
    {R"(fleet: [{gpu: A100, driver: "470.256.02"}]; python: {packages: [torch==2.6.0]})",
     "torch 2.6.0+cu118; driver 450.80.02",
     builder},
    {R"(fleet: [{gpu: T4, driver: "525.60.13"}]; python: {packages: [torch==2.9.1]})",
     "torch 2.9.1+cu128; driver 525.60.13",
     release_md},
    {R"(fleet: [{gpu: T4, driver: "525.60.13"}]; python: {packages: ["torch==2.9.1+cu130"]})",
     "no: torch + T4 + torch==2.9.1+cu130 + driver 525.60.13 of T4 -> take torch 2.9.1 instead of "
     "torch==2.9.1+cu130",
     release_md},
    {R"(fleet: [{gpu: T4, driver: "580.65.06"}]; python: {packages: [torch]})",
     "torch 2.15.0+cu132; driver 580.65.06",
     release_md},
    {"fleet: [B200]; python: {packages: [torch==2.6.0]}",
     "no: torch + B200 + torch==2.6.0 -> take torch 2.7.0 instead of torch==2.6.0",
     arch_lists},
    {"fleet: [B200]; python: {packages: [torch==2.7.1]}",
     "torch 2.7.1+cu128; driver 570",
     arch_lists},
    {"fleet: [B300 SXM]; python: {packages: [torch]}",
     "torch 2.15.0+cu132; driver 580.65.06",
     cover},
    {"fleet: [GB10]; python: {packages: [torch]}", "torch 2.15.0+cu132; driver 580.65.06", cover},
    {"fleet: [RTX PRO 6000 Blackwell Server]; python: {packages: [torch]}",
     "torch 2.15.0+cu132; driver 580.65.06",
     arch_lists},
    {"fleet: [V100, B200]; python: {packages: [torch]}",
     "torch 2.10.0+cu128; driver 525.60.13",
     arch_lists},
    {"fleet: [P100, B200]; python: {packages: [torch]}",
     "no: torch + P100 PCIe 16GB + B200 -> take P100 PCIe 16GB out of `fleet`, and build an image "
     "of "
     "its own for it",
     arch_lists},
    {"fleet: [Jetson AGX Orin 64GB]; python: {packages: [torch]}",
     "torch 2.15.0+cu132; driver 580.65.06",
     cover},
    {R"(fleet: [L4]; cuda: "12.6"; python: {packages: [torch]})",
     "torch 2.14.1+cu126; driver 525.60.13",
     release_md},
    {R"(fleet: [L4]; cuda: "12.4"; python: {packages: [torch==2.9.0]})",
     "no: torch + CUDA 12.4 + torch==2.9.0 -> take torch 2.6.0 instead of torch==2.9.0",
     release_md},
    {R"(fleet: [L4]; cuda: "12.4"; python: {packages: [torch]})",
     "torch 2.6.0+cu124; driver 525.60.13",
     builder},
    {R"(fleet: [L4]; python: {version: "3.8", packages: [torch==2.9.0]})",
     "no: torch + Python 3.8 + torch==2.9.0 -> take torch 2.4.1 instead of torch==2.9.0",
     test_infra},
    {R"(fleet: [L4]; python: {version: "3.8", packages: [torch]})",
     "torch 2.4.1+cu124; driver 525.60.13",
     test_infra},
    {R"(fleet: [L4]; python: {version: "3.14", packages: [torch==2.8.0]})",
     "no: torch + Python 3.14 + torch==2.8.0 -> take torch 2.9.0 instead of torch==2.8.0",
     test_infra},
    {R"(fleet: [L4]; python: {version: "3.12", packages: [torch==2.1.2]})",
     "no: torch + Python 3.12 + torch==2.1.2 -> take torch 2.2.0 instead of torch==2.1.2",
     test_infra},
    {R"(fleet: [L4]; base: "ubuntu:18.04"; python: {version: "3.12", packages: [torch==2.9.0]})",
     "no: torch + base ubuntu:18.04 + torch==2.9.0 -> take torch 2.6.0 instead of torch==2.9.0",
     pep600},
    {R"(fleet: [L4]; base: "ubuntu:20.04"; python: {version: "3.12", packages: [torch==2.9.0]})",
     "torch 2.9.0+cu130; driver 580.65.06",
     pep600},
    {R"(fleet: [L4]; base: "python:3.9-slim-bookworm"; python: {packages: [torch==2.9.0]})",
     "no: torch + base python:3.9-slim-bookworm + torch==2.9.0 -> take torch 2.8.0 instead of "
     "torch==2.9.0",
     test_infra},
    {"fleet: [L4]; base: {debian: bookworm}; python: {packages: [torch]}",
     "torch 2.15.0+cu132; driver 580.65.06",
     test_infra},
    {R"(fleet: [L4]; base: "nvidia/cuda:12.4.1-base-ubuntu22.04"; python: {packages: [torch]})",
     "torch 2.14.1+cu126; driver 525.60.13",
     one_major},
    {R"(fleet: [L4]; base: "nvidia/cuda:12.4.1-base-ubuntu22.04"; python: {packages: ["torch==2.9.0+cu130"]})",
     "no: torch + base nvidia/cuda:12.4.1-base-ubuntu22.04 + torch==2.9.0+cu130 -> take torch "
     "2.9.0 instead of torch==2.9.0+cu130",
     one_major},
    {"fleet: [cpu]; python: {packages: [torch==2.9.0]}", "torch 2.9.0+cpu", test_infra},
    {"fleet: [cpu, L4]; python: {packages: [torch==2.9.0]}",
     "torch 2.9.0+cu130; driver 580.65.06",
     test_infra},
    {"fleet: [L4]; python: {packages: [torch==2.99.0]}", "torch 2.99.0", no_release},
    {"fleet: [L4]; runtime: vllm", "vllm 0.33.0; driver 580.65.06", vllm_docs},
    {R"(fleet: [{gpu: L4, driver: "535.183.01"}]; runtime: vllm)",
     "vllm 0.19.0; driver 525.60.13",
     vllm_docs},
    {"fleet: [V100]; runtime: vllm", "vllm 0.19.0; driver 525.60.13", vllm_docs},
    {R"(fleet: [V100]; runtime: {name: vllm, version: "0.30.0"})",
     "no: vllm + V100 SXM2 16GB + vllm 0.30.0 -> take vllm 0.19.0 instead of vllm 0.30.0",
     vllm_docs},
    {"fleet: [P40]; runtime: vllm",
     "no: vllm + P40 -> run it on V100 SXM2 16GB instead of P40",
     vllm_docs},
    {R"(fleet: [T4]; runtime: {name: vllm, version: "0.11.0"})",
     "vllm 0.11.0; driver 525.60.13",
     vllm_docs},
    {R"(fleet: [RTX 5090]; runtime: {name: vllm, version: "0.8.5"})",
     "no: vllm + RTX 5090 + vllm 0.8.5 -> take vllm 0.9.0 instead of vllm 0.8.5",
     arch_lists},
    {R"(fleet: [B200]; runtime: {name: vllm, version: "0.9.2"})",
     "vllm 0.9.2; driver 570",
     arch_lists},
    {R"(fleet: [H100]; runtime: {name: vllm, version: "0.6.3"})",
     "vllm 0.6.3; driver 525.60.13",
     vllm_docs},
    {R"(fleet: [{gpu: H100, driver: "520.61.05"}]; runtime: {name: vllm, version: "0.6.3"})",
     "no: vllm + H100 SXM 80GB + driver 520.61.05 of H100 SXM 80GB -> raise the driver of H100 SXM "
     "80GB from 520.61.05 to 525.60.13 or newer",
     vllm_docs},
    {R"(fleet: [H100]; runtime: {name: vllm, version: "0.99.0"})", "vllm 0.99.0", no_release},
    {R"(fleet: [H100]; runtime: {name: vllm, version: "0.11.0"}; cuda: "12.4")",
     "no: vllm + CUDA 12.4 + vllm 0.11.0 -> take vllm 0.8.5.post1 instead of vllm 0.11.0",
     vllm_docs},
    {R"(fleet: [H100]; runtime: {name: vllm, version: "0.11.0"}; python: {packages: [torch==2.9.0]})",
     "no: vllm + vllm 0.11.0 + torch==2.9.0 -> take vllm 0.11.2 instead of vllm 0.11.0",
     vllm_docs},
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; runtime: sglang)",
     "sglang 0.5.12.post1; driver 525.60.13",
     sglang_docs},
    {R"(fleet: [{gpu: A100, driver: "580.65.06"}]; runtime: sglang)",
     "sglang 0.5.23; driver 580.65.06",
     sglang_docs},
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; runtime: tgi)",
     "tgi 3.3.7; driver 525.60.13",
     tgi_docs},
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; runtime: triton)",
     "triton 25.07; driver 525.60.13",
     triton_matrix},
    {R"(fleet: [{gpu: A100, driver: "535.183.01"}]; runtime: tensorrt_llm)",
     "tensorrt_llm 1.0.0; driver 525.60.13",
     triton_matrix},
    {R"(fleet: [{gpu: RTX 4090, driver: "535.183.01"}]; runtime: {name: triton, version: "25.08"})",
     "no: triton + RTX 4090 + triton 25.08 + driver 535.183.01 of RTX 4090 -> take triton 25.07 "
     "instead of triton 25.08",
     triton_matrix},
    {"fleet: [V100]; runtime: triton", "triton 25.07; driver 525.60.13", triton_matrix},
    {"fleet: [GTX 980]; runtime: ollama", "ollama 0.30.0-0.33.0", ollama_docs},
    {"fleet: [A100]; runtime: tei", "tei latest", no_release},
    {"fleet: [A100]; runtime: llamacpp", "llamacpp source", no_release},
    {R"(fleet: [{gpu: RTX 5090, driver: "550.163.01"}, {gpu: K80, driver: "470.256.02"}]; runtime: vllm)",
     "no: vllm + K80 -> take K80 out of `fleet`, and build an image of its own for it; no: RTX "
     "5090 + driver 550.163.01 of RTX 5090 -> raise the driver of RTX 5090 from 550.163.01 to 570 "
     "or newer",
     matrix},
    {R"(fleet: [{gpu: T4, driver: "470.256.02"}]; runtime: vllm)",
     "vllm 0.11.0; compat package of the base; driver 525.60.13",
     images},
    {R"(fleet: [{gpu: RTX 2080 Ti, driver: "470.256.02"}]; runtime: vllm)",
     "no: vllm + RTX 2080 Ti + driver 470.256.02 of RTX 2080 Ti -> raise the driver of RTX 2080 Ti "
     "from 470.256.02 to 525.60.13 or newer",
     forward_guide},
    {"fleet: [Jetson AGX Thor]; python: {packages: [torch]}",
     "torch 2.15.0+cu132; driver 580.65.06",
     cover},
};

}  // namespace

std::span<const SpecQuestion> mlpack::test::machine_questions() {
  return questions_of_machines;
}

TEST_CASE("a Python that is not out is not chosen, though there are wheels for it") {
  const Resolution found =
      solve(Catalog::built_in(), demands_in("fleet: [L4]; python: {packages: [torch==2.15.0]}"));
  REQUIRE(found.stack);
  REQUIRE(found.stack->python);
  CHECK(found.stack->python->text() == "3.14");
  CHECK(found.stack->base == "docker.io/library/python:3.14-slim-trixie");
}

TEST_CASE("specs have the answers that the documents give") {
  ask(machine_questions());
}

TEST_CASE(
    "what is demanded of the container toolkit lets every machine of a mixed fleet start it") {
  const auto requirement = [](std::string_view lines) {
    const Demands demands = demands_in(lines);
    const Resolution found = solve(Catalog::built_in(), demands);
    REQUIRE(found.stack);
    return cuda_requirement(Catalog::built_in(), *found.stack, demands);
  };
  // No driver of a B200 or an H100 is older than what their own rows would ask for.
  CHECK(requirement(
            R"(fleet: [{gpu: L4, driver: "535"}, {gpu: B200, driver: "570"}]; cuda: "12.9")") ==
        "cuda>=12.0,driver>=525.60.13");
  CHECK(requirement(
            R"(fleet: [{gpu: K80, driver: "470"}, {gpu: H100, driver: "535"}]; cuda: "11.8")") ==
        "cuda>=11.0,driver>=450.80.2");
  CHECK(requirement(R"(fleet: [{gpu: B200, driver: "570"}]; cuda: "12.9")") ==
        "cuda>=12.8,driver>=570");
  CHECK(requirement(
            R"(fleet: [{gpu: T4, driver: "470"}, {gpu: H100, driver: "535"}]; cuda: "12.4")") ==
        "cuda>=12.0,driver>=525.60.13 driver>=470,driver<471");
  CHECK(requirement(R"(fleet: [{gpu: T4, driver: "450.51.06"}]; cuda: "11.0")") ==
        "cuda>=11.0,driver>=450.80.2 driver>=450,driver<451");
}

TEST_CASE("what is demanded of the container toolkit has no zeros in front, which it refuses") {
  Stack stack;
  stack.min_driver = Version::parse("580.65.06");
  CHECK(cuda_requirement(Catalog::built_in(), stack, {}) == "cuda>=13.0,driver>=580.65.6");
}
