#include "lib/check/node_rules.h"
#include "lib/text.h"

#include <array>
#include <utility>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view cpuid_feature = "cpu.cpuid";
constexpr std::string_view module_feature = "kernel.loadedmodule";
constexpr std::string_view kernel_feature = "kernel.version";
constexpr std::string_view label_feature = "local.label";

// Flags of Linux on x86-64, and their names in node-feature-discovery (klauspost/cpuid).
constexpr std::array cpuid_names{std::pair{"abm"sv, "LZCNT"sv},
                                 std::pair{"aes"sv, "AESNI"sv},
                                 std::pair{"amx_bf16"sv, "AMXBF16"sv},
                                 std::pair{"amx_int8"sv, "AMXINT8"sv},
                                 std::pair{"amx_tile"sv, "AMXTILE"sv},
                                 std::pair{"avx"sv, "AVX"sv},
                                 std::pair{"avx2"sv, "AVX2"sv},
                                 std::pair{"avx512_bf16"sv, "AVX512BF16"sv},
                                 std::pair{"avx512_fp16"sv, "AVX512FP16"sv},
                                 std::pair{"avx512_vnni"sv, "AVX512VNNI"sv},
                                 std::pair{"avx512bw"sv, "AVX512BW"sv},
                                 std::pair{"avx512cd"sv, "AVX512CD"sv},
                                 std::pair{"avx512dq"sv, "AVX512DQ"sv},
                                 std::pair{"avx512f"sv, "AVX512F"sv},
                                 std::pair{"avx512vl"sv, "AVX512VL"sv},
                                 std::pair{"avx_vnni"sv, "AVXVNNI"sv},
                                 std::pair{"bmi1"sv, "BMI1"sv},
                                 std::pair{"bmi2"sv, "BMI2"sv},
                                 std::pair{"cx16"sv, "CX16"sv},
                                 std::pair{"f16c"sv, "F16C"sv},
                                 std::pair{"fma"sv, "FMA3"sv},
                                 std::pair{"movbe"sv, "MOVBE"sv},
                                 std::pair{"pni"sv, "SSE3"sv},
                                 std::pair{"popcnt"sv, "POPCNT"sv},
                                 std::pair{"sse4_1"sv, "SSE4"sv},
                                 std::pair{"sse4_2"sv, "SSE42"sv},
                                 std::pair{"ssse3"sv, "SSSE3"sv}};

void add_processor(const SystemFacts& system, NodeFeatures& features) {
  if (system.processor_flags.empty()) return;
  auto& flags = features.flags[std::string(cpuid_feature)];
  for (const auto& [linux_name, name] : cpuid_names)
    flags[std::string(name)] = system.processor_flags.contains(std::string(linux_name));
}

void add_modules(const DriverFacts& driver, NodeFeatures& features) {
  if (!driver.has_module_list) return;
  auto& flags = features.flags[std::string(module_feature)];
  for (const char* const name :
       {"nouveau", "nvidia", "nvidia_drm", "nvidia_modeset", "nvidia_peermem", "nvidia_uvm"})
    flags[name] = false;
  for (const std::string& name : driver.modules)
    flags[name] = true;
}

void add_kernel(const std::string& release, NodeFeatures& features) {
  if (release.empty()) return;
  auto& kernel = features.attributes[std::string(kernel_feature)];
  kernel["full"] = {release};
  const std::string numbers = release.substr(0, release.find_first_not_of("0123456789."));
  const auto parts = split(numbers, '.');
  constexpr std::array keys{"major"sv, "minor"sv, "revision"sv};
  for (std::size_t i = 0; i < keys.size() && i < parts.size(); ++i)
    if (!parts[i].empty()) kernel[std::string(keys[i])] = {std::string(parts[i])};
}

// The class of a GPU is that of a display, or of one without a plug.
NodeFeatures::Attributes gpu_device() {
  return {{"vendor", {"10de"}}, {"class", {"0300", "0302"}}};
}

// The name behind `prefix`; empty: it is another label.
std::string_view name_behind(std::string_view label, std::string_view prefix) {
  return label.starts_with(prefix) ? label.substr(prefix.size()) : std::string_view();
}

}  // namespace

NodeFeatures node_features(const HostFacts& facts) {
  NodeFeatures features;
  add_processor(facts.system, features);
  add_kernel(facts.system.kernel, features);
  // Where Windows has the driver, or the GPU is a part of the board, there is no device to see, and
  // no module of the usual name.
  if (facts.system.kind != SystemFacts::Kind::plain) return features;
  add_modules(facts.driver, features);
  features.pci.emplace();
  for (const PciDevice& device : facts.pci) {
    features.pci->push_back(
        device.kind == PciDevice::Kind::gpu
            ? gpu_device()
            : NodeFeatures::Attributes{{"vendor", {"10de"}}, {"class", {"0680"}}});
  }
  return features;
}

NodeFeatures node_features(const ClusterNode& node) {
  NodeFeatures features;
  if (node.has_gpu) features.pci.emplace().push_back(gpu_device());
  if (node.driver) features.flags[std::string(module_feature)]["nvidia"] = true;
  for (const auto& [label, value] : node.labels) {
    features.attributes[std::string(label_feature)][label] = {value};
    const auto flag = name_behind(label, "feature.node.kubernetes.io/cpu-cpuid.");
    if (!flag.empty() && value == "true")
      features.flags[std::string(cpuid_feature)][std::string(flag)] = true;
    const auto part = name_behind(label, "feature.node.kubernetes.io/kernel-version.");
    if (!part.empty())
      features.attributes[std::string(kernel_feature)][std::string(part)] = {value};
  }
  return features;
}

}  // namespace mlpack
