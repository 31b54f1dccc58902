#pragma once

#include "lib/catalog/version.h"
#include "lib/host/measured.h"
#include "lib/host/probe.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A PCI device of NVIDIA's.
struct PciDevice {
  enum class Kind { gpu, nvswitch };
  Kind kind = Kind::gpu;
  std::string address;  // `0000:18:00.0`
  std::string driver;   // of the kernel, `nvidia`, `vfio-pci`; empty: none
  unsigned width = 0;   // of its link, in lanes; 0: not known
  unsigned full_width = 0;
};

/// A library of the driver, `libcuda.so.550.54.15`.
struct DriverLibrary {
  std::string path;
  std::string name;  // `libcuda`
  Version version;
};

/// What /proc says of a GPU that the driver has.
struct ProcGpu {
  std::string address;
  std::string model;
};

struct DriverFacts {
  std::set<std::string> modules;          // that are loaded; nvidia's, nouveau, vfio_pci
  bool has_module_list = false;           // else nobody said which are loaded
  std::optional<Version> module_version;  // of nvidia
  bool is_open = false;                   // its open form
  std::vector<DriverLibrary> libraries;   // by path
  std::vector<ProcGpu> gpus;
  std::map<std::string, unsigned> majors;  // of character devices, by name
};

/// The rest of what decides whether a machine can run containers.
struct SystemFacts {
  enum class Kind {
    plain,
    wsl,    // Windows has the driver
    jetson  // its GPU is no PCI device
  };
  Kind kind = Kind::plain;
  std::string jetson_release;  // as its file says
  std::string os;              // `Ubuntu 22.04.4 LTS`; empty: not known
  std::string kernel;
  std::string container;  // that we are in, such as `docker`; empty: none
  std::optional<std::uint64_t> memory;
  unsigned processors = 0;                  // 0: not known
  std::set<std::string> processor_flags;    // of the first, as the kernel names them
  std::optional<std::uint64_t> lock_limit;  // RLIMIT_MEMLOCK; nullopt: none, or not known
  enum class Cgroups { unknown, v1, v2 } cgroups = Cgroups::unknown;
  bool has_iommu = false;  // that translates
  bool has_rdma = false;
};

/// A CDI specification for NVIDIA's devices.
struct CdiSpec {
  std::string path;
  std::string unread;  // why it could not be read; empty: it was
  std::vector<std::string> devices;
  std::vector<std::string> paths;    // of the host that it names, each once
  std::vector<std::string> missing;  // those that are not there
  std::set<std::string> versions;    // of the driver, in the names of libraries
};

/// An NVIDIA runtime as an engine's configuration has it.
enum class EngineRuntime { none, configured, by_default };

struct DockerFacts {
  bool is_installed = false;
  bool is_malformed = false;  // daemon.json
  EngineRuntime runtime = EngineRuntime::none;
  bool has_cdi = false;
};

struct ContainerdFacts {
  bool is_installed = false;
  std::string config;  // that was read; empty: none
  EngineRuntime runtime = EngineRuntime::none;
  std::optional<bool> has_cdi;  // nullopt: as its version has it
};

struct ContainerFacts {
  DockerFacts docker;
  ContainerdFacts containerd;
  bool has_crio = false;
  EngineRuntime crio_runtime = EngineRuntime::none;
  bool has_podman = false;
  bool has_kubelet = false;
  std::set<std::string> tools;  // nvidia-ctk, nvidia-container-runtime …
  std::string toolkit_version;  // empty: not known
  std::string toolkit_mode;     // of config.toml; empty: its default
  bool no_cgroups = false;
  std::vector<CdiSpec> cdi;
  bool has_subordinate_ids = false;  // of the user
};

/// What was found out about a machine. Nothing in it identifies it: no name, serial number or UUID.
struct HostFacts {
  std::vector<PciDevice> pci;
  DriverFacts driver;
  SystemFacts system;
  ContainerFacts containers;
  Measured measured;
  NvmlFacts nvml;
  CudaAnswer cuda;
  std::string answers;  // of NVML and libcuda as they came: nvml.json; empty: none
  bool has_persistence_daemon = false;
  bool has_fabric_manager = false;  // it runs
  bool has_imex_channels = false;

  /// Of the running kernel's module, else of what NVML says.
  std::optional<Version> driver_version() const;
  /// A PCI GPU, Jetson's, or one that Windows or NVML shows.
  bool has_gpu() const;
  bool has_engine() const;
};

}  // namespace mlpack
