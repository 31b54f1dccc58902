#include "lib/check/host.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Level = Finding::Level;

constexpr const char* make_cdi = "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml";

class HostToolkitCheck {
 public:
  explicit HostToolkitCheck(const HostInput& input)
      : facts_(input.facts), containers_(facts_.containers) {}

  Findings run() {
    // Who is in a container sees nothing of what started it.
    if (!facts_.system.container.empty()) return {};
    check_toolkit();
    for (const CdiSpec& spec : containers_.cdi)
      check_spec(spec);
    return findings_.take();
  }

 private:
  bool has_usable_cdi() const {
    return std::any_of(containers_.cdi.begin(), containers_.cdi.end(), [](const CdiSpec& spec) {
      return spec.unread.empty();
    });
  }

  void check_toolkit() {
    const auto& tools = containers_.tools;
    if (tools.empty() && !has_usable_cdi()) {
      findings_.add("toolkit-missing",
                    Level::error,
                    "the NVIDIA Container Toolkit is not installed",
                    "without it, or a CDI specification, no container gets a GPU",
                    {"install it (its packages are in NVIDIA's repository)",
                     {"sudo apt-get install -y nvidia-container-toolkit",
                      "sudo nvidia-ctk runtime configure",
                      make_cdi}});
    } else if (!tools.empty() && !tools.contains("nvidia-container-runtime") && !has_usable_cdi()) {
      findings_.add(
          "toolkit-incomplete",
          Level::error,
          "the NVIDIA Container Toolkit lacks nvidia-container-runtime",
          "there is no CDI specification either, so no container gets a GPU",
          {"install all of it", {"sudo apt-get install -y --reinstall nvidia-container-toolkit"}});
    }
  }

  void check_spec(const CdiSpec& spec) {
    const std::string path = printable(spec.path);
    if (!spec.unread.empty()) {
      findings_.add("cdi-unreadable",
                    Level::warning,
                    fmt::format("{} is no CDI specification", path),
                    printable(spec.unread.substr(0, 300)),
                    {"make it anew", {make_cdi}});
      return;
    }
    const auto driver = facts_.driver_version();
    const bool is_other =
        driver && !spec.versions.empty() && !spec.versions.contains(std::string(driver->text()));
    if (is_other || !spec.missing.empty()) {
      findings_.add("cdi-stale",
                    Level::error,
                    is_other ? fmt::format("{} is for driver {}, and {} runs",
                                           path,
                                           *spec.versions.begin(),
                                           driver->text())
                             : fmt::format("{} names {}, which is not there{}",
                                           path,
                                           printable(spec.missing.front()),
                                           more(spec.missing.size() - 1)),
                    "it was made before the driver was updated, and its containers do not start",
                    {"make it anew", {make_of(spec.path)}});
    } else if (spec.devices.empty()) {
      findings_.add("cdi-empty",
                    Level::warning,
                    fmt::format("{} has no device", path),
                    "no container gets a GPU by it",
                    {"make it anew", {make_of(spec.path)}});
    }
  }

  static std::string more(std::size_t count) {
    return count == 0 ? std::string() : fmt::format(", and {} more", count);
  }

  // A name for a shell; another one is made where its name is not plain.
  static std::string make_of(const std::string& path) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    const bool is_plain = path.find_first_not_of(plain) == std::string::npos;
    return is_plain ? fmt::format("sudo nvidia-ctk cdi generate --output={}", path)
                    : std::string(make_cdi);
  }

  const HostFacts& facts_;
  const ContainerFacts& containers_;
  HostFindings findings_;
};

}  // namespace

Findings check_host_toolkit(const HostInput& input) {
  return HostToolkitCheck(input).run();
}

}  // namespace mlpack
