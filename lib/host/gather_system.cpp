#include "lib/host/gather.h"
#include "lib/text.h"

namespace mlpack {
namespace {

// The number in `text` after `key`, up to the first other character.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = trim(text.substr(at + key.size()));
  rest = rest.substr(0, rest.find_first_not_of("0123456789"));
  return parse_number(rest, std::uint64_t{1} << 52U);
}

// `0-15,32-47`
unsigned count_of_ranges(std::string_view text) {
  std::uint64_t count = 0;
  for (const std::string_view range : split(text, ',')) {
    const std::size_t dash = range.find('-');
    const auto first = parse_number(range.substr(0, dash), 1U << 16U);
    const auto last =
        dash == std::string_view::npos ? first : parse_number(range.substr(dash + 1), 1U << 16U);
    if (first && last && *last >= *first) count += *last - *first + 1;
  }
  return static_cast<unsigned>(count);
}

std::string pretty_name(const Host& host) {
  const std::string lines = host.text("/etc/os-release").value_or("");
  for (const std::string_view line : split(lines, '\n')) {
    constexpr std::string_view key = "PRETTY_NAME=";
    if (!line.starts_with(key)) continue;
    std::string_view name = line.substr(key.size());
    if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
    return std::string(name);
  }
  return {};
}

std::string container_kind(const Host& host) {
  if (host.exists("/run/.containerenv")) return "podman";
  if (host.exists("/.dockerenv")) return "docker";
  const std::string cgroup = host.text("/proc/1/cgroup").value_or("");
  if (cgroup.find("kubepods") != std::string::npos) return "kubernetes";
  if (host.exists("/run/secrets/kubernetes.io")) return "kubernetes";
  return host.line("/run/systemd/container");
}

SystemFacts::Kind kind_of(const Host& host, const std::string& kernel) {
  const bool is_wsl = to_lower(kernel).find("microsoft") != std::string::npos ||
                      host.exists("/dev/dxg") || host.exists("/usr/lib/wsl/lib");
  if (is_wsl) return SystemFacts::Kind::wsl;
  if (host.exists("/etc/nv_tegra_release")) return SystemFacts::Kind::jetson;
  const std::string model = host.line("/proc/device-tree/model");
  const bool is_jetson = model.find("Jetson") != std::string::npos;
  return is_jetson ? SystemFacts::Kind::jetson : SystemFacts::Kind::plain;
}

bool has_iommu(const Host& host) {
  if (host.names("/sys/kernel/iommu_groups").empty()) return false;
  const std::string line = host.line("/proc/cmdline");
  return line.find("iommu=pt") == std::string::npos && line.find("iommu=off") == std::string::npos;
}

// Of the first processor: the others are no different, and there may be hundreds.
std::set<std::string> processor_flags(const Host& host) {
  constexpr std::size_t enough = 16384;
  const std::string text = host.head("/proc/cpuinfo", enough);
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with("flags") || colon == std::string_view::npos) continue;
    std::set<std::string> flags;
    for (const std::string_view flag : split(trim(line.substr(colon + 1)), ' '))
      flags.emplace(flag);
    return flags;
  }
  return {};
}

SystemFacts::Cgroups cgroups_of(const Host& host) {
  if (host.exists("/sys/fs/cgroup/cgroup.controllers")) return SystemFacts::Cgroups::v2;
  return host.exists("/sys/fs/cgroup/memory") ? SystemFacts::Cgroups::v1
                                              : SystemFacts::Cgroups::unknown;
}

}  // namespace

SystemFacts gather_system(const Host& host) {
  SystemFacts system;
  system.kernel = host.line("/proc/sys/kernel/osrelease");
  system.kind = kind_of(host, system.kernel);
  if (system.kind == SystemFacts::Kind::jetson)
    system.jetson_release = host.line("/etc/nv_tegra_release");
  system.os = pretty_name(host);
  system.container = container_kind(host);
  const auto memory = number_after(host.text("/proc/meminfo").value_or(""), "MemTotal:");
  if (memory) system.memory = *memory * 1024;
  system.processors = count_of_ranges(host.line("/sys/devices/system/cpu/online"));
  system.processor_flags = processor_flags(host);
  system.lock_limit =
      number_after(host.text("/proc/self/limits").value_or(""), "Max locked memory");
  system.cgroups = cgroups_of(host);
  system.has_iommu = has_iommu(host);
  system.has_rdma = !host.names("/sys/class/infiniband").empty();
  return system;
}

}  // namespace mlpack
