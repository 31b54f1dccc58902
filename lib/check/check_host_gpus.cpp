#include "lib/check/host.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace mlpack {
namespace {

using Level = Finding::Level;

constexpr std::array worrying_xids{48U, 63U, 64U, 74U, 79U, 92U, 94U, 95U, 119U, 120U, 140U};
constexpr std::uint64_t hardware_slowdown = 0x8 | 0x20 | 0x40 | 0x80;

class HostGpuCheck {
 public:
  explicit HostGpuCheck(const HostInput& input) : facts_(input.facts) {}

  Findings run() {
    if (!facts_.has_gpu()) return {};
    check_count();
    for (std::size_t i = 0; i < facts_.nvml.gpus.size(); ++i) {
      const NvmlGpu& gpu = facts_.nvml.gpus[i];
      name_ = fmt::format("GPU {}{}", i, gpu.address.empty() ? "" : " at " + gpu.address);
      number_ = std::to_string(i);
      if (gpu.code != 0) {
        check_lost(gpu);
        continue;
      }
      check_mig(gpu);
      check_modes(gpu);
      check_memory(gpu);
      check_condition(gpu);
    }
    check_persistence();
    check_log();
    return findings_.take();
  }

 private:
  void check_count() {
    if (facts_.nvml.answer.outcome != Answer::Outcome::answered) return;
    if (!facts_.system.container.empty()) return;
    std::size_t bound = 0;
    for (const PciDevice& device : facts_.pci)
      bound += device.kind == PciDevice::Kind::gpu && device.driver == "nvidia" ? 1U : 0U;
    if (bound <= facts_.nvml.gpus.size()) return;
    findings_.add(
        "gpu-missing",
        facts_.nvml.gpus.empty() ? Level::error : Level::warning,
        fmt::format("the driver has {} GPUs, and NVML shows {}", bound, facts_.nvml.gpus.size()),
        "one that does not answer when the driver starts is left out",
        {"look at what the kernel says", {"sudo dmesg | grep NVRM"}});
  }

  void check_lost(const NvmlGpu& gpu) {
    const bool is_reset = gpu.code == 16;
    findings_.add("gpu-lost",
                  Level::error,
                  gpu.code == 15 ? fmt::format("{} is lost", name_)
                  : is_reset     ? fmt::format("{} has to be reset", name_)
                                 : fmt::format("{} ends with error {} of NVML", name_, gpu.code),
                  gpu.code == 15 ? "it no longer answers on its bus: power, heat or the board"
                                 : "it is in a state in which it computes no more",
                  {is_reset ? "reset it while nobody uses it"
                            : "reboot; if it comes back, the "
                              "hardware wants a look",
                   {is_reset ? fmt::format("sudo nvidia-smi --gpu-reset -i {}", number_)
                             : std::string("sudo reboot")}});
  }

  void check_mig(const NvmlGpu& gpu) {
    if (gpu.mig == 1U && gpu.slices.empty()) {
      findings_.add("mig-without-slices",
                    Level::error,
                    fmt::format("{} is in MIG mode and has no slice", name_),
                    "CUDA finds no device on it",
                    {"make slices of one of its profiles, or leave MIG mode",
                     {fmt::format("sudo nvidia-smi mig -i {} -lgip", number_),
                      fmt::format("sudo nvidia-smi -i {} -mig 0", number_)}});
    }
    if (gpu.mig && gpu.mig_pending && *gpu.mig != *gpu.mig_pending) {
      findings_.add("mig-pending",
                    Level::warning,
                    fmt::format("{} changes its MIG mode with the next reset", name_),
                    "until then it is as it was",
                    {"reset it while nobody uses it",
                     {fmt::format("sudo nvidia-smi --gpu-reset -i {}", number_)}});
    }
  }

  void check_modes(const NvmlGpu& gpu) {
    const unsigned mode = gpu.compute_mode.value_or(0);
    if (mode == 2 || mode == 3) {
      findings_.add(
          "compute-mode",
          mode == 2 ? Level::error : Level::warning,
          fmt::format("{} takes {}", name_, mode == 2 ? "no work" : "one process alone"),
          mode == 2 ? "its compute mode is PROHIBITED"
                    : "its compute mode is EXCLUSIVE_PROCESS: servers with several "
                      "processes end with error 46",
          {"set it to the default", {fmt::format("sudo nvidia-smi -i {} -c DEFAULT", number_)}});
    }
  }

