#include "lib/host/capture.h"

#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <system_error>

namespace mlpack {
namespace {

using CaptureJson = nlohmann::ordered_json;

// Names that are made from a GPU's UUID.
bool is_unique_name(const std::string& name) {
  return name.starts_with("GPU-") || name.starts_with("MIG-");
}

class HostCapture {
 public:
  HostCapture(const HostFacts& facts, const fs::path& folder) : facts_(facts), folder_(folder) {}

  void run() {
    put("/host.json", write_measured(facts_.measured));
    if (!facts_.answers.empty()) put("/nvml.json", facts_.answers);
    put_pci();
    put_driver();
    put_libraries();
    put_system();
    put_surroundings();
    put_programs();
    put_docker();
    put_engines();
    put_toolkit();
    for (const CdiSpec& spec : facts_.containers.cdi)
      put_cdi(spec);
  }

 private:
  // What a specification names may lead anywhere.
  static bool is_plain(const std::string& path) {
    return path.starts_with('/') && path.find('\0') == std::string::npos &&
           fs::path(path).lexically_normal() == path && path.find("/..") == std::string::npos;
  }

  fs::path at(const std::string& path) const { return folder_ / path.substr(1); }

  void put(const std::string& path, std::string_view text) {
    if (is_plain(path)) write_file(at(path), text);
  }
  void put_empty(const std::string& path) { put(path, ""); }
  void put_line(const std::string& path, const std::string& line) {
    if (!line.empty()) put(path, line + "\n");
  }

  void put_pci() {
    for (const PciDevice& device : facts_.pci) {
      const std::string folder = "/sys/bus/pci/devices/" + device.address + "/";
      put_line(folder + "vendor", "0x10de");
      put_line(folder + "class",
               device.kind == PciDevice::Kind::nvswitch ? "0x068000" : "0x030200");
      put_line(folder + "current_link_width", std::to_string(device.width));
      put_line(folder + "max_link_width", std::to_string(device.full_width));
      if (device.driver.empty() || !is_plain(folder + "driver")) continue;
      fs::create_symlink("../../drivers/" + device.driver, at(folder + "driver"));
    }
  }

  void put_driver() {
    const DriverFacts& driver = facts_.driver;
    std::string modules;
    for (const std::string& name : driver.modules)
      modules += name + " 0 0 - Live 0x0\n";
    if (driver.has_module_list) put("/proc/modules", modules);
    if (driver.module_version) {
      put_line("/proc/driver/nvidia/version",
               fmt::format("NVRM version: NVIDIA UNIX {} {}",
                           driver.is_open ? "Open Kernel Module" : "Kernel Module",
                           driver.module_version->text()));
    }
    for (const ProcGpu& gpu : driver.gpus)
      put_line("/proc/driver/nvidia/gpus/" + gpu.address + "/information", "Model: " + gpu.model);
    std::string majors = "Character devices:\n";
    for (const auto& [name, major] : driver.majors)
      majors += fmt::format("{} {}\n", major, name);
    put("/proc/devices", majors);
  }

  void put_libraries() {
    std::string folders;
    for (const DriverLibrary& library : facts_.driver.libraries) {
      put_empty(library.path);
      folders += library.path.substr(0, library.path.rfind('/')) + "\n";
    }
    put("/etc/ld.so.conf.d/captured.conf", folders);
  }

  void put_system() {
    const SystemFacts& system = facts_.system;
    put_line("/etc/os-release", fmt::format("PRETTY_NAME=\"{}\"", system.os));
    put_line("/proc/sys/kernel/osrelease", system.kernel);
    if (system.kind == SystemFacts::Kind::wsl) fs::create_directories(at("/usr/lib/wsl/lib"));
    if (system.kind == SystemFacts::Kind::jetson)
      put("/etc/nv_tegra_release", system.jetson_release + "\n");
    put_line("/run/systemd/container", system.container);
    if (system.memory)
      put_line("/proc/meminfo", fmt::format("MemTotal: {} kB", *system.memory / 1024));
    if (system.processors != 0)
      put_line("/sys/devices/system/cpu/online", fmt::format("0-{}", system.processors - 1));
    if (!system.processor_flags.empty()) {
      const std::vector<std::string> flags(system.processor_flags.begin(),
                                           system.processor_flags.end());
      put_line("/proc/cpuinfo", "flags\t\t: " + join(flags, " "));
    }
    if (system.lock_limit)
      put_line("/proc/self/limits", fmt::format("Max locked memory {} bytes", *system.lock_limit));
    if (system.cgroups == SystemFacts::Cgroups::v2) put_empty("/sys/fs/cgroup/cgroup.controllers");
    if (system.cgroups == SystemFacts::Cgroups::v1) put_empty("/sys/fs/cgroup/memory/tasks");
  }

