#include "tests/unit/resolve/questions.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* distroless = "GoogleContainerTools/distroless README.md";
constexpr const char* pytorch_tags = "PyTorch docker.Makefile: the tag has CUDA and cuDNN";

const SpecQuestion questions_of_names[] = {
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
     "no: torch + base pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime + torch==2.9.1+cu130 -> take "
     "torch 2.9.1 instead of torch==2.9.1+cu130",
     pytorch_tags},
    {R"(fleet: [{gpu: K80}]; base: "docker.io/pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel")",
     "no: K80 + base docker.io/pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel -> let mlpack choose "
     "the base: `base: auto`",
     pytorch_tags},
};

}  // namespace

TEST_CASE("what the name of a base says of its CUDA and Python counts") {
  ask(questions_of_names);
}
