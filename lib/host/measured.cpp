#include "lib/host/measured.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace mlpack {
namespace {

using Access = DeviceNode::Access;

constexpr std::size_t most_log = std::size_t{4} << 20;
constexpr std::size_t most_xids = 100;
constexpr std::array disk_places{
    "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/lib"};
constexpr std::array log_files{"/var/log/kern.log", "/var/log/messages", "/var/log/syslog"};

bool is_nvidia_device(const std::string& name) {
  return name.starts_with("nvidia") || name == "dxg" || name == "nvmap" || name == "gdrdrv" ||
         name.starts_with("nvhost-ctrl");
}

std::vector<std::string> device_paths(const Host& host) {
  std::vector<std::string> paths;
  for (const std::string& name : host.names("/dev")) {
    if (!is_nvidia_device(name)) continue;
    const std::string path = "/dev/" + name;
    const auto real = host.real(path);
    std::error_code failed;
    if (!real || !fs::is_directory(*real, failed)) {
      paths.push_back(path);
      continue;
    }
    for (const std::string& child : host.names(path))
      paths.push_back(path + "/" + child);
  }
  return paths;
}

Access access_to(const char* path, int flags) {
  const Fd fd(::open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd) return Access::open;
  return errno == EACCES || errno == EPERM ? Access::denied : Access::failed;
}

DeviceNode device_at(const std::string& path) {
  DeviceNode node{path, {}, Access::unknown};
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    node.access = Access::failed;
    return node;
  }
  if (!S_ISCHR(status.st_mode)) return node;
  node.major = major(status.st_rdev);
  // Opening others may do something: a MIG capability, a switch.
  const bool is_plain = path == "/dev/nvidiactl" || path == "/dev/nvidia-uvm" ||
                        parse_number(path.substr(std::min<std::size_t>(path.size(), 11)), 9999);
  if (is_plain) node.access = access_to(path.c_str(), O_RDWR);
  return node;
}

void read_kernel_log(Measured& measured, const Host& host) {
  const Fd fd(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::string log;
  if (fd) {
    measured.kernel_log = Measured::Log::readable;
    std::string record(std::size_t{8} << 10, '\0');
    while (log.size() < most_log) {
      const ssize_t count = ::read(fd.get(), record.data(), record.size());
      if (count < 0 && (errno == EINTR || errno == EPIPE)) continue;
      if (count <= 0) break;
      log.append(record, 0, static_cast<std::size_t>(count));
    }
  } else {
    measured.kernel_log = Measured::Log::denied;
    for (const char* const path : log_files) {
      const auto text = host.text(path, std::uint64_t{64} << 20);
      if (!text) continue;
      measured.kernel_log = Measured::Log::readable;
      log = text->substr(text->size() - std::min(text->size(), most_log));
      break;
    }
  }
  measured.xids = xids_in(log);
}

std::optional<std::uint64_t> space(const char* path, bool is_total) {
  struct statvfs status {};
  if (::statvfs(path, &status) != 0) return std::nullopt;
  return std::uint64_t{status.f_frsize} * (is_total ? status.f_blocks : status.f_bavail);
}

Measured measure_here(const Host& host) {
  Measured measured;
  utsname name{};
  if (::uname(&name) == 0) measured.machine = name.machine;
  measured.user = ::geteuid();
  for (const std::string& path : device_paths(host))
    measured.devices.push_back(device_at(path));
  measured.shared_memory = space("/dev/shm", true);
  for (const char* const path : disk_places) {
    const auto free = host.exists(path) ? space(path, false) : std::nullopt;
    if (free) measured.disks.push_back({path, *free});
  }
  read_kernel_log(measured, host);
  const char* const socket = "/run/docker.sock";
  if (host.exists(socket)) {
    // A socket is not opened, its rights are asked for.
    const bool may = ::faccessat(AT_FDCWD, socket, R_OK | W_OK, AT_EACCESS) == 0;
    measured.docker_socket = may ? Access::open : Access::denied;
  }
  return measured;
}

Measured measure_tree(const Host& host) {
  Measured measured;
  for (const std::string& path : device_paths(host))
    measured.devices.push_back({path, {}, Access::unknown});
  for (const char* const path : log_files) {
    const auto text = host.text(path);
    if (!text) continue;
    measured.kernel_log = Measured::Log::readable;
    measured.xids = xids_in(*text);
    break;
  }
  return measured;
}

}  // namespace

Measured measure(const Host& host) {
  if (host.is_here()) return measure_here(host);
  const auto captured = host.text("/host.json");
  return captured ? parse_measured(*captured) : measure_tree(host);
}

std::vector<std::string> xids_in(std::string_view log) {
  constexpr std::string_view begin = "NVRM: Xid (";
  std::vector<std::string> found;
  for (std::size_t at = log.find(begin); at != std::string_view::npos && found.size() < most_xids;
       at = log.find(begin, at + 1)) {
    const std::string_view line = log.substr(at, log.find('\n', at) - at);
    const std::size_t colon = line.find("): ");
    if (colon == std::string_view::npos || colon > 64) continue;
    const std::size_t end = line.find_first_not_of("0123456789", colon + 3);
    if (end != colon + 3) found.push_back(printable(line.substr(0, end)));
  }
  return found;
}

}  // namespace mlpack
