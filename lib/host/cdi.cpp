#include "lib/host/cdi.h"

#include "lib/error.h"
#include "lib/spec/yaml.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mlpack {
namespace {

constexpr std::array folders{"/etc/cdi", "/run/cdi", "/var/run/cdi"};

class CdiReader {
 public:
  CdiReader(const Host& host, CdiSpec& spec) : host_(host), spec_(spec) {}

  // JSON is YAML, too.
  void read(const YamlNode& root) {
    if (const YamlNode* edits = root.find("containerEdits")) read_edits(*edits);
    const YamlNode* devices = root.find("devices");
    if (devices == nullptr) return;
    for (const YamlNode& device : devices->items) {
      if (const YamlNode* name = device.find("name")) spec_.devices.push_back(name->text);
      if (const YamlNode* edits = device.find("containerEdits")) read_edits(*edits);
    }
  }

 private:
  void read_edits(const YamlNode& edits) {
    if (const YamlNode* nodes = edits.find("deviceNodes"))
      for (const YamlNode& node : nodes->items)
        look_at(node.find("hostPath") != nullptr ? node.find("hostPath") : node.find("path"));
    if (const YamlNode* mounts = edits.find("mounts"))
      for (const YamlNode& mount : mounts->items)
        look_at(mount.find("hostPath"));
  }

  void look_at(const YamlNode* path) {
    if (path == nullptr || path->text.empty()) return;
    const std::size_t suffix = path->text.rfind(".so.");
    if (suffix != std::string::npos) {
      const auto version = Version::parse(std::string_view(path->text).substr(suffix + 4));
      if (version && version->size() >= 2 && version->part(0) >= 300)
        spec_.versions.insert(std::string(version->text()));
    }
    if (std::find(spec_.paths.begin(), spec_.paths.end(), path->text) != spec_.paths.end()) return;
    spec_.paths.push_back(path->text);
    if (!is_there(path->text)) spec_.missing.push_back(path->text);
  }

  // A captured tree has the devices in host.json.
  bool is_there(const std::string& path) const {
    return host_.exists(path) || (!host_.is_here() && path.starts_with("/dev/"));
  }

  const Host& host_;
  CdiSpec& spec_;
};

std::optional<CdiSpec> read_cdi(const Host& host, const std::string& path) {
  CdiSpec spec;
  spec.path = path;
  const auto text = host.text(path);
  if (!text) {
    spec.unread = "it may not be read, or is larger than 4 MiB";
    return spec;
  }
  if (text->find("nvidia.com/") == std::string::npos) return std::nullopt;
  try {
    Problems problems(path, Fault::input);
    const YamlNode root = parse_yaml(*text, problems);
    problems.raise_if_any();
    const YamlNode* kind = root.find("kind");
    if (kind == nullptr || !kind->text.starts_with("nvidia.com/")) return std::nullopt;
    CdiReader(host, spec).read(root);
  } catch (const Error& error) {
    spec.unread = error.what();
  }
  return spec;
}

}  // namespace

std::vector<CdiSpec> cdi_specs(const Host& host) {
  std::vector<CdiSpec> specs;
  std::set<fs::path> seen;
  for (const std::string folder : folders) {
    const auto real = host.real(folder);
    if (!real || !seen.insert(*real).second) continue;
    for (const std::string& name : host.names(folder)) {
      if (!name.ends_with(".yaml") && !name.ends_with(".yml") && !name.ends_with(".json")) continue;
      auto spec = read_cdi(host, folder + "/" + name);
      if (spec) specs.push_back(std::move(*spec));
    }
  }
  return specs;
}

}  // namespace mlpack
