#include "lib/error.h"
#include "lib/host/measured.h"
#include "lib/oci/json_node.h"

#include <nlohmann/json.hpp>

#include <array>
#include <limits>

namespace mlpack {
namespace {

using Access = DeviceNode::Access;
using MeasuredJson = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> accesses{"unknown", "open", "denied", "failed"};
constexpr std::array<std::string_view, 3> logs{"unknown", "readable", "denied"};
constexpr std::uint64_t most_bytes = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t most_id = std::numeric_limits<std::uint32_t>::max();

template <class Value, std::size_t count>
Value value_called(const JsonNode& node, const std::array<std::string_view, count>& names) {
  const std::string text = node.text();
  for (std::size_t i = 0; i < count; ++i)
    if (names[i] == text) return static_cast<Value>(i);
  node.refuse("is not known");
}

std::optional<std::uint64_t> number_at(const JsonNode& node, std::string_view key) {
  const auto found = node.find(key);
  return found ? std::optional(found->number(most_bytes)) : std::nullopt;
}

DeviceNode device_of(const JsonNode& node) {
  DeviceNode device;
  device.path = node.at("path").text();
  if (const auto major = node.find("major"))
    device.major = static_cast<unsigned>(major->number(most_id));
  if (const auto access = node.find("access"))
    device.access = value_called<Access>(*access, accesses);
  return device;
}

}  // namespace

Measured parse_measured(std::string_view text) {
  const Document document{"host.json", Fault::input, {}};
  const MeasuredJson json = parse_document(text, document);
  const JsonNode root(json, document);
  Measured measured;
  measured.machine = root.text_or_empty("machine");
  measured.user = number_at(root, "user");
  if (const auto devices = root.find("devices"))
    for (const JsonNode& device : devices->items())
      measured.devices.push_back(device_of(device));
  measured.shared_memory = number_at(root, "sharedMemory");
  if (const auto disks = root.find("disks"))
    for (const JsonNode& disk : disks->items())
      measured.disks.push_back({disk.at("path").text(), disk.at("free").number(most_bytes)});
  if (const auto log = root.find("kernelLog"))
    measured.kernel_log = value_called<Measured::Log>(*log, logs);
  if (const auto xids = root.find("xids")) measured.xids = xids->text_list();
  if (const auto socket = root.find("dockerSocket"))
    measured.docker_socket = value_called<Access>(*socket, accesses);
  return measured;
}

std::string write_measured(const Measured& measured) {
  MeasuredJson json{{"machine", measured.machine}};
  if (measured.user) json["user"] = *measured.user;
  json["devices"] = MeasuredJson::array();
  for (const DeviceNode& device : measured.devices) {
    MeasuredJson entry{{"path", device.path}};
    if (device.major) entry["major"] = *device.major;
    entry["access"] = accesses[static_cast<std::size_t>(device.access)];
    json["devices"].push_back(entry);
  }
  if (measured.shared_memory) json["sharedMemory"] = *measured.shared_memory;
  json["disks"] = MeasuredJson::array();
  for (const DiskSpace& disk : measured.disks)
    json["disks"].push_back({{"path", disk.path}, {"free", disk.free}});
  json["kernelLog"] = logs[static_cast<std::size_t>(measured.kernel_log)];
  json["xids"] = measured.xids;
  json["dockerSocket"] = accesses[static_cast<std::size_t>(measured.docker_socket)];
  return json.dump(2, ' ', false, MeasuredJson::error_handler_t::replace) + "\n";
}

}  // namespace mlpack
