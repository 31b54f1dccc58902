#pragma once

#include "lib/check/host_image.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A node of a Kubernetes cluster, as its labels and its status tell.
struct ClusterNode {
  std::string name;
  std::string machine;  // `amd64`; empty: not known
  std::string system;   // `linux`; empty: not known
  bool is_ready = false;
  bool is_cordoned = false;
  std::vector<std::string> taints;  // `nvidia.com/gpu=present:NoSchedule`, that keep pods away
  std::string product;              // `NVIDIA-H100-80GB-HBM3`, as it is labelled; empty: no label
  bool has_gpu = false;
  unsigned gpus = 0;         // that it has
  unsigned allocatable = 0;  // of any resource of NVIDIA's
  std::optional<Version> driver;
  std::optional<Version> cuda;
  std::optional<Version> capability;
  std::uint64_t memory = 0;      // of a GPU, in bytes; 0: not known
  std::uint64_t own_memory = 0;  // of the node
  /// Those of NVIDIA and of node-feature-discovery.
  std::map<std::string, std::string> labels = {};
};

/// The nodes in what `kubectl get nodes -o json` prints, with the labels of GPU feature discovery
/// in their old and new forms, and GKE's. Fault::input where it is something else.
std::vector<ClusterNode> parse_nodes(std::string_view text, const std::string& what);

/// The GPUs of a node; empty: it has none, or nobody says which.
std::vector<HostGpus> gpus_of(const Catalog& catalog, const ClusterNode& node);

/// What speaks against running GPU containers on `node`, or, with one, `image`. Pure.
Findings check_node(const Catalog& catalog, const ClusterNode& node, const HostImage* image);

}  // namespace mlpack
