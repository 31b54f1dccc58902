#include "lib/resolve/library_wheels.h"

#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

using namespace mlpack;
using namespace mlpack::test;

namespace {

Resolution with(std::string_view packages, std::string_view fleet = "L4") {
  return solve(Catalog::built_in(),
               demands_in(fmt::format("fleet: [{}]; python: {{packages: [{}]}}", fleet, packages)));
}

std::string chosen_with(std::string_view packages, std::string_view fleet = "L4") {
  const Resolution found = with(packages, fleet);
  REQUIRE_MESSAGE(found.stack, packages);
  return found.stack->choices.front().chosen;
}

}  // namespace

TEST_CASE("the names of wheels say their CUDA major, and pins their release") {
  const auto wheels = library_wheels({"nvidia-cudnn-cu12==9.3.0.75",
                                      "NVIDIA_nvjpeg2k_cu13",
                                      "nvidia-cuda-runtime>=13",
                                      "nvidia-dali-cuda120",
                                      "nvidia-cuda-nvrtc==13.0.48",
                                      "nvidia-cufft==12.0.0.61",
                                      "torch==2.9.0"},
                                     LibraryWheel::By::spec);
  std::vector<std::string> found;
  for (const LibraryWheel& wheel : wheels) {
    found.push_back(fmt::format("{} {} {}",
                                wheel.name,
                                wheel.cuda_major.value_or(0),
                                wheel.release ? wheel.release->text() : "-"));
  }
  CHECK(join(found, "; ") ==
        "nvidia-cudnn-cu12 12 9.3.0.75; nvidia-nvjpeg2k-cu13 13 -; nvidia-cuda-runtime 0 -; "
        "nvidia-dali-cuda120 0 -; nvidia-cuda-nvrtc 13 13.0.48; nvidia-cufft 0 12.0.0.61");
  CHECK(wheels[0].is_of("cudnn"));
  CHECK(wheels[2].is_of("cuda-runtime"));
  CHECK_FALSE(library_wheels({"nvidia-cudnn-frontend"}, LibraryWheel::By::spec)[0].is_of("cudnn"));
}

TEST_CASE("frameworks for the CUDA of the library wheels that are named are preferred") {
  CHECK(chosen_with("torch").ends_with("+cu132"));
  CHECK(chosen_with("torch, nvidia-cublas-cu12").ends_with("+cu126"));
  CHECK(chosen_with("torch, nvidia-cublas-cu13").ends_with("+cu132"));
  CHECK(chosen_with("torch, nvidia-nccl-cu11").ends_with("+cu118"));
  CHECK(chosen_with("torch, nvidia-cuda-runtime-cu12==12.8.90").ends_with("+cu128"));
  CHECK(chosen_with("torch, nvidia-cuda-runtime==13.0.96").ends_with("+cu130"));
  CHECK(chosen_with("torch, nvidia-cudnn-cu12==9.1.0.70") == "2.6.0+cu124");
  CHECK(chosen_with("onnxruntime-gpu, nvidia-cufft-cu12, nvidia-cudnn-cu12") == "1.26");
  CHECK(chosen_with("onnxruntime-gpu") == "1.31");
  const Resolution found = with("torch, nvidia-cublas-cu12");
  CHECK(found.stack->choices.front().because.at(1).reason.ends_with(
      ": nvidia-cublas-cu12 is for CUDA 12"));
  CHECK(with("torch, nvidia-cuda-runtime-cu12==12.8.90")
            .stack->choices.front()
            .because.back()
            .reason.ends_with(", and 12.8.90 is asked for"));
}

TEST_CASE("where nothing goes with the wheels that are named, they decide nothing") {
  CHECK(chosen_with("torch, nvidia-cublas-cu12, nvidia-cublas-cu13").ends_with("+cu132"));
  CHECK(chosen_with("torch, nvidia-cublas-cu11", "B300").ends_with("+cu132"));
  CHECK(chosen_with("torch, nvidia-cuda-runtime-cu12==12.3.52").ends_with("+cu132"));
}

// The build of PyTorch for each CUDA major has its own wheel of the runtime, and pins it.
TEST_CASE("of the runtime of one CUDA major PyTorch has the release that it pins") {
  CHECK(chosen_with("torch==2.6.0, nvidia-cuda-runtime-cu12==12.4.127") == "2.6.0+cu124");
  CHECK(chosen_with("torch==2.6.0, nvidia-cuda-runtime-cu12==12.8.90") == "2.6.0+cu118");
  CHECK(chosen_with("torch==2.9.0, nvidia-cuda-runtime==13.0.48",
                    "{gpu: L4, driver: 535.104.05}") == "2.9.0+cu128");
  CHECK(chosen_with("torch==2.6.0, nvidia-cuda-runtime==13.0.48", "P100") == "2.6.0+cu126");
  const Resolution found =
      solve(Catalog::built_in(),
            demands_in("fleet: [L4]; cuda: '12.6'; python: {packages: [torch==2.9.0, "
                       "nvidia-cuda-runtime-cu12==12.8.90]}"));
  CHECK(answer_text(found) == "no: torch + CUDA 12.6 -> take CUDA 12.8 instead of 12.6");
  CHECK(found.conflicts.at(0).because.at(0).reason.ends_with(
      "+cu126 needs nvidia-cuda-runtime-cu12 12.6, and 12.8.90 is asked for"));
}

TEST_CASE("each wheel that is named for another CUDA is told") {
  const Resolution found = with(
      "torch==2.9.0+cu130, nvidia-cudnn-cu11, nvidia-cublas-cu12, "
      "nvidia-cuda-runtime==12.9.79");
  std::vector<std::string> told;
  for (const Ruling& doubt : found.stack->doubts)
    told.push_back(doubt.reason.substr(0, doubt.reason.find(',')));
  CHECK(join(told, "; ") ==
        "nvidia-cudnn-cu11 is for CUDA 11; nvidia-cublas-cu12 is for CUDA 12; "
        "nvidia-cuda-runtime is for CUDA 12");
}
