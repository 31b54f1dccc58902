#include "lib/check/host.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Level = Finding::Level;

constexpr unsigned fabric_not_supported = 0;
constexpr unsigned fabric_completed = 3;

class HostFabricCheck {
 public:
  explicit HostFabricCheck(const HostInput& input) : facts_(input.facts) {}

  Findings run() {
    if (!facts_.has_gpu() || facts_.system.kind != SystemFacts::Kind::plain) return {};
    check_fabric();
    check_imex();
    check_links();
    check_pcie();
    check_peers();
    return findings_.take();
  }

 private:
  bool has_switch() const {
    const bool is_device =
        std::any_of(facts_.pci.begin(), facts_.pci.end(), [](const PciDevice& device) {
          return device.kind == PciDevice::Kind::nvswitch;
        });
    const auto& nodes = facts_.measured.devices;
    return is_device || std::any_of(nodes.begin(), nodes.end(), [](const DeviceNode& node) {
             return node.path.starts_with("/dev/nvidia-nvswitch");
           });
  }

  // Without it, CUDA does not start on any GPU behind a switch.
  void check_fabric() {
    const auto waits = [](const NvmlGpu& gpu) {
      return gpu.fabric && *gpu.fabric != fabric_not_supported && *gpu.fabric != fabric_completed;
    };
    const auto& gpus = facts_.nvml.gpus;
    const bool is_waiting = std::any_of(gpus.begin(), gpus.end(), waits);
    const bool says_so = facts_.cuda.answer.code == 802;
    const bool is_known = std::any_of(
        gpus.begin(), gpus.end(), [](const NvmlGpu& gpu) { return gpu.fabric.has_value(); });
    const bool is_absent = has_switch() && !facts_.has_fabric_manager && !is_known &&
                           facts_.system.container.empty() &&
                           facts_.cuda.answer.outcome != Answer::Outcome::answered;
    if (is_waiting || says_so || is_absent) {
      findings_.add("fabric-not-ready",
                    Level::error,
                    "the GPUs are not joined to the NVLink fabric",
                    facts_.has_fabric_manager
                        ? "the fabric manager runs, and has not set the fabric up; CUDA ends with "
                          "error 802"
                        : "the fabric manager does not run; CUDA ends with error 802",
                    {"start the fabric manager, of the very version of the driver",
                     {"sudo systemctl enable --now nvidia-fabricmanager",
                      "sudo systemctl status nvidia-fabricmanager"}});
      return;
    }
    for (const NvmlGpu& gpu : gpus) {
      if (gpu.fabric != fabric_completed || gpu.fabric_code.value_or(0) == 0) continue;
      findings_.add(
          "fabric-failed",
          Level::error,
          fmt::format("the GPU at {} could not join the NVLink fabric", gpu.address),
          fmt::format("its registration ended with error {}", *gpu.fabric_code),
          {"look at the fabric manager's log", {"sudo journalctl -u nvidia-fabricmanager"}});
    }
  }

  void check_imex() {
    const auto& gpus = facts_.nvml.gpus;
    const bool wants = std::any_of(gpus.begin(), gpus.end(), [](const NvmlGpu& gpu) {
      return gpu.name.find("GB200") != std::string::npos ||
             gpu.name.find("GB300") != std::string::npos;
    });
    if (!wants || facts_.has_imex_channels) return;
    findings_.add("imex-channels-missing",
                  Level::warning,
                  "there is no IMEX channel",
                  "containers on several nodes of one NVLink domain cannot share memory",
                  {"make one with the nvidia module's option NVreg_CreateImexChannel0=1"});
  }

  void check_links() {
    for (const NvmlGpu& gpu : facts_.nvml.gpus) {
      const unsigned down = gpu.links_down.value_or(0);
      // Boards that are not connected have all of them down.
      if (down > 0 && gpu.links_up.value_or(0) > 0) {
        findings_.add("nvlink-down",
                      Level::warning,
                      fmt::format("{} of {} NVLinks of the GPU at {} are down",
                                  down,
                                  down + *gpu.links_up,
                                  gpu.address),
                      "GPUs that share a model wait for each other longer",
                      {"look at the links", {"nvidia-smi nvlink --status"}});
      }
      if (gpu.link_recoveries.value_or(0) > 0) {
        findings_.add("nvlink-errors",
                      Level::warning,
                      fmt::format("the NVLinks of the GPU at {} broke and came back {} times",
                                  gpu.address,
                                  *gpu.link_recoveries),
                      "a cable or a board may be going bad",
                      {"look at the counters", {"nvidia-smi nvlink --errorcounters"}});
      }
    }
  }

  void check_pcie() {
    for (const PciDevice& device : facts_.pci) {
      const bool is_slow = device.kind == PciDevice::Kind::gpu && device.driver == "nvidia" &&
                           device.width != 0 && device.width < device.full_width;
      if (!is_slow) continue;
      findings_.add("pcie-narrow",
                    Level::info,
                    fmt::format("the GPU at {} has {} of {} PCIe lanes",
                                device.address,
                                device.width,
                                device.full_width),
                    "weights are loaded slower; the slot may have no more",
                    {"look at its slot"});
    }
    for (const NvmlGpu& gpu : facts_.nvml.gpus) {
      if (gpu.replays.value_or(0) < 100) continue;
      findings_.add(
          "pcie-replays",
          Level::warning,
          fmt::format(
              "the GPU at {} had to send {} times again on PCIe", gpu.address, *gpu.replays),
          "the slot, a riser or the board may be going bad",
          {"look at how it sits in its slot"});
    }
  }

  void check_peers() {
    const auto& gpus = facts_.nvml.gpus;
    const bool has_links = std::any_of(
        gpus.begin(), gpus.end(), [](const NvmlGpu& gpu) { return gpu.links_up.value_or(0) > 0; });
    if (gpus.size() > 1 && facts_.system.has_iommu && !has_links) {
      findings_.add("iommu-on",
                    Level::info,
                    "an IOMMU is between the GPUs, which have no NVLink",
                    "they may not reach each other's memory: NCCL is slower, or hangs",
                    {"add `iommu=pt` to the kernel's command line where it is no virtual machine"});
    }
    if (facts_.system.has_rdma && !facts_.driver.modules.contains("nvidia_peermem")) {
      findings_.add("rdma-without-peermem",
                    Level::info,
                    "the kernel module nvidia_peermem is not loaded",
                    "the network adapters cannot reach the memory of GPUs unless DMA-BUF is used",
                    {"load it", {"sudo modprobe nvidia-peermem"}});
    }
  }

  const HostFacts& facts_;
  HostFindings findings_;
};

}  // namespace

Findings check_host_fabric(const HostInput& input) {
  return HostFabricCheck(input).run();
}

}  // namespace mlpack
