#include "lib/check/host.h"
#include "lib/resolve/rules_driver.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

using Level = Finding::Level;
using Access = DeviceNode::Access;

class HostDriverCheck {
 public:
  explicit HostDriverCheck(const HostInput& input) : input_(input), facts_(input.facts) {}

  Findings run() {
    if (!facts_.has_gpu()) {
      add_no_gpu();
      return findings_.take();
    }
    if (facts_.system.kind == SystemFacts::Kind::plain) {
      check_module();
      check_binding();
      check_nodes();
    }
    check_support();
    return findings_.take();
  }

 private:
  void add_no_gpu() {
    findings_.add("no-gpu",
                  Level::error,
                  "this host has no NVIDIA GPU",
                  "no PCI device of NVIDIA's is a GPU, and it is neither a Jetson nor WSL",
                  {"use a host with one, or an image that needs none"});
  }

  bool has_module(const char* name) const { return facts_.driver.modules.contains(name); }

  void check_module() {
    const bool has_nouveau = has_module("nouveau");
    if (has_nouveau && !has_module("nvidia")) {
      findings_.add("nouveau-loaded",
                    Level::error,
                    "the kernel has the nouveau driver, not NVIDIA's",
                    "CUDA needs the nvidia module, and both cannot have the GPUs",
                    {"keep nouveau from being loaded, install NVIDIA's driver and reboot",
                     {"echo 'blacklist nouveau' | sudo tee /etc/modprobe.d/blacklist-nouveau.conf",
                      "sudo update-initramfs -u",
                      "sudo reboot"}});
    } else if (!has_module("nvidia") && !facts_.driver.module_version && needs_module()) {
      findings_.add("driver-not-loaded",
                    Level::error,
                    "the kernel module of NVIDIA's driver is not loaded",
                    facts_.driver.libraries.empty()
                        ? "its libraries are not there either: no driver is installed"
                        : fmt::format("its libraries are there (`{}`): it was not built for this "
                                      "kernel, or Secure Boot refuses it",
                                      facts_.driver.libraries.front().path),
                    {"install the driver, or load it and look at what the kernel says",
                     {"sudo modprobe nvidia"}});
    } else if (has_module("nvidia") && !has_module("nvidia_uvm")) {
      findings_.add("uvm-not-loaded",
                    Level::warning,
                    "the kernel module nvidia_uvm is not loaded",
                    "CUDA does not start without it; the container toolkit loads it where it may",
                    {"load it when the host starts", {"sudo nvidia-modprobe -u -c=0"}});
    }
  }

  // GPUs that are given to virtual machines need none.
  bool needs_module() const {
    return std::any_of(facts_.pci.begin(), facts_.pci.end(), [](const PciDevice& device) {
      return device.kind == PciDevice::Kind::gpu && device.driver != "vfio-pci";
    });
  }

  void check_binding() {
    std::size_t gpus = 0;
    std::vector<const PciDevice*> others;
    for (const PciDevice& device : facts_.pci) {
      if (device.kind != PciDevice::Kind::gpu) continue;
      ++gpus;
      // nouveau was told of.
      if (device.driver != "nvidia" && device.driver != "nouveau") others.push_back(&device);
    }
    const bool is_told = !has_module("nvidia") && !facts_.driver.module_version;
    for (const PciDevice* device : others) {
      if (is_told && device->driver.empty()) continue;
      const bool is_vm = device->driver == "vfio-pci";
      findings_.add(
          "gpu-not-bound",
          others.size() == gpus ? Level::error : Level::warning,
          device->driver.empty()
              ? fmt::format("no driver has the GPU at {}", device->address)
              : fmt::format("{} has the GPU at {}", printable(device->driver), device->address),
          is_vm ? "it is kept for virtual machines"
                : "NVIDIA's driver did not take it: it may not know it, or need its open modules",
          {is_vm ? "unbind it from vfio-pci" : "look at what the kernel says of it",
           {is_vm ? fmt::format("echo {0} | sudo tee /sys/bus/pci/devices/{0}/driver/unbind",
                                device->address)
                  : std::string("sudo dmesg | grep NVRM")}});
    }
  }