  void put_surroundings() {
    if (facts_.system.has_iommu) put_empty("/sys/kernel/iommu_groups/0/type");
    if (facts_.system.has_rdma) put_empty("/sys/class/infiniband/rdma0/node_type");
    if (facts_.has_persistence_daemon) put_empty("/run/nvidia-persistenced/socket");
    if (facts_.has_fabric_manager) put_empty("/run/nvidia-fabricmanager/socket");
    if (facts_.has_imex_channels) put_empty("/dev/nvidia-caps-imex-channels/channel0");
  }

  void put_programs() {
    const ContainerFacts& containers = facts_.containers;
    for (const std::string& tool : containers.tools)
      put_empty("/usr/bin/" + tool);
    if (containers.docker.is_installed) put_empty("/usr/bin/dockerd");
    if (containers.containerd.is_installed) put_empty("/usr/bin/containerd");
    if (containers.has_crio) put_empty("/usr/bin/crio");
    if (containers.has_podman) put_empty("/usr/bin/podman");
    if (containers.has_kubelet) put_empty("/usr/bin/kubelet");
    if (containers.has_subordinate_ids) put_line("/etc/subuid", "user:100000:65536");
  }

  void put_docker() {
    const DockerFacts& docker = facts_.containers.docker;
    if (docker.is_malformed) return put("/etc/docker/daemon.json", "{\n");
    CaptureJson json = CaptureJson::object();
    if (docker.runtime != EngineRuntime::none) json["runtimes"]["nvidia"] = CaptureJson::object();
    if (docker.runtime == EngineRuntime::by_default) json["default-runtime"] = "nvidia";
    if (docker.has_cdi) json["features"]["cdi"] = true;
    if (!json.empty()) put_line("/etc/docker/daemon.json", dump_json(json, "daemon.json"));
  }

  static std::string runtime_text(EngineRuntime runtime, const std::string& table) {
    if (runtime == EngineRuntime::none) return {};
    const std::string name = runtime == EngineRuntime::by_default
                                 ? "default_runtime_name = \"nvidia\"\n"
                                 : std::string();
    return fmt::format("[{}]\n{}[{}.runtimes.nvidia]\nname = \"nvidia\"\n", table, name, table);
  }

  void put_engines() {
    const ContainerdFacts& containerd = facts_.containers.containerd;
    std::string text = runtime_text(containerd.runtime, "containerd");
    if (containerd.has_cdi) text = fmt::format("enable_cdi = {}\n", *containerd.has_cdi) + text;
    if (!containerd.config.empty()) {
      put(containerd.config, text);
    } else if (!text.empty()) {
      put("/etc/containerd/conf.d/captured.toml", text);
    }
    const std::string crio = runtime_text(facts_.containers.crio_runtime, "crio.runtime");
    if (!crio.empty()) put("/etc/crio/crio.conf.d/captured.conf", crio);
  }

  void put_toolkit() {
    const ContainerFacts& containers = facts_.containers;
    if (!containers.toolkit_version.empty()) {
      put("/var/lib/dpkg/status",
          fmt::format("\nPackage: nvidia-container-toolkit\nStatus: install ok installed\n"
                      "Version: {}\n",
                      containers.toolkit_version));
    }
    std::string text;
    if (containers.no_cgroups) text += "[nvidia-container-cli]\nno-cgroups = true\n";
    if (!containers.toolkit_mode.empty())
      text += fmt::format("[nvidia-container-runtime]\nmode = \"{}\"\n", containers.toolkit_mode);
    if (!text.empty()) put("/etc/nvidia-container-runtime/config.toml", text);
  }

  void put_cdi(const CdiSpec& spec) {
    if (!spec.unread.empty()) return put(spec.path, "kind: nvidia.com/gpu\ndevices: [\n");
    CaptureJson json{{"kind", "nvidia.com/gpu"}};
    json["devices"] = CaptureJson::array();
    for (const std::string& name : spec.devices)
      json["devices"].push_back({{"name", is_unique_name(name) ? "unique" : name}});
    CaptureJson mounts = CaptureJson::array();
    for (const std::string& path : spec.paths) {
      mounts.push_back({{"hostPath", path}});
      const bool is_there =
          std::find(spec.missing.begin(), spec.missing.end(), path) == spec.missing.end();
      std::error_code failed;
      if (is_there && !path.starts_with("/dev/") && is_plain(path) && !fs::exists(at(path), failed))
        put_empty(path);
    }
    json["containerEdits"] = {{"mounts", mounts}};
    put_line(spec.path, json.dump(2, ' ', false, CaptureJson::error_handler_t::replace));
  }

  const HostFacts& facts_;
  fs::path folder_;
};

}  // namespace

void capture_host(const HostFacts& facts, const fs::path& folder) {
  std::error_code failed;
  if (fs::exists(folder, failed) && !fs::is_empty(folder, failed)) {
    throw Error(Fault::input,
                fmt::format("`{}` is not empty", printable(folder.string())),
                "name a folder that is not there yet");
  }
  make_folders(folder);
  HostCapture(facts, folder).run();
}

}  // namespace mlpack
