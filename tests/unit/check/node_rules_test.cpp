#include "lib/check/node_rules.h"

#include "lib/error.h"
#include "tests/unit/check/support.h"

#include <doctest/doctest.h>

#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::vector<CheckMachine> fleet_of(const std::vector<std::string>& names) {
  std::vector<CheckMachine> fleet;
  for (const std::string& name : names) {
    CheckMachine machine;
    if (name != "cpu") machine.gpu = Catalog::built_in().find_gpu(name)->gpu;
    fleet.push_back(machine);
  }
  return fleet;
}

// Of rules for `feature` with one expression.
std::string document_of(const std::string& feature, const std::string& expression) {
  return "version: v1alpha1\ncompatibilities:\n- rules:\n  - name: it\n    matchFeatures:\n"
         "    - feature: " +
         feature + "\n      matchExpressions:\n        " + expression + "\n";
}

std::string ids_of(const NodeRules& rules, const NodeFeatures& features) {
  std::string ids;
  for (const Finding& finding : check_node_rules(rules, features))
    ids += (ids.empty() ? "" : " ") + finding.id + (finding.is_unknown ? "?" : "");
  return ids;
}

std::string ids_of(const std::string& document, const NodeFeatures& features) {
  return ids_of(parse_node_rules(document, "it"), features);
}

HostFacts host_with_gpu() {
  HostFacts facts;
  facts.pci.push_back({PciDevice::Kind::gpu, "0000:18:00.0", "nvidia", 16, 16});
  facts.driver.modules = {"nvidia", "nvidia_uvm"};
  facts.driver.has_module_list = true;
  facts.system.kernel = "6.1.0-37-amd64";
  facts.system.processor_flags = {"avx",
                                  "avx2",
                                  "bmi1",
                                  "bmi2",
                                  "cx16",
                                  "f16c",
                                  "fma",
                                  "abm",
                                  "movbe",
                                  "popcnt",
                                  "pni",
                                  "ssse3",
                                  "sse4_1",
                                  "sse4_2"};
  return facts;
}

constexpr const char* unmet = "image-rule-unmet";
constexpr const char* unknown = "image-rule-unknown?";

}  // namespace

TEST_CASE(
    "an image for GPUs asks for NVIDIA's card, its module and the processor of its programs") {
  const NodeRules rules = rules_of_image(fleet_of({"L4", "H100"}), 3);
  CHECK(write_node_rules(rules) == R"(version: v1alpha1
compatibilities:
- description: "what the image was built for"
  rules:
  - name: "an NVIDIA GPU"
    matchFeatures:
    - feature: pci.device
      matchExpressions:
        "class": {op: In, value: ["0300", "0302"]}
        "vendor": {op: In, value: ["10de"]}
  - name: "NVIDIA's kernel module"
    matchFeatures:
    - feature: kernel.loadedmodule
      matchExpressions:
        "nvidia": {op: Exists}
  - name: "a processor of x86-64-v3"
    matchFeatures:
    - feature: cpu.cpuid
      matchExpressions:
        "CX16": {op: Exists}
        "POPCNT": {op: Exists}
        "SSE3": {op: Exists}
        "SSE4": {op: Exists}
        "SSE42": {op: Exists}
        "SSSE3": {op: Exists}
        "AVX": {op: Exists}
        "AVX2": {op: Exists}
        "BMI1": {op: Exists}
        "BMI2": {op: Exists}
        "F16C": {op: Exists}
        "FMA3": {op: Exists}
        "LZCNT": {op: Exists}
        "MOVBE": {op: Exists}
)");
  CHECK(parse_node_rules(write_node_rules(rules), "it") == rules);
  CHECK(ids_of(rules, node_features(host_with_gpu())).empty());
}

TEST_CASE("an image that starts without a GPU, or on a board with one, asks for no card") {
  CHECK(rules_of_image(fleet_of({"L4", "cpu"}), 0).sets.empty());
  CHECK(rules_of_image({}, 0).sets.empty());
  CHECK(rules_of_image({}, 1).sets.empty());
  CHECK(rules_of_image({}, 2).sets.front().rules.size() == 1);
}

