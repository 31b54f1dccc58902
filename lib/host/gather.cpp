#include "lib/host/gather.h"

namespace mlpack {
namespace {

// Without a driver there is nobody to ask, and looking costs time.
bool may_have_driver(const HostFacts& facts) {
  return facts.driver.module_version || !facts.driver.libraries.empty() ||
         facts.system.kind != SystemFacts::Kind::plain || !facts.measured.devices.empty() ||
         !facts.pci.empty();
}

void ask_driver(const Host& host, const ProbeSettings& settings, HostFacts& facts) {
  std::optional<std::string> text;
  if (host.is_here()) {
    if (may_have_driver(facts)) {
      text = probe_libraries(settings);
    } else {
      facts.nvml.answer.outcome = Answer::Outcome::missing;
      facts.cuda.answer.outcome = Answer::Outcome::missing;
    }
  } else {
    text = host.text("/nvml.json");
  }
  if (!text) return;
  ProbeFacts probe = parse_probe(*text);
  facts.nvml = std::move(probe.nvml);
  facts.cuda = probe.cuda;
  facts.answers = std::move(*text);
}

}  // namespace

std::optional<Version> HostFacts::driver_version() const {
  return driver.module_version ? driver.module_version : nvml.driver;
}

bool HostFacts::has_gpu() const {
  if (system.kind != SystemFacts::Kind::plain || !driver.gpus.empty() || !nvml.gpus.empty()) {
    return true;
  }
  for (const PciDevice& device : pci)
    if (device.kind == PciDevice::Kind::gpu) return true;
  return false;
}

bool HostFacts::has_engine() const {
  return containers.docker.is_installed || containers.containerd.is_installed ||
         containers.has_crio || containers.has_podman;
}

HostFacts gather_host(const Host& host, const ProbeSettings& probe) {
  HostFacts facts;
  facts.pci = gather_pci(host);
  facts.driver = gather_driver(host);
  facts.system = gather_system(host);
  facts.containers = gather_containers(host);
  facts.measured = measure(host);
  facts.has_persistence_daemon = host.exists("/run/nvidia-persistenced/socket");
  facts.has_fabric_manager = host.exists("/run/nvidia-fabricmanager/socket") ||
                             host.exists("/run/nvidia-fabricmanager/nv-fabricmanager.pid") ||
                             host.exists("/run/nvidia-fabricmanager/fm_sm_ipc.socket");
  facts.has_imex_channels = !host.names("/dev/nvidia-caps-imex-channels").empty();
  ask_driver(host, probe, facts);
  return facts;
}

}  // namespace mlpack
