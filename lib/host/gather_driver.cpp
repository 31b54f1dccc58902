#include "lib/host/gather.h"
#include "lib/text.h"

#include <array>
#include <utility>

namespace mlpack {
namespace {

constexpr std::array library_places{"/usr/lib/x86_64-linux-gnu",
                                    "/usr/lib/aarch64-linux-gnu",
                                    "/usr/lib/x86_64-linux-gnu/nvidia/current",
                                    "/usr/lib/aarch64-linux-gnu/nvidia/current",
                                    "/usr/lib64",
                                    "/usr/lib",
                                    "/usr/local/nvidia/lib64",
                                    "/run/opengl-driver/lib",
                                    "/home/kubernetes/bin/nvidia/lib64"};

unsigned lanes(const std::string& text) {
  return static_cast<unsigned>(parse_number(text, 64).value_or(0));
}

// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  …`
std::optional<Version> first_version(std::string_view line) {
  for (const std::string_view word : split(line, ' ')) {
    const auto version = Version::parse(word);
    if (version && version->size() >= 2) return version;
  }
  return std::nullopt;
}

// The lines `Key: \t value` of an information file.
std::string value_of(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(key)) return std::string(trim(line.substr(key.size())));
  }
  return {};
}

void read_modules(const Host& host, DriverFacts& driver) {
  const auto list = host.text("/proc/modules");
  driver.has_module_list = list.has_value();
  const std::string lines = list.value_or("");
  for (const std::string_view line : split(lines, '\n')) {
    const std::string name(line.substr(0, line.find(' ')));
    const bool counts =
        name.starts_with("nvidia") || name.starts_with("nouveau") || name == "vfio_pci";
    if (counts) driver.modules.insert(name);
  }
  const std::string text = host.text("/proc/driver/nvidia/version").value_or("");
  driver.module_version = first_version(std::string_view(text).substr(0, text.find('\n')));
  driver.is_open = text.find("Open Kernel Module") != std::string::npos;
  if (!driver.module_version) {
    const auto version = Version::parse(host.line("/sys/module/nvidia/version"));
    if (version && version->size() >= 2) driver.module_version = version;
  }
}

void read_libraries(const Host& host, DriverFacts& driver) {
  std::set<std::string> seen;
  for (const std::string& folder : library_folders(host)) {
    const auto real = host.real(folder);
    if (!real || !seen.insert(real->string()).second) continue;
    for (const std::string& name : host.names(folder)) {
      for (const std::string library : {"libcuda", "libnvidia-ml"}) {
        if (!name.starts_with(library + ".so.")) continue;
        const auto version = Version::parse(std::string_view(name).substr(library.size() + 4));
        if (version && version->size() >= 2)
          driver.libraries.push_back({folder + "/" + name, library, *version});
      }
    }
  }
}

void read_majors(const Host& host, DriverFacts& driver) {
  const std::string lines = host.text("/proc/devices").value_or("");
  for (const std::string_view line : split(lines, '\n')) {
    if (line.starts_with("Block")) return;
    const std::string_view words = trim(line);
    const std::size_t blank = words.find(' ');
    const auto number = parse_number(words.substr(0, blank), 1U << 20U);
    if (!number || blank == std::string_view::npos) continue;
    const std::string name(trim(words.substr(blank)));
    if (name.starts_with("nvidia")) driver.majors.emplace(name, static_cast<unsigned>(*number));
  }
}

}  // namespace

std::vector<std::string> library_folders(const Host& host) {
  std::vector<std::string> folders(library_places.begin(), library_places.end());
  for (const std::string& name : host.names("/etc/ld.so.conf.d")) {
    const std::string text = host.text("/etc/ld.so.conf.d/" + name, 1U << 16U).value_or("");
    for (const std::string_view line : split(text, '\n'))
      if (trim(line).starts_with('/')) folders.emplace_back(trim(line));
  }
  return folders;
}

std::vector<PciDevice> gather_pci(const Host& host) {
  std::vector<PciDevice> devices;
  const std::string folder = "/sys/bus/pci/devices/";
  for (const std::string& address : host.names(folder)) {
    const std::string at = folder + address + "/";
    if (host.line(at + "vendor") != "0x10de") continue;
    const std::string kind = host.line(at + "class");
    const bool is_switch = kind.starts_with("0x0680");
    if (!is_switch && !kind.starts_with("0x0300") && !kind.starts_with("0x0302")) continue;
    PciDevice device;
    device.kind = is_switch ? PciDevice::Kind::nvswitch : PciDevice::Kind::gpu;
    device.address = address;
    device.driver = host.link_name(at + "driver");
    device.width = lanes(host.line(at + "current_link_width"));
    device.full_width = lanes(host.line(at + "max_link_width"));
    devices.push_back(std::move(device));
  }
  return devices;
}

DriverFacts gather_driver(const Host& host) {
  DriverFacts driver;
  read_modules(host, driver);
  read_libraries(host, driver);
  read_majors(host, driver);
  const std::string folder = "/proc/driver/nvidia/gpus/";
  for (const std::string& address : host.names(folder)) {
    const std::string text = host.text(folder + address + "/information").value_or("");
    driver.gpus.push_back({address, value_of(text, "Model:")});
  }
  return driver;
}

}  // namespace mlpack
