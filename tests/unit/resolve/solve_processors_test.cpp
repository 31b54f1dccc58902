#include "lib/resolve/solve.h"
#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* arm_wheels = "PyTorch RELEASE.md, aarch64; builder build_cuda.sh";
constexpr const char* vllm_on_arm = "vLLM, issue 22206 and pull request 23210";
constexpr const char* sglang_arm = "SGLang, pull request 11268";
constexpr const char* tgi_arm = "Text Generation Inference, issue 2332";

const SpecQuestion questions_of_processors[] = {
    // What is in PyTorch's wheels for aarch64.
    {R"(fleet: [A100]; platform: linux/arm64; python: {packages: ["torch==2.4.1"]})",
     "torch 2.4.1+cu121; driver 525.60.13",
     arm_wheels},
    {R"(fleet: [A100]; platform: linux/arm64; cuda: "12.4"; python: {packages: ["torch==2.4.1"]})",
     "no: torch + A100 SXM 40GB + platform linux/arm64 + CUDA 12.4 + torch==2.4.1 -> take torch "
     "2.5.0 instead of torch==2.4.1",
     arm_wheels},
    {R"(fleet: [GH200]; cuda: "12.4"; python: {packages: ["torch==2.4.1"]})",
     "torch 2.4.1+cu124; driver 525.60.13",
     arm_wheels},
    {R"(fleet: [T4]; platform: linux/arm64; python: {packages: ["torch==2.12.1"]})",
     "no: torch + T4 + platform linux/arm64 + torch==2.12.1 -> take torch 2.13.0 instead of "
     "torch==2.12.1",
     arm_wheels},
    {R"(fleet: [T4]; platform: [linux/amd64, linux/arm64]; python: {packages: ["torch==2.12.1"]})",
     "torch 2.12.1+cu132; driver 580.65.06",
     arm_wheels},

    // Official images that are for x86-64 alone.
    {R"(fleet: [GH200]; runtime: {name: vllm, version: "0.8.5"})",
     "no: vllm + GH200 96GB + vllm 0.8.5 -> take vllm 0.10.2 instead of vllm 0.8.5",
     vllm_on_arm},
    {R"(fleet: [GH200]; runtime: {name: vllm, version: "0.10.1.1"})",
     "no: vllm + GH200 96GB + vllm 0.10.1.1 -> take vllm 0.10.2 instead of vllm 0.10.1.1",
     vllm_on_arm},
    {R"(fleet: [GH200]; runtime: {name: vllm, version: "0.10.2"})",
     "vllm 0.10.2; driver 525.60.13",
     vllm_on_arm},
    {R"(fleet: [L4]; platform: [linux/amd64, linux/arm64]; runtime: {name: vllm, version: "0.8.5"})",
     "no: vllm + platform linux/amd64, linux/arm64 + vllm 0.8.5 -> take vllm 0.10.2 instead of "
     "vllm 0.8.5",
     vllm_on_arm},
    {R"(fleet: [GH200]; runtime: {name: vllm, version: "0.8.5"}; base: "registry.example.com/v:1")",
     "vllm 0.8.5; driver 525.60.13",
     vllm_on_arm},
    {"fleet: [GB200]; runtime: sglang", "sglang 0.5.23; driver 580.65.06", sglang_arm},
    {R"(fleet: [GH200]; runtime: {name: sglang, version: "0.4.6"})",
     "no: sglang + GH200 96GB + sglang 0.4.6 -> take sglang 0.5.6.post2 instead of sglang 0.4.6",
     sglang_arm},
    {"fleet: [GH200]; runtime: tgi",
     "no: tgi + GH200 96GB -> name a base that has Text Generation Inference for linux/arm64: "
     "`base: IMAGE`",
     tgi_arm},
    {"fleet: [GB200]; runtime: tgi",
     "no: tgi + GB200 -> run it on H200 SXM instead of GB200",
     tgi_arm},
};

}  // namespace

std::span<const SpecQuestion> mlpack::test::processor_questions() {
  return questions_of_processors;
}

TEST_CASE("specs for Arm machines have the answers that the documents give") {
  ask(processor_questions());
}

TEST_CASE("what is in a wheel for Arm is compared where it is known, and a doubt where it is not") {
  const auto stack_of = [](std::string_view lines) {
    const auto found = solve(Catalog::built_in(), demands_in(lines));
    REQUIRE(found.stack);
    return *found.stack;
  };
  const Stack known = stack_of("fleet: [GH200]; python: {packages: [torch==2.12.1]}");
  CHECK(known.doubts.empty());
  REQUIRE(known.arm_code);
  CHECK(known.arm_code->sm.size() == 5);
  for (const char* machines : {"fleet: [GH200]", "fleet: [L4]; platform: linux/arm64"}) {
    const Stack stack =
        stack_of(fmt::format("{}; python: {{packages: [torch==2.14.1+cu126]}}", machines));
    CHECK_FALSE(stack.arm_code);
    REQUIRE(stack.doubts.size() == 1);
    CHECK(stack.doubts[0].reason ==
          "of torch 2.14.1+cu126 the catalog knows the code that is in the wheel for x86-64; that "
          "for arm64, where there is one, was not compared");
  }
  CHECK(stack_of("fleet: [L4]; python: {packages: [torch==2.14.1+cu126]}").doubts.empty());
}

// PyTorch RELEASE.md: Jetson Orin on JetPack needs builds of its own.
TEST_CASE("a Jetson may need builds of its own, whatever brings torch") {
  for (const char* const lines : {"python: {packages: [torch==2.9.0]}",
                                  "runtime: vllm",
                                  "runtime: {name: vllm, version: 0.11.0}",
                                  "python: {packages: [vllm]}"}) {
    const std::string told =
        doubts_of(fmt::format("fleet: [{{gpu: Jetson AGX Orin 64GB}}]; {}", lines));
    CAPTURE(lines);
    CHECK(told.find("Jetson AGX Orin 64GB may need builds of its own") != std::string::npos);
  }
}

TEST_CASE("an image for another processor than that of images made here is told") {
  const auto told = [](std::string_view processor, std::string_view more) {
    const std::string lines =
        fmt::format("base: 'lmsysorg/sglang:v0.5.5-cu129-{}'; {}", processor, more);
    return doubts_of(lines).find("and images made here are for linux/") != std::string::npos;
  };
  const std::string here = Platform::host().architecture;
  const std::string other = here == "amd64" ? "arm64" : "amd64";
  CHECK(told(other, "fleet: [L4]"));
  CHECK_FALSE(told(here, "fleet: [L4]"));
  CHECK_FALSE(told("arm64", "fleet: [GH200]"));
  CHECK_FALSE(told(other, fmt::format("fleet: [L4]; platform: linux/{}", other)));
}