TEST_CASE("what a host lacks is told, and what is not known of it, too") {
  const NodeRules rules = rules_of_image(fleet_of({"L4"}), 4);
  HostFacts facts = host_with_gpu();
  CHECK(ids_of(rules, node_features(facts)) == unmet);  // AVX-512
  facts.system.processor_flags.clear();
  CHECK(ids_of(rules, node_features(facts)) == unknown);
  facts.driver.modules.clear();
  facts.pci.clear();
  CHECK(ids_of(rules, node_features(facts)) == std::string(unmet) + " " + unmet + " " + unknown);
  facts.driver.has_module_list = false;
  CHECK(ids_of(rules, node_features(facts)) == std::string(unmet) + " " + unknown + " " + unknown);
}

TEST_CASE("where Windows has the driver, or the GPU is a part of the board, no module is missed") {
  const NodeRules rules = rules_of_image(fleet_of({"L4"}), 0);
  HostFacts facts = host_with_gpu();
  facts.driver.modules.clear();
  facts.pci.clear();
  for (const SystemFacts::Kind kind : {SystemFacts::Kind::wsl, SystemFacts::Kind::jetson}) {
    facts.system.kind = kind;
    CHECK(ids_of(rules, node_features(facts)) == std::string(unknown) + " " + unknown);
  }
}

TEST_CASE("nodes are judged by their labels") {
  const NodeRules rules = rules_of_image(fleet_of({"L4"}), 2);
  ClusterNode node;
  node.has_gpu = true;
  node.driver = Version::parse("550.90.07");
  CHECK(ids_of(rules, node_features(node)) == unknown);
  for (const char* const flag : {"CX16", "POPCNT", "SSE3", "SSE4", "SSE42", "SSSE3"})
    node.labels[std::string("feature.node.kubernetes.io/cpu-cpuid.") + flag] = "true";
  node.labels["feature.node.kubernetes.io/kernel-version.major"] = "6";
  node.labels["nvidia.com/gpu.count"] = "8";
  CHECK(ids_of(rules, node_features(node)).empty());
  const NodeFeatures features = node_features(node);
  CHECK(ids_of(document_of("kernel.version", "major: {op: Gt, value: [\"5\"]}"), features).empty());
  CHECK(ids_of(document_of("local.label", "nvidia.com/gpu.count: {op: Lt, value: [\"8\"]}"),
               features) == unmet);
}

TEST_CASE("expressions mean what node-feature-discovery says they do") {
  NodeFeatures features = node_features(host_with_gpu());
  features.attributes["a.b"] = {{"n", {"5"}}, {"t", {"true"}}, {"s", {"x"}}};
  const auto of = [&](const std::string& expression) {
    return ids_of(document_of("a.b", expression), features);
  };
  for (const char* const held : {"n: {op: In, value: [\"4\", \"5\"]}",
                                 "n: {op: NotIn, value: [\"4\"]}",
                                 "n: {op: Exists}",
                                 "n: {op: Gt, value: [\"4\"]}",
                                 "n: {op: Ge, value: [\"5\"]}",
                                 "n: {op: Lt, value: [\"6\"]}",
                                 "n: {op: Le, value: [\"5\"]}",
                                 "n: {op: GtLt, value: [\"4\", \"6\"]}",
                                 "n: {op: GeLe, value: [\"5\", \"5\"]}",
                                 "t: {op: IsTrue}"}) {
    CAPTURE(held);
    CHECK(of(held).empty());
  }
  for (const char* const broken : {"n: {op: In, value: [\"4\"]}",
                                   "n: {op: NotIn, value: [\"5\"]}",
                                   "n: {op: DoesNotExist}",
                                   "n: {op: Gt, value: [\"5\"]}",
                                   "n: {op: GtLt, value: [\"5\", \"6\"]}",
                                   "t: {op: IsFalse}"}) {
    CAPTURE(broken);
    CHECK(of(broken) == unmet);
  }
  for (const char* const open : {"n: {op: InRegexp, value: [\"^5$\"]}",
                                 "s: {op: Gt, value: [\"4\"]}",
                                 "n: {op: Gt, value: [\"4\", \"5\"]}",
                                 "n: {op: Gt, value: [\"four\"]}",
                                 "n: {op: Odd}",
                                 "z: {op: Exists}"}) {
    CAPTURE(open);
    CHECK(of(open) == unknown);
  }
  CHECK(ids_of(document_of("c.d", "x: {op: Exists}"), features) == unknown);
}

