#include "lib/check/nodes.h"

#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace mlpack {
namespace {

using NodeLabels = std::map<std::string, std::string>;

constexpr std::size_t most_nodes = 20'000;
constexpr std::array present_labels{"nvidia.com/gpu.present",
                                    "feature.node.kubernetes.io/pci-10de.present",
                                    "feature.node.kubernetes.io/pci-0302_10de.present",
                                    "feature.node.kubernetes.io/pci-0300_10de.present"};
constexpr std::array accelerator_labels{"cloud.google.com/gke-accelerator",
                                        "k8s.amazonaws.com/accelerator"};

std::string value_of_label(const NodeLabels& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

// `550`, `90`, `07` of three labels.
std::optional<Version> version_of_parts(const NodeLabels& labels,
                                        const std::string& prefix,
                                        const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    const std::string value = value_of_label(labels, prefix + part);
    if (value.empty()) break;
    text += (text.empty() ? "" : ".") + value;
  }
  return Version::parse(text);
}

std::optional<Version> driver_of(const NodeLabels& labels) {
  const auto full = Version::parse(value_of_label(labels, "nvidia.com/cuda.driver-version.full"));
  if (full) return full;
  const auto parts =
      version_of_parts(labels, "nvidia.com/cuda.driver-version.", {"major", "minor", "revision"});
  return parts ? parts
               : version_of_parts(labels, "nvidia.com/cuda.driver.", {"major", "minor", "rev"});
}

std::optional<Version> cuda_of(const NodeLabels& labels) {
  const auto parts =
      version_of_parts(labels, "nvidia.com/cuda.runtime-version.", {"major", "minor"});
  return parts ? parts : version_of_parts(labels, "nvidia.com/cuda.runtime.", {"major", "minor"});
}

// `131992512Ki`
std::uint64_t quantity(const std::string& text) {
  const auto bytes = parse_size(text);
  return bytes ? *bytes : parse_size(text + "B").value_or(0);
}

// Names end in how a GPU is shared: `-SHARED`, `-MIG-1g.10gb`.
std::string whole_product(const std::string& product) {
  std::string name = product;
  if (name.ends_with("-SHARED")) name.resize(name.size() - 7);
  return name.substr(0, name.find("-MIG-"));
}

void read_gpu(const NodeLabels& labels, ClusterNode& node) {
  node.product = value_of_label(labels, "nvidia.com/gpu.product");
  for (const char* const name : accelerator_labels)
    if (node.product.empty()) node.product = value_of_label(labels, name);
  for (const char* const name : present_labels)
    node.has_gpu = node.has_gpu || value_of_label(labels, name) == "true";
  node.has_gpu = node.has_gpu || !node.product.empty() || node.allocatable > 0;
  const auto count = parse_number(value_of_label(labels, "nvidia.com/gpu.count"), 4096);
  node.gpus = static_cast<unsigned>(count.value_or(node.allocatable));
  node.driver = driver_of(labels);
  node.cuda = cuda_of(labels);
  node.capability = version_of_parts(labels, "nvidia.com/gpu.compute.", {"major", "minor"});
  const auto memory = parse_number(value_of_label(labels, "nvidia.com/gpu.memory"), 1U << 30U);
  node.memory = memory.value_or(0) << 20U;
}

void read_status(const JsonNode& item, ClusterNode& node) {
  const auto status = item.find("status");
  if (!status) return;
  if (const auto conditions = status->find("conditions"))
    for (const JsonNode& condition : conditions->items())
      if (condition.text_or_empty("type") == "Ready")
        node.is_ready = condition.text_or_empty("status") == "True";
  if (const auto info = status->find("nodeInfo"))
    node.system = info->text_or_empty("operatingSystem");
  const auto allocatable = status->find("allocatable");
  if (!allocatable) return;
  for (const auto& [name, value] : allocatable->members()) {
    if (name == "memory") node.own_memory = quantity(value.text());
    if (!name.starts_with("nvidia.com/")) continue;
    node.allocatable += static_cast<unsigned>(parse_number(value.text(), 1U << 20U).value_or(0));
  }
}

void read_spec(const JsonNode& item, ClusterNode& node) {
  const auto spec = item.find("spec");
  if (!spec) return;
  if (const auto cordoned = spec->find("unschedulable")) node.is_cordoned = cordoned->boolean();
  const auto taints = spec->find("taints");
  if (!taints) return;
  for (const JsonNode& taint : taints->items()) {
    const std::string effect = taint.text_or_empty("effect");
    const std::string key = taint.text_or_empty("key");
    if (effect == "PreferNoSchedule" || key.starts_with("node.kubernetes.io/")) continue;
    const std::string value = taint.text_or_empty("value");
    node.taints.push_back(key + (value.empty() ? "" : "=" + value) + ":" + effect);
  }
}

ClusterNode node_of(const JsonNode& item) {
  ClusterNode node;
  const JsonNode metadata = item.at("metadata");
  node.name = metadata.at("name").text();
  read_status(item, node);
  read_spec(item, node);
  const auto found = metadata.find("labels");
  const NodeLabels labels = found ? found->text_map() : NodeLabels();
  node.machine = value_of_label(labels, "kubernetes.io/arch");
  if (node.system.empty()) node.system = value_of_label(labels, "kubernetes.io/os");
  read_gpu(labels, node);
  for (const auto& label : labels) {
    const bool counts = label.first.starts_with("nvidia.com/") ||
                        label.first.starts_with("feature.node.kubernetes.io/");
    if (counts) node.labels.insert(label);
  }
  return node;
}

}  // namespace

std::vector<ClusterNode> parse_nodes(std::string_view text, const std::string& what) {
  const Document document{what, Fault::input, "write it with `kubectl get nodes -o json`"};
  const nlohmann::ordered_json json = parse_document(text, document);
  const JsonNode root(json, document);
  std::vector<ClusterNode> nodes;
  if (root.text_or_empty("kind") == "Node") {
    nodes.push_back(node_of(root));
    return nodes;
  }
  for (const JsonNode& item : root.at("items").items(most_nodes))
    nodes.push_back(node_of(item));
  return nodes;
}

std::vector<HostGpus> gpus_of(const Catalog& catalog, const ClusterNode& node) {
  if (node.product.empty()) return {};
  const std::string name = whole_product(node.product);
  auto match = catalog.find_gpu(name);
  if (!match) {
    // GKE's `nvidia-l4`, `nvidia-h100-80gb`.
    constexpr std::string_view vendor = "nvidia-";
    const auto near = name.starts_with(vendor) ? catalog.near_gpus(name.substr(vendor.size()), 1)
                                               : std::vector<std::string>();
    if (!near.empty()) match = catalog.find_gpu(near.front());
  }
  HostGpus gpus;
  gpus.name = name;
  gpus.gpu = match ? match->gpu : nullptr;
  gpus.count = node.gpus;
  gpus.memory = node.memory;
  gpus.capability = node.capability;
  return {gpus};
}

}  // namespace mlpack