  void check_memory(const NvmlGpu& gpu) {
    if (gpu.ecc_errors.value_or(0) > 0) {
      findings_.add(
          "memory-errors",
          Level::warning,
          fmt::format("{} had {} memory errors that were not corrected", name_, *gpu.ecc_errors),
          "programs that met them were ended; more may come",
          {"look at its memory", {fmt::format("nvidia-smi -q -d ECC -i {}", number_)}});
    }
    if (gpu.remap_failed.value_or(0) > 0) {
      findings_.add("memory-remap-failed",
                    Level::error,
                    fmt::format("{} could not replace broken memory", name_),
                    "no spare rows are left: the GPU has to be replaced",
                    {"have it replaced"});
    }
    if (gpu.remap_pending.value_or(0) > 0 || gpu.retire_pending.value_or(0) > 0) {
      findings_.add("memory-remap-pending",
                    Level::warning,
                    fmt::format("{} replaces broken memory with the next reset", name_),
                    "until then the broken part is in use",
                    {"reset it while nobody uses it",
                     {fmt::format("sudo nvidia-smi --gpu-reset -i {}", number_)}});
    }
    const std::uint64_t total = gpu.memory.value_or(0);
    if (total != 0 && gpu.memory_free && *gpu.memory_free < total / 10) {
      findings_.add(
          "gpu-memory-used",
          Level::warning,
          fmt::format(
              "{} has {} of {} free", name_, human_size(*gpu.memory_free), human_size(total)),
          "other programs have the rest",
          {"see which", {"nvidia-smi"}});
    }
  }

  void check_condition(const NvmlGpu& gpu) {
    if ((gpu.throttling.value_or(0) & hardware_slowdown) == 0) return;
    const std::string heat =
        gpu.temperature ? fmt::format("; it has {} °C", *gpu.temperature) : std::string();
    findings_.add("gpu-slowed-down",
                  Level::warning,
                  fmt::format("{} is slowed down", name_),
                  fmt::format("heat or power holds its clocks down{}", heat),
                  {"look at its cooling and power",
                   {fmt::format("nvidia-smi -q -d PERFORMANCE,TEMPERATURE -i {}", number_)}});
  }

  void check_persistence() {
    const bool is_off = std::any_of(facts_.nvml.gpus.begin(),
                                    facts_.nvml.gpus.end(),
                                    [](const NvmlGpu& gpu) { return gpu.persistence == 0U; });
    const bool counts = facts_.system.kind == SystemFacts::Kind::plain &&
                        facts_.system.container.empty() && !facts_.has_persistence_daemon;
    if (!is_off || !counts) return;
    findings_.add("persistence-off",
                  Level::info,
                  "the driver forgets its GPUs when nobody uses them",
                  "each first start takes seconds longer",
                  {"turn persistence on", {"sudo systemctl enable --now nvidia-persistenced"}});
  }

  void check_log() {
    if (facts_.measured.kernel_log == Measured::Log::denied && facts_.system.container.empty()) {
      findings_.add("kernel-log-denied",
                    Level::info,
                    "this user may not read the kernel's log",
                    "errors that the driver wrote there (Xid) were not seen",
                    {"run `mlpack doctor` as root for them"});
    }
    std::map<std::string, std::size_t> counts;
    for (const std::string& xid : facts_.measured.xids)
      ++counts[xid];
    for (const auto& [xid, count] : counts)
      add_xid(xid, count);
  }

  // `NVRM: Xid (PCI:0000:18:00): 79`
  void add_xid(const std::string& xid, std::size_t count) {
    const std::uint64_t number =
        parse_number(xid.substr(std::min(xid.size(), xid.rfind(' ') + 1)), 9999).value_or(0);
    const bool is_worrying =
        std::find(worrying_xids.begin(), worrying_xids.end(), number) != worrying_xids.end();
    const std::size_t begin = xid.find('(');
    const std::string place = xid.substr(begin + 1, xid.find(')') - begin - 1);
    findings_.add("xid",
                  is_worrying ? Level::warning : Level::info,
                  fmt::format("the driver reported Xid {} of {}{}",
                              number,
                              printable(place),
                              count > 1 ? fmt::format(", {} times", count) : ""),
                  is_worrying ? "it is an error of the hardware, or of the driver"
                              : "it mostly is an error of a program",
                  {"look it up in NVIDIA's list of Xid errors", {"sudo dmesg | grep Xid"}});
  }

  const HostFacts& facts_;
  HostFindings findings_;
  std::string name_;
  std::string number_;
};

}  // namespace

Findings check_host_gpus(const HostInput& input) {
  return HostGpuCheck(input).run();
}

}  // namespace mlpack
