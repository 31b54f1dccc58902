#include "lib/error.h"
#include "lib/host/cdi.h"
#include "lib/host/flat_toml.h"
#include "lib/host/gather.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <nlohmann/json.hpp>

#include <array>

namespace mlpack {
namespace {

using Toml = std::map<std::string, std::string>;

constexpr std::array tool_names{"nvidia-ctk",
                                "nvidia-cdi-hook",
                                "nvidia-container-runtime",
                                "nvidia-container-runtime-hook",
                                "nvidia-container-cli"};
constexpr std::array containerd_configs{"/etc/containerd/config.toml",
                                        "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
                                        "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
                                        "/etc/k0s/containerd.toml"};

bool has_program(const Host& host, const std::string& name) {
  for (const std::string& folder : program_folders())
    if (host.exists(folder + "/" + name)) return true;
  return false;
}

// The version of a package that is installed, as dpkg has it.
std::string package_version(const Host& host, const std::string& name) {
  const std::string status =
      host.text("/var/lib/dpkg/status", std::uint64_t{64} << 20U).value_or("");
  const std::string begin = "Package: " + name + "\n";
  std::size_t at = status.starts_with(begin) ? 0 : status.find("\n" + begin);
  if (at == std::string::npos) return {};
  const std::string_view stanza =
      std::string_view(status).substr(at + 1, status.find("\n\n", at + 1) - at - 1);
  if (stanza.find(" installed\n") == std::string_view::npos) return {};
  constexpr std::string_view key = "\nVersion: ";
  at = stanza.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = stanza.substr(at + key.size());
  return printable(rest.substr(0, rest.find('\n')));
}

DockerFacts docker_of(const Host& host) {
  DockerFacts docker;
  docker.is_installed = has_program(host, "dockerd") || host.exists("/run/docker.sock") ||
                        host.exists("/usr/libexec/docker/dockerd");
  const auto text = host.text("/etc/docker/daemon.json");
  if (!text) return docker;
  try {
    const Document document{"daemon.json", Fault::input, {}};
    const nlohmann::ordered_json json = parse_document(*text, document);
    const JsonNode root(json, document);
    if (const auto runtimes = root.find("runtimes"))
      if (runtimes->find("nvidia")) docker.runtime = EngineRuntime::configured;
    if (root.text_or_empty("default-runtime") == "nvidia")
      docker.runtime = EngineRuntime::by_default;
    if (const auto features = root.find("features"))
      if (const auto cdi = features->find("cdi")) docker.has_cdi = cdi->boolean();
  } catch (const Error&) {
    docker.is_malformed = true;
  }
  return docker;
}

// Of a key such as `plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.…`.
EngineRuntime runtime_in(const Toml& config, std::string_view table) {
  EngineRuntime runtime = EngineRuntime::none;
  for (const auto& [key, value] : config) {
    const std::size_t at = key.find(table);
    if (at != std::string::npos && key.substr(at + table.size()).starts_with("nvidia"))
      runtime = EngineRuntime::configured;
  }
  for (const auto& [key, value] : config) {
    if (!key.ends_with("default_runtime_name") && !key.ends_with("default_runtime")) continue;
    if (value.starts_with("nvidia")) return EngineRuntime::by_default;
  }
  return runtime;
}

void read_containerd(const Toml& config, ContainerdFacts& facts) {
  facts.runtime = std::max(facts.runtime, runtime_in(config, "runtimes."));
  for (const auto& [key, value] : config)
    if (key.ends_with("enable_cdi")) facts.has_cdi = value == "true";
}

ContainerdFacts containerd_of(const Host& host) {
  ContainerdFacts facts;
  facts.is_installed = has_program(host, "containerd") || has_program(host, "k3s");
  for (const char* const path : containerd_configs) {
    const auto text = host.text(path);
    if (!text) continue;
    facts.is_installed = true;
    facts.config = path;
    read_containerd(flat_toml(*text), facts);
    break;
  }
  const std::string parts = "/etc/containerd/conf.d";
  for (const std::string& name : host.names(parts))
    read_containerd(flat_toml(host.text(parts + "/" + name).value_or("")), facts);
  return facts;
}

EngineRuntime crio_runtime(const Host& host) {
  EngineRuntime runtime = runtime_in(flat_toml(host.text("/etc/crio/crio.conf").value_or("")),
                                     "crio.runtime.runtimes.");
  const std::string parts = "/etc/crio/crio.conf.d";
  for (const std::string& name : host.names(parts)) {
    const Toml config = flat_toml(host.text(parts + "/" + name).value_or(""));
    runtime = std::max(runtime, runtime_in(config, "crio.runtime.runtimes."));
  }
  return runtime;
}

void read_toolkit(const Host& host, ContainerFacts& facts) {
  for (const char* const name : tool_names)
    if (has_program(host, name)) facts.tools.insert(name);
  if (!facts.tools.empty()) {
    facts.toolkit_version = package_version(host, "nvidia-container-toolkit");
  }
  const Toml config =
      flat_toml(host.text("/etc/nvidia-container-runtime/config.toml").value_or(""));
  const auto mode = config.find("nvidia-container-runtime.mode");
  if (mode != config.end()) facts.toolkit_mode = mode->second;
  const auto cgroups = config.find("nvidia-container-cli.no-cgroups");
  facts.no_cgroups = cgroups != config.end() && cgroups->second == "true";
}

}  // namespace

std::vector<std::string> program_folders() {
  return {"/usr/bin",
          "/usr/sbin",
          "/bin",
          "/usr/local/bin",
          "/usr/local/nvidia/toolkit",
          "/var/lib/rancher/k3s/data/current/bin",
          "/run/current-system/sw/bin"};
}

ContainerFacts gather_containers(const Host& host) {
  ContainerFacts facts;
  facts.docker = docker_of(host);
  facts.containerd = containerd_of(host);
  facts.has_crio = has_program(host, "crio");
  facts.crio_runtime = crio_runtime(host);
  facts.has_podman = has_program(host, "podman");
  facts.has_kubelet = has_program(host, "kubelet") || host.exists("/var/lib/kubelet");
  read_toolkit(host, facts);
  facts.cdi = cdi_specs(host);
  facts.has_subordinate_ids = !trim(host.text("/etc/subuid").value_or("")).empty();
  return facts;
}

}  // namespace mlpack
