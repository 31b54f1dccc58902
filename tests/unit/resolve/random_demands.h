#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/oci/reference.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/stack_image.h"
#include "tests/unit/resolve/rules_support.h"
#include "tests/unit/resolve/solve_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack::test {

/// Demands made by chance, of the kinds that a spec can have.
class RandomDemands {
 public:
  explicit RandomDemands(unsigned seed) : random_(seed) {}

  Demands make() {
    Demands demands;
    for (std::size_t i = pick(3) + 1; i > 0; --i)
      add_group(demands);
    if (chance(3)) demands.cuda = any(catalog().cuda_toolkits()).cuda;
    if (chance(3)) add_runtime(demands);
    if (chance(2)) add_torch(demands);
    if (chance(4)) add_framework(demands);
    if (chance(4)) add_vllm(demands);
    if (chance(20)) demands.needs_python = true;
    if (demands.needs_python && chance(8)) add_python_file(demands);
    if (demands.needs_python && chance(5)) add_library_wheel(demands);
    if (chance(6)) demands.quantisation = any(catalog().quantisations()).method;
    if (chance(5))
      demands.base = base_demand(catalog(), BaseReference{any_base(demands)}, std::nullopt);
    if (chance(6)) add_platforms(demands);
    return demands;
  }

  Version any_driver() {
    const CudaToolkit& toolkit = any(catalog().cuda_toolkits());
    return toolkit.driver ? *toolkit.driver : toolkit.min_driver;
  }

 private:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool chance(std::size_t one_in) { return pick(one_in) == 0; }

  template <class T>
  const T& any(std::span<const T> rows) {
    return rows[pick(rows.size())];
  }

  // Of the runtime that is asked for, where it has any.
  std::string any_base(const Demands& demands) {
    std::vector<std::string> images{"nvcr.io/nvidia/pytorch:25.12-py3",
                                    "ollama/ollama:0.12.3",
                                    "ollama/ollama:0.30.0",
                                    "vllm/vllm-openai:v0.10.0",
                                    "vllm/vllm-openai-cpu:v0.20.0",
                                    "ghcr.io/huggingface/text-generation-inference:3.3"};
    for (const RuntimeRelease& row : catalog().runtime_releases()) {
      const auto reference = Reference::parse(row.image);
      const bool is_named = reference && reference->tag().has_value();
      if (is_named && row.runtime == demands.runtime) images.push_back(reference->text());
      const bool has_others = is_named && row.runtime == "sglang" && demands.runtime == "sglang";
      if (has_others && chance(2)) images.push_back(reference->text() + "-cu126-runtime");
    }
    if (demands.runtime == "sglang") {
      images.emplace_back("lmsysorg/sglang:v0.5.5-cu129-amd64");
      images.emplace_back("lmsysorg/sglang:v0.5.5-xeon");
    }
    if (demands.runtime == "vllm") {
      images.emplace_back("vllm/vllm-openai:v0.20.0-aarch64-cu129-ubuntu2404");
      images.emplace_back("vllm/vllm-openai:v0.11.0-x86_64");
    }
    if (chance(2)) return images[pick(images.size())];
    constexpr std::array bases{"nvidia/cuda:12.4.1-base-ubuntu22.04",
                               "nvidia/cuda:13.0.0-base-ubuntu24.04",
                               "nvidia/cuda:11.8.0-base-ubuntu20.04",
                               "python:3.9-slim-bookworm",
                               "ubuntu:18.04",
                               "alpine:3.20",
                               "example.com/own:1"};
    return bases[pick(bases.size())];
  }

  void add_platforms(Demands& demands) {
    constexpr std::array known{"amd64", "amd64", "arm64", "s390x", "ppc64le"};
    for (std::size_t i = pick(2) + 1; i > 0; --i) {
      const Platform platform = *Platform::parse(known[pick(known.size())]);
      const auto& named = demands.platforms;
      if (std::find(named.begin(), named.end(), platform) == named.end())
        demands.platforms.push_back(platform);
    }
  }

  void add_group(Demands& demands) {
    FleetGroup group;
    if (!chance(12)) group.gpu = &any(catalog().gpus());
    if (group.gpu != nullptr && chance(2)) group.driver = any_driver();
    if (group.driver && chance(4))
      group.driver = Version::parse(std::to_string(group.driver->part(0)));
    for (const FleetGroup& other : demands.fleet) {
      const bool same_driver = group.driver.has_value() == other.driver.has_value() &&
                               (!group.driver || *group.driver == *other.driver);
      if (other.gpu == group.gpu && same_driver) return;
    }
    demands.fleet.push_back(group);
  }

  void add_runtime(Demands& demands) {
    if (chance(4)) {
      const ServingRuntime& runtime = any(serving_runtimes());
      if (runtime.name != "python") demands.runtime = runtime.name;
      return;
    }
    const RuntimeRelease& release = any(catalog().runtime_releases());
    demands.runtime = release.runtime;
    if (chance(2)) demands.runtime_version = release.release;
    const std::size_t dash = release.release.find('-');
    const bool is_range = dash != std::string_view::npos && demands.runtime == "ollama";
    if (is_range && chance(2)) demands.runtime_version = release.release.substr(0, dash);
  }

