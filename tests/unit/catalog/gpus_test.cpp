#include "lib/catalog/catalog.h"
#include "lib/catalog/runtimes.h"
#include "tests/unit/catalog/support.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a GPU is found by model, alias, driver name and label") {
  for (const char* const name :
       {"A100 SXM 80GB", "A100-SXM-80GB", "NVIDIA A100-SXM4-80GB", "NVIDIA-A100-SXM4-80GB"}) {
    CAPTURE(name);
    REQUIRE(built_in().find_gpu(name));
    CHECK(built_in().find_gpu(name)->gpu->name == "A100 SXM 80GB");
    CHECK_FALSE(built_in().find_gpu(name)->is_family);
  }
  CHECK(built_in().find_gpu("L4")->gpu->compute_capability.text() == "8.9");
  CHECK(built_in().find_gpu("L4")->gpu->kind == Gpu::Kind::datacenter);
}

TEST_CASE("a GPU is called as people write it") {
  const auto named = [](std::string_view name) {
    const auto match = built_in().find_gpu(name);
    return match ? match->gpu->name : std::string_view();
  };
  CHECK(named("GeForce RTX 4090") == "RTX 4090");
  CHECK(named("NVIDIA GeForce RTX 4090") == "RTX 4090");
  CHECK(named("A100-SXM4-80GB") == "A100 SXM 80GB");
  CHECK(named("A100 80GB PCIe") == "A100 PCIe 80GB");
  CHECK(named("H100 SXM") == "H100 SXM 80GB");
  CHECK(named("H100-SXM5") == "H100 SXM 80GB");
  CHECK(named("H100 80GB HBM3") == "H100 SXM 80GB");
  CHECK(named("A100 80GB") == "A100 SXM 80GB");
  CHECK(named("NVIDIA A100 80GB") == "A100 SXM 80GB");
  CHECK(named("NVIDIA H100") == "H100 SXM 80GB");
  CHECK(named("Tesla V100") == "V100 SXM2 16GB");
  CHECK(named("Jetson AGX Orin") == "Jetson AGX Orin 32GB");
  CHECK(built_in().find_gpu("A100 80GB")->is_family);
  CHECK_FALSE(built_in().find_gpu("H100 SXM")->is_family);
}

TEST_CASE("a family stands for its model with the least memory") {
  CHECK(built_in().find_gpu("A100")->gpu->name == "A100 SXM 40GB");
  CHECK(built_in().find_gpu("A100")->is_family);
  CHECK(built_in().find_gpu("A100-80GB")->gpu->memory_gib == 80);
  CHECK(built_in().find_gpu("H100")->gpu->name == "H100 SXM 80GB");
  CHECK(built_in().find_gpu("V100")->gpu->memory_gib == 16);
}

TEST_CASE("an unknown GPU has near ones") {
  CHECK_FALSE(built_in().find_gpu("l4"));
  CHECK(built_in().near_gpus("l4", 3) == std::vector<std::string>{"L4"});
  CHECK(built_in().near_gpus("h100 pcie", 3) == std::vector<std::string>{"H100 PCIe", "H100-PCIe"});
  CHECK(built_in().near_gpus("warp-drive", 3).empty());
  CHECK(built_in().near_gpus("A100-60GB", 9).size() > 3);
  CHECK(built_in().near_gpus("A100-60GB", 2).size() == 2);
}

TEST_CASE("accelerators of others are recognised") {
  CHECK(built_in().other_vendor("MI300X") == "AMD");
  CHECK(built_in().other_vendor("Gaudi 3") == "Intel");
  CHECK(built_in().other_vendor("TPU v5e") == "Google");
  CHECK_FALSE(built_in().other_vendor("H100"));
}

TEST_CASE("no NVIDIA GPU looks like one of another vendor, and no name is there twice") {
  std::set<std::string_view> seen;
  for (const std::string_view name : built_in().gpu_names()) {
    CAPTURE(std::string(name));
    CHECK(built_in().find_gpu(name));
    CHECK_FALSE(built_in().other_vendor(name));
    CHECK(seen.insert(name).second);
  }
  CHECK(built_in().gpus().size() > 80);
}

TEST_CASE("runtimes say whether they need a GPU") {
  CHECK(find_runtime("vllm")->gpu == ServingRuntime::NeedsGpu::usual);
  CHECK(find_runtime("ollama")->gpu == ServingRuntime::NeedsGpu::optional);
  CHECK(find_runtime("vLLM") == nullptr);
}
