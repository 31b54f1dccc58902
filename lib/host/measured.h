#pragma once

#include "lib/host/host.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A file below /dev.
struct DeviceNode {
  enum class Access { unknown, open, denied, failed };
  std::string path;
  std::optional<unsigned> major;  // nullopt: not known
  Access access = Access::unknown;
};

struct DiskSpace {
  std::string path;
  std::uint64_t free = 0;
};

/// What no file of a captured tree can tell: answers of the kernel. Captured as host.json.
struct Measured {
  enum class Log { unknown, readable, denied };
  std::string machine;                         // `x86_64`; empty: not known
  std::optional<std::uint64_t> user;           // its id
  std::vector<DeviceNode> devices;             // NVIDIA's, by path
  std::optional<std::uint64_t> shared_memory;  // bytes of /dev/shm
  std::vector<DiskSpace> disks;                // where engines keep images
  Log kernel_log = Log::unknown;
  std::vector<std::string> xids;  // `NVRM: Xid (PCI:0000:18:00): 79`, as they came
  DeviceNode::Access docker_socket = DeviceNode::Access::unknown;  // unknown: there is none
};

/// Of this machine, or as host.json of a captured tree has it; without one, its files below /dev
/// count as devices.
Measured measure(const Host& host);

/// Fault::input where it is malformed.
Measured parse_measured(std::string_view text);
std::string write_measured(const Measured& measured);

/// The reports of Xid errors in a kernel log, without what processes were called.
std::vector<std::string> xids_in(std::string_view log);

}  // namespace mlpack