  std::string any_specifier(std::string_view release) {
    if (chance(2)) return "==" + std::string(release);
    return chance(3) ? "<" + std::string(release) : std::string();
  }

  // Of cuDNN where PyTorch brings one itself, else of what nothing that is known needs.
  void add_library_wheel(Demands& demands) {
    const TorchBuild& build = any(catalog().torch_builds());
    const auto& packages = demands.packages;
    const bool has_torch = std::any_of(packages.begin(), packages.end(), [](const auto& package) {
      return package.name == "torch";
    });
    const unsigned major = build.cuda.part(0);
    LibraryWheel wheel{
        fmt::format("nvidia-{}-cu{}", has_torch ? "cudnn" : "nccl", major), major, {}};
    if (has_torch && chance(2)) wheel.release = build.cudnn;
    if (has_torch && chance(4)) {
      wheel.name = fmt::format("nvidia-cuda-runtime-cu{}", major);
      wheel.release = build.cuda;
    }
    demands.library_wheels.push_back(std::move(wheel));
  }

  // A lock for two Pythons next to each other.
  void add_python_file(Demands& demands) {
    demands.python_file = PythonFile{"uv.lock"};
    const unsigned first = any(catalog().torch_releases()).python.back().part(1);
    for (unsigned minor = 6; minor < 16; ++minor) {
      const bool is_it = minor == first || minor + 1 == first;
      if (!is_it) {
        demands.python_file->refused.emplace(*Version::parse(fmt::format("3.{}", minor)),
                                             "uv.lock is for another");
      }
    }
  }

  void add_torch(Demands& demands) {
    const TorchRelease& release = any(catalog().torch_releases());
    demands.packages.push_back({"torch", any_specifier(release.release.text()), {}, {}});
    PackageDemand& torch = demands.packages.back();
    constexpr std::array<const char*, 4> builds{"cpu", "cu118", "cu121", "cu130"};
    const bool has_label = torch.specifier.starts_with("==") && chance(6);
    if (chance(6)) torch.index = builds[pick(builds.size())];
    for (const char* const build : builds) {
      const bool is_named = torch.index == build;
      if (!is_named && chance(10)) torch.extra_indexes.emplace_back(build);
    }
    if (chance(2)) std::reverse(torch.extra_indexes.begin(), torch.extra_indexes.end());
    if (has_label) torch.specifier += fmt::format("+{}", builds[pick(builds.size())]);
    const bool is_pinned = torch.specifier.starts_with("==");
    if (is_pinned && chance(8)) {
      const unsigned minor = any(release.python).part(1);
      const std::string abi = chance(3) ? "abi3" : fmt::format("cp3{}", minor);
      torch.wheel_tags = {fmt::format("cp3{}-{}-any", minor, abi)};
    }
    if (torch.index.empty() && chance(6)) torch.default_index = PackageDemand::Default::pypi;
    const bool is_of_pypi = torch.default_index == PackageDemand::Default::pypi;
    if (!is_of_pypi && chance(3)) torch.builds = PackageDemand::Builds::any;
    const bool is_of_index = !torch.index.empty() || !torch.extra_indexes.empty() || is_of_pypi;
    if (!has_label && !is_of_index && chance(6)) pin_libraries(torch);
    demands.needs_python = true;
    if (chance(3)) demands.python = any(release.python);
  }

  // As `nvidia-cuda-runtime-cu12==12.1.105` beside it does.
  void pin_libraries(PackageDemand& torch) {
    std::vector<Version> known;
    for (const TorchBuild& build : catalog().torch_builds()) {
      if (torch.specifier == fmt::format("=={}", build.torch.text())) known.push_back(build.cuda);
    }
    if (known.empty()) return;
    torch.cuda = known[pick(known.size())];
    torch.pinned_cuda = torch.cuda;
  }

  void add_framework(Demands& demands) {
    const FrameworkRelease& row = any(catalog().framework_releases());
    PackageDemand package{std::string(row.framework), {}, {}, {}};
    if (row.framework == "onnxruntime") package.name = "onnxruntime-gpu";
    if (!framework_of_package(package.name)) return;
    package.specifier = any_specifier(row.release.substr(0, row.release.find('-')));
    if (row.framework == "jax" && chance(2))
      package.build = chance(4)   ? "cpu"
                      : chance(6) ? "cuda"
                                  : fmt::format("cuda{}", any(row.builds).part(0));
    if (!package.build.empty()) package.extras = {package.build};
    const bool is_numbered = package.build.size() > std::string_view("cuda").size();
    if (is_numbered && chance(4)) package.extras = {package.build + "-pip"};
    demands.packages.push_back(package);
    demands.needs_python = true;
  }

  // As a wheel, with the fleet that it is asked about: has_gpus() of spec_demands.
  void add_vllm(Demands& demands) {
    if (!demands.runtime.empty() || !has_gpus(demands)) return;
    std::vector<std::string> releases{"0.16.0"};
    for (const RuntimeRelease& row : catalog().runtime_releases()) {
      if (row.runtime == "vllm") releases.emplace_back(row.release);
    }
    const std::string& release = releases[pick(releases.size())];
    demands.packages.push_back({"vllm", any_specifier(release), {}, {}});
    demands.needs_python = true;
  }

  std::mt19937 random_;
};

}  // namespace mlpack::test
