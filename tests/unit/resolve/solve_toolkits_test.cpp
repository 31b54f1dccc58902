#include "tests/unit/resolve/documents.h"
#include "tests/unit/resolve/questions.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* torch_builds = "torch.cuda.get_arch_list() of the wheels; builder scripts";

const SpecQuestion questions_of_toolkits[] = {
    // Every toolkit, and every minor release of PyTorch.
    {R"(fleet: [T4]; cuda: "11.0")", "cuda 11.0; driver 450.80.02", "facts cuda.floor_11_0"},
    {R"(fleet: [{gpu: A100, driver: "450.80.02"}]; cuda: "11.1")",
     "cuda 11.1; driver 450.80.02",
     minor_guide},
    {R"(fleet: [{gpu: V100, driver: "460.32.03"}]; cuda: "11.2")",
     "cuda 11.2; driver 450.80.02",
     minor_guide},
    {R"(fleet: [{gpu: RTX 3090, driver: "460.32.03"}]; cuda: "11.3")",
     "cuda 11.3; driver 455",
     minor_guide},
    {R"(fleet: [{gpu: T4, driver: "470.82.01"}]; cuda: "11.5")",
     "cuda 11.5; driver 450.80.02",
     minor_guide},
    {R"(fleet: [{gpu: GTX 1080 Ti, driver: "470.82.01"}]; cuda: "11.6")",
     "cuda 11.6; driver 450.80.02",
     minor_guide},
    {R"(fleet: [P100]; cuda: "11.7")", "cuda 11.7; driver 450.80.02", matrix},
    {R"(fleet: [{gpu: H100, driver: "525.60.13"}]; cuda: "12.0")",
     "cuda 12.0; driver 525.60.13",
     notes},
    {R"(fleet: [{gpu: L40S, driver: "535.54.03"}]; cuda: "12.1")",
     "cuda 12.1; driver 525.60.13",
     notes},
    {R"(fleet: [{gpu: RTX 4090, driver: "525.85.12"}]; cuda: "12.2")",
     "cuda 12.2; driver 525.60.13",
     minor_guide},
    {R"(fleet: [{gpu: RTX 2080 Ti, driver: "520.61.05"}]; cuda: "12.3")",
     "no: RTX 2080 Ti + CUDA 12.3 + driver 520.61.05 of RTX 2080 Ti -> take CUDA 11.8 instead of "
     "12.3",
     minor_guide},
    {R"(fleet: [{gpu: L4, driver: "550.163.01"}]; cuda: "12.5")",
     "cuda 12.5; driver 525.60.13",
     minor_guide},
    {R"(fleet: [{gpu: RTX 5090, driver: "580.65.06"}]; cuda: "13.1")",
     "cuda 13.1; driver 580.65.06",
     minor_guide},
    {R"(fleet: [GB10]; cuda: "13.2")", "cuda 13.2; driver 580.65.06", matrix},
    {R"(fleet: [{gpu: B200, driver: "580.65.06"}]; cuda: "13.3")",
     "cuda 13.3; driver 580.65.06",
     minor_guide},
    {R"(fleet: [Jetson AGX Xavier]; python: {packages: [torch]})",
     "torch 2.14.1+cu126; driver 525.60.13",
     nvcc},
    {R"(fleet: [Jetson AGX Xavier]; cuda: "13.0"; python: {packages: [torch]})",
     "no: torch + Jetson AGX Xavier + CUDA 13.0 -> take CUDA 12.9 instead of 13.0",
     nvcc},
    {R"(fleet: [Jetson AGX Xavier]; cuda: "13.0")",
     "no: Jetson AGX Xavier + CUDA 13.0 -> take CUDA 12.9 instead of 13.0",
     matrix},
    {R"(fleet: [Jetson AGX Thor]; cuda: "12.6")",
     "no: Jetson AGX Thor + CUDA 12.6 -> take CUDA 13.0 instead of 12.6",
     matrix},
    {"fleet: [R200]", "cuda 13.4; driver 615", matrix},
    {R"(fleet: [R200]; cuda: "13.3")",
     "no: Rubin (R200 class) + CUDA 13.3 -> take CUDA 13.4 instead of 13.3",
     matrix},
    {"fleet: [T4]; python: {packages: [torch==2.2.2]}",
     "torch 2.2.2+cu121; driver 525.60.13",
     torch_builds},
    {"fleet: [A100]; python: {packages: [torch==2.3.1]}",
     "torch 2.3.1+cu121; driver 525.60.13",
     torch_builds},
    {"fleet: [T4]; python: {packages: [torch==2.10.0]}",
     "torch 2.10.0+cu130; driver 580.65.06",
     torch_builds},
    {R"(fleet: [{gpu: L4, driver: "550.163.01"}]; python: {packages: [torch==2.12.0]})",
     "torch 2.12.0+cu126; driver 525.60.13",
     torch_builds},
    {R"(fleet: [{gpu: L4, driver: "570.26"}]; python: {packages: ["torch~=2.13.0"]})",
     "torch 2.13.0+cu126; driver 525.60.13",
     torch_builds},
    {R"(fleet: [T4]; python: {packages: ["torch==1.13.*"]})",
     "torch 1.13.1+cu117; driver 450.80.02",
     torch_builds},
};

}  // namespace

std::span<const SpecQuestion> mlpack::test::toolkit_questions() {
  return questions_of_toolkits;
}

TEST_CASE("toolkits and releases of PyTorch need the drivers that the documents give") {
  ask(toolkit_questions());
}
