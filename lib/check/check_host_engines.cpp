#include "lib/check/host.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Level = Finding::Level;

std::vector<std::string> configure(const std::string& runtime) {
  return {fmt::format("sudo nvidia-ctk runtime configure --runtime={}", runtime),
          fmt::format("sudo systemctl restart {}", runtime)};
}

class HostEngineCheck {
 public:
  explicit HostEngineCheck(const HostInput& input)
      : facts_(input.facts),
        containers_(facts_.containers),
        wants_gpu_(input.wanted == HostInput::Wanted::gpu && facts_.has_gpu()) {}

  Findings run() {
    if (!facts_.system.container.empty()) {
      findings_.add("inside-container",
                    Level::info,
                    fmt::format("this is a container ({})", printable(facts_.system.container)),
                    "what starts containers on its host cannot be seen from here",
                    {"run `mlpack doctor` on the host for that"});
      return findings_.take();
    }
    if (!facts_.has_engine()) {
      findings_.add("no-container-engine",
                    Level::warning,
                    "neither docker, containerd, CRI-O nor podman is installed",
                    "something has to start the containers",
                    {"install one of them"});
    }
    check_docker();
    if (wants_gpu_) {
      check_containerd();
      check_crio();
      check_podman();
      check_rootless();
    }
    check_cgroups();
    return findings_.take();
  }

 private:
  bool has_cdi() const {
    return std::any_of(containers_.cdi.begin(), containers_.cdi.end(), [](const CdiSpec& spec) {
      return spec.unread.empty() && !spec.devices.empty();
    });
  }
  bool has_toolkit() const { return !containers_.tools.empty(); }
  bool is_root() const { return facts_.measured.user.value_or(0) == 0; }

  void check_docker() {
    const DockerFacts& docker = containers_.docker;
    if (docker.is_malformed) {
      findings_.add("docker-config-malformed",
                    Level::error,
                    "/etc/docker/daemon.json is malformed",
                    "docker does not start with it",
                    {"correct it", {"dockerd --validate --config-file=/etc/docker/daemon.json"}});
    }
    if (!docker.is_installed) return;
    if (facts_.measured.docker_socket == DeviceNode::Access::denied) {
      findings_.add("docker-socket-denied",
                    Level::info,
                    "this user may not talk to docker",
                    "/run/docker.sock belongs to others",
                    {"use sudo, or join its group: who is in it is as good as root",
                     {"sudo usermod -aG docker \"$USER\""}});
    }
    const bool is_configured =
        docker.runtime != EngineRuntime::none || (docker.has_cdi && has_cdi());
    if (!wants_gpu_ || is_configured || docker.is_malformed || !has_toolkit()) return;
    const bool has_hook = containers_.tools.contains("nvidia-container-runtime-hook");
    findings_.add("docker-without-runtime",
                  has_hook ? Level::info : Level::error,
                  "docker has no NVIDIA runtime",
                  has_hook
                      ? "`docker run --gpus` works without it, `--runtime=nvidia` and `deploy` "
                        "of compose may not"
                      : "no container of docker's gets a GPU",
                  {"tell docker of it", configure("docker")});
  }

  void check_containerd() {
    const ContainerdFacts& containerd = containers_.containerd;
    // Beside docker it is docker's, and without a kubelet nobody asks it for GPUs.
    const bool counts =
        containerd.is_installed && (containers_.has_kubelet || !containers_.docker.is_installed);
    const bool is_configured =
        containerd.runtime != EngineRuntime::none || (has_cdi() && containerd.has_cdi != false);
    if (!counts || is_configured || !has_toolkit()) return;
    findings_.add("containerd-without-runtime",
                  Level::error,
                  "containerd has no NVIDIA runtime",
                  containerd.config.empty()
                      ? "it has no configuration file, and there is no CDI specification"
                      : fmt::format("{} names none, and CDI is off or has no specification",
                                    containerd.config),
                  {"tell containerd of it", configure("containerd")});
  }

  void check_crio() {
    if (!containers_.has_crio || containers_.crio_runtime != EngineRuntime::none || has_cdi() ||
        !has_toolkit()) {
      return;
    }
    findings_.add("crio-without-runtime",
                  Level::error,
                  "CRI-O has no NVIDIA runtime",
                  "its configuration names none, and there is no CDI specification",
                  {"tell CRI-O of it", configure("crio")});
  }

  void check_podman() {
    if (!containers_.has_podman || has_cdi() || !has_toolkit()) return;
    const bool is_only = !containers_.docker.is_installed && !containers_.containerd.is_installed &&
                         !containers_.has_crio;
    findings_.add("podman-without-cdi",
                  is_only ? Level::error : Level::warning,
                  "podman has no CDI specification of the GPUs",
                  "`--device nvidia.com/gpu=all` is how it gives them to containers",
                  {"make one", {"sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"}});
  }

  // Without root, nobody may change the cgroup of devices.
  void check_rootless() {
    if (is_root() || !containers_.has_podman) return;
    if (!has_cdi() && !containers_.no_cgroups && has_toolkit()) {
      findings_.add("rootless-no-cgroups",
                    Level::warning,
                    "the container toolkit would change cgroups, which this user may not",
                    "rootless containers fail with `operation not permitted`",
                    {"use CDI, or set no-cgroups",
                     {"sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place"}});
    }
    if (!containers_.has_subordinate_ids) {
      findings_.add("subordinate-ids-missing",
                    Level::warning,
                    "/etc/subuid names no ids for users",
                    "rootless containers have one user then, and most images want more",
                    {"give this user some",
                     {"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                      "\"$USER\""}});
    }
  }

  void check_cgroups() {
    if (facts_.system.cgroups != SystemFacts::Cgroups::v1) return;
    findings_.add("cgroups-v1",
                  Level::info,
                  "this host has cgroups of version 1",
                  "new versions of Kubernetes and of rootless engines want version 2",
                  {"boot with `systemd.unified_cgroup_hierarchy=1`"});
  }

  const HostFacts& facts_;
  const ContainerFacts& containers_;
  bool wants_gpu_;
  HostFindings findings_;
};

}  // namespace

Findings check_host_engines(const HostInput& input) {
  return HostEngineCheck(input).run();
}

}  // namespace mlpack
