#include "lib/check/nodes.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mlpack {
namespace {

using Level = Finding::Level;

// A name for a shell; what a cluster says may be anything.
std::string shell_name(const std::string& name) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  return name.find_first_not_of(plain) == std::string::npos ? name : std::string("NODE");
}

void check_state(const ClusterNode& node, HostFindings& findings) {
  if (!node.is_ready) {
    findings.add("node-not-ready",
                 Level::error,
                 "the node is not ready",
                 "nothing is started on it",
                 {"look at its conditions",
                  {fmt::format("kubectl describe node {}", shell_name(node.name))}});
  }
  if (node.is_cordoned) {
    findings.add("node-cordoned",
                 Level::error,
                 "the node is cordoned",
                 "nothing new is started on it",
                 {"uncordon it when it may be used again",
                  {fmt::format("kubectl uncordon {}", shell_name(node.name))}});
  }
  for (const std::string& taint : node.taints) {
    findings.add("node-tainted",
                 Level::info,
                 fmt::format("the node has the taint `{}`", printable(taint)),
                 "pods without a toleration of it go elsewhere",
                 {"give the pod that toleration"});
  }
}

// False: there is none to speak of.
bool check_presence(const ClusterNode& node, HostFindings& findings) {
  if (!node.has_gpu) {
    findings.add("node-without-gpu",
                 Level::error,
                 "the node has no NVIDIA GPU, or nobody labelled it",
                 "it has neither labels of GPU feature discovery nor GPUs to allocate",
                 {"use another node, or install the GPU operator where it has one"});
    return false;
  }
  if (node.allocatable == 0) {
    findings.add("node-gpus-not-offered",
                 Level::error,
                 fmt::format("the node has {} GPUs, and offers none", node.gpus),
                 "the device plugin does not run on it, or found no driver",
                 {"look at the pods of the GPU operator there",
                  {"kubectl get pods -A -o wide -l app=nvidia-device-plugin-daemonset"}});
  } else if (node.allocatable < node.gpus) {
    findings.add("node-gpus-unhealthy",
                 Level::warning,
                 fmt::format("the node offers {} of {} GPUs", node.allocatable, node.gpus),
                 "the device plugin takes away GPUs that report errors",
                 {"run `mlpack doctor` on it"});
  }
  return true;
}

void check_labels(const ClusterNode& node, HostFindings& findings) {
  if (node.driver && !node.product.empty()) return;
  findings
      .add("node-not-labelled",
           Level::info,
           fmt::format("the node does not say {}",
                       node.driver ? "which GPU it has" : "which driver it has"),
           "what depends on it was not decided",
           {"install GPU feature discovery (it is part of the GPU operator)"})
      .is_unknown = true;
}

void check_image_platform(const ClusterNode& node, const HostImage& image, HostFindings& findings) {
  const std::string& system = image.config.platform.os;
  if (!node.system.empty() && node.system != system) {
    findings.add("image-other-platform",
                 Level::error,
                 fmt::format("the image is for {}, and this node runs {}",
                             printable(system),
                             printable(node.system)),
                 "containers share the kernel of their node",
                 {fmt::format("use a node with {}", printable(system))});
  }
  const std::string& there = image.config.platform.architecture;
  if (!node.machine.empty() && !there.empty() && node.machine != there) {
    findings.add(
        "image-other-platform",
        Level::error,
        fmt::format(
            "the image is for {}, and this node is {}", printable(there), printable(node.machine)),
        "its programs do not start on another processor",
        {"build it for this platform, too, with `platform` in its spec"});
  }
  const auto wanted = needs_of(image.config).memory;
  if (wanted && node.own_memory != 0 && node.own_memory < *wanted) {
    findings.add("image-memory",
                 Level::error,
                 fmt::format("the image wants {} of memory, and this node has {}",
                             human_size(*wanted),
                             human_size(node.own_memory)),
                 "it is not started here",
                 {"use a larger node, or correct `resources` in the spec"});
  }
}

}  // namespace

Findings check_node(const Catalog& catalog, const ClusterNode& node, const HostImage* image) {
  HostFindings findings;
  check_state(node, findings);
  const bool wants_gpu = image == nullptr || needs_of(image->config).gpu;
  std::vector<HostGpus> gpus;
  if (wants_gpu && check_presence(node, findings)) {
    check_labels(node, findings);
    gpus = gpus_of(catalog, node);
  }
  if (image != nullptr) check_image_platform(node, *image, findings);
  Findings all = findings.take();
  if (image != nullptr && (!wants_gpu || !gpus.empty())) {
    Findings others = check_image_gpus(catalog, *image, gpus, node.driver);
    std::move(others.begin(), others.end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(), [](const Finding& one, const Finding& other) {
    return one.level < other.level;
  });
  return all;
}

}  // namespace mlpack
