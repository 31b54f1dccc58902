#pragma once

#include "lib/catalog/catalog.h"
#include "lib/check/check.h"
#include "lib/check/finding.h"
#include "lib/host/host_facts.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// GPUs of a host of one name, a MIG slice being one, too.
struct HostGpus {
  std::string name;          // as the driver has it
  const Gpu* gpu = nullptr;  // of the catalog; nullptr: it has none of that name
  unsigned count = 0;
  std::uint64_t memory = 0;  // of each, in bytes; 0: not known
  std::optional<Version> capability;
};

/// In the order in which the driver has them.
std::vector<HostGpus> gpus_of(const Catalog& catalog, const HostFacts& facts);

/// What everything about a host is decided from.
struct HostInput {
  /// Whether a GPU is wanted: of an image that needs none, nothing is said about them.
  enum class Wanted { gpu, no_gpu };
  const Catalog& catalog;
  const HostFacts& facts;
  Wanted wanted = Wanted::gpu;
};

/// What speaks against running containers on a host: errors first, equal ones in the order of the
/// rules. Pure.
Findings check_host(const HostInput& input);

// The rules, each in a file of its name.
/// The kernel's module, device nodes.
Findings check_host_driver(const HostInput& input);
/// The driver's libraries, and what they answer.
Findings check_host_libraries(const HostInput& input);
/// The state of each GPU.
Findings check_host_gpus(const HostInput& input);
/// What connects GPUs: switches, links, PCIe, RDMA.
Findings check_host_fabric(const HostInput& input);
/// The container toolkit and CDI.
Findings check_host_toolkit(const HostInput& input);
/// docker, containerd, CRI-O, podman.
Findings check_host_engines(const HostInput& input);
/// Memory, disks, limits.
Findings check_host_limits(const HostInput& input);

/// What to do about a finding.
struct Remedy {
  std::string fix;
  std::vector<std::string> commands = {};
};

/// Findings in the making.
class HostFindings {
 public:
  Finding& add(
      std::string id, Finding::Level level, std::string what, std::string why, Remedy remedy);
  Findings take() { return std::move(findings_); }

 private:
  Findings findings_;
};

}  // namespace mlpack