TEST_CASE("of devices, those of NVIDIA are known, all of them") {
  const NodeFeatures features = node_features(host_with_gpu());
  const auto of = [&](const std::string& expression) {
    return ids_of(document_of("pci.device", expression), features);
  };
  CHECK(of("vendor: {op: In, value: [\"10de\"]}").empty());
  CHECK(of("vendor: {op: In, value: [\"15b3\"]}") == unknown);
  // A display, or one without a plug.
  CHECK(of("class: {op: In, value: [\"0302\"]}") == unknown);
  NodeFeatures none = features;
  none.pci->clear();
  CHECK(ids_of(document_of("pci.device", "vendor: {op: In, value: [\"10de\"]}"), none) == unmet);
}

TEST_CASE("one of several alternatives is enough, and a preference is no duty") {
  const NodeFeatures features = node_features(host_with_gpu());
  const std::string head =
      "version: v1alpha1\ncompatibilities:\n- weight: 5\n  rules:\n  - name: it\n";
  const std::string module =
      "    - matchFeatures:\n      - feature: kernel.loadedmodule\n"
      "        matchExpressions: {NAME: {op: Exists}}\n";
  const auto with = [&](const std::string& name) {
    std::string text = module;
    return text.replace(text.find("NAME"), 4, name);
  };
  CHECK(ids_of(head + "    matchAny:\n" + with("nouveau") + with("nvidia"), features).empty());
  const NodeRules rules = parse_node_rules(head + "    matchAny:\n" + with("nouveau"), "it");
  const Findings found = check_node_rules(rules, features);
  REQUIRE(found.size() == 1);
  CHECK(found.front().level == Finding::Level::info);
  CHECK_FALSE(found.front().is_unknown);
  CHECK(found.front().what == "the image asks for `it`, which is not here");
  CHECK(found.front().why ==
        "its compatibility artifact says so, with a rule about `kernel.loadedmodule`");
}

TEST_CASE("what is no document of node-feature-discovery is refused") {
  const auto message_of = [](const std::string& text) {
    try {
      parse_node_rules(text, "`x`");
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::input);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message_of("version: v2\n") == "`x` is of version `v2`, not `v1alpha1`");
  CHECK(message_of("") == "`x` is of version ``, not `v1alpha1`");
  CHECK(message_of("version: v1alpha1\ncompatibilities: 1\n") ==
        "`x` has a `compatibilities` that is no list");
  CHECK(message_of("version: v1alpha1\ncompatibilities:\n- rules:\n  - matchFeatures:\n"
                   "    - matchExpressions: [a]\n") ==
        "`x` has `matchExpressions` that are no map");
  CHECK_FALSE(message_of("version: [").empty());
  CHECK(message_of("version: v1alpha1\n").empty());
}

TEST_CASE("the processor that programs want is that of what a container loads") {
  TestImage image;
  ElfFacts wants = program({"libc.so.6"});
  wants.x86_level = 2;
  image.add("usr/bin/server", wants);
  ElfFacts other = library("libm.so.6");
  other.x86_level = 4;
  image.add("usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v4/libm.so.6", other);
  image.add("usr/lib/x86_64-linux-gnu/libnobody.so.1", other);
  ImageFiles files;
  files.add(image.top);
  CHECK(x86_level_of({Catalog::built_in(), image.config, files, {}}) == 2);
}