  const DeviceNode* node(const std::string& path) const {
    const auto& nodes = facts_.measured.devices;
    const auto found = std::find_if(
        nodes.begin(), nodes.end(), [&](const DeviceNode& each) { return each.path == path; });
    return found == nodes.end() ? nullptr : &*found;
  }

  void check_nodes() {
    if (!facts_.driver.module_version) return;
    std::vector<std::string> wanted{"/dev/nvidiactl", "/dev/nvidia-uvm"};
    // A container is given some of the GPUs.
    if (facts_.system.container.empty()) {
      for (std::size_t i = 0; i < facts_.driver.gpus.size(); ++i)
        wanted.push_back(fmt::format("/dev/nvidia{}", i));
    }
    std::vector<std::string> missing;
    for (const std::string& path : wanted) {
      const DeviceNode* found = node(path);
      if (found == nullptr) {
        missing.push_back(path);
      } else {
        check_node(*found);
      }
    }
    if (missing.empty()) return;
    const bool is_fatal = missing.size() != 1 || missing.front() != "/dev/nvidia-uvm";
    findings_.add("device-node-missing",
                  is_fatal ? Level::error : Level::warning,
                  fmt::format("there is no {}", join(missing, ", ")),
                  "programs reach the driver through these files",
                  {"let the driver make them", {"sudo nvidia-modprobe -u -c=0"}});
  }

  void check_node(const DeviceNode& device) {
    const bool is_uvm = device.path == "/dev/nvidia-uvm";
    const auto& majors = facts_.driver.majors;
    auto major = majors.find(is_uvm ? "nvidia-uvm" : "nvidia");
    if (major == majors.end() && !is_uvm) major = majors.find("nvidia-frontend");
    if (device.major && major != majors.end() && *device.major != major->second) {
      findings_.add(
          "device-node-stale",
          Level::error,
          fmt::format(
              "{} is device {}, and the driver has {}", device.path, *device.major, major->second),
          "it was made for a driver that was loaded before, and leads nowhere now",
          {"make it anew",
           {fmt::format("sudo rm {}", device.path), "sudo nvidia-modprobe -u -c=0"}});
    } else if (device.access == Access::denied) {
      findings_.add("device-node-denied",
                    Level::warning,
                    fmt::format("this user may not open {}", device.path),
                    "rootless containers of this user see no GPU; those of a daemon do",
                    {"let users open the devices (NVreg_DeviceFileMode of the nvidia module), or "
                     "join their group",
                     {fmt::format("ls -l {}", device.path)}});
    } else if (device.access == Access::failed) {
      findings_.add("device-node-fails",
                    Level::error,
                    fmt::format("{} cannot be opened", device.path),
                    "the driver refuses it: its GPU may be lost, or a device cgroup is in the way",
                    {"look at what the kernel says", {"sudo dmesg | grep NVRM"}});
    }
  }

  void check_support() {
    const auto driver = facts_.driver_version();
    if (!driver) return;
    for (const HostGpus& gpus : gpus_of(input_.catalog, facts_)) {
      if (gpus.gpu == nullptr) {
        findings_.add("gpu-not-in-catalog",
                      Level::info,
                      fmt::format("the catalog has no GPU `{}`", printable(gpus.name)),
                      "what is known of models of GPUs was not compared",
                      {"give a row for it with `--catalog`"});
        continue;
      }
      const Ruling ruling = driver_supports_gpu(input_.catalog, *driver, *gpus.gpu);
      if (ruling.verdict != Verdict::no) continue;
      findings_.add("driver-not-for-gpu",
                    Level::error,
                    fmt::format("driver {} does not drive {}", driver->text(), gpus.gpu->name),
                    ruling.reason,
                    {"install a driver of a branch that does"});
    }
  }

  const HostInput& input_;
  const HostFacts& facts_;
  HostFindings findings_;
};

}  // namespace

Findings check_host_driver(const HostInput& input) {
  return HostDriverCheck(input).run();
}

}  // namespace mlpack
