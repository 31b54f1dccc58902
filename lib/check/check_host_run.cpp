#include "lib/check/host.h"
#include "lib/check/host_run.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

using Level = Finding::Level;
using Outcome = Answer::Outcome;

// Of what the datasheet says; healthy GPUs are well above.
constexpr double little_bandwidth = 0.6;
// Of all multiply-adds that there could be: the kernel is a plain one.
constexpr double little_work = 0.15;

std::string percent(double part, double whole) {
  return fmt::format("{:.0f} %", 100 * part / whole);
}

void add_broken(const GpuRun& run, HostFindings& findings) {
  const std::string gpu = fmt::format("GPU {}", run.index);
  const Outcome outcome = run.answer.outcome;
  if (outcome == Outcome::missing) {
    findings.add("run-fails",
                 Level::error,
                 "libcuda cannot be opened by what is to run on " + gpu,
                 "it could be a moment before",
                 {"run `mlpack doctor` again"});
    return;
  }
  if (outcome == Outcome::failed) {
    findings.add(
        "run-fails",
        Level::error,
        fmt::format(
            "{} of CUDA on {} ends with error {}", printable(run.call), gpu, run.answer.code),
        "programs on it will fare no better",
        {"look at what the kernel says", {"sudo dmesg | grep NVRM"}});
    return;
  }
  std::string what = fmt::format("work on {} does not end", gpu);
  if (outcome != Outcome::hung) what = fmt::format("work on {} crashes", gpu);
  if (run.answer.code != 0) what += fmt::format(" with signal {}", run.answer.code);
  findings.add(
      "run-breaks",
      Level::error,
      std::move(what),
      "the GPU or the driver is stuck, or damaged",
      {"look at what the kernel says, and reboot", {"sudo dmesg | grep NVRM", "sudo reboot"}});
}

void add_rates(const Catalog& catalog, const GpuRun& run, HostFindings& findings) {
  const auto bandwidth = datasheet_bandwidth(catalog, run);
  const std::string gpu = fmt::format("GPU {} ({})", run.index, run.name);
  findings.add("run-rates",
               Level::info,
               fmt::format("{} copies {:.0f} GB/s{} and multiplies with {:.1f} TFLOP/s",
                           gpu,
                           run.copied / 1e9,
                           bandwidth ? fmt::format(" ({} of its datasheet's)",
                                                   percent(run.copied, *bandwidth))
                                     : std::string(),
                           run.product / 1e12),
               fmt::format("{} entries of a product of 32-bit matrices were right", run.compared),
               {"nothing has to be done"});
  if (bandwidth && run.copied < little_bandwidth * *bandwidth) {
    findings.add(
        "run-slow-memory",
        Level::warning,
        fmt::format(
            "{} copies {} of what its datasheet says", gpu, percent(run.copied, *bandwidth)),
        "tokens are made at the pace of the memory; others may be using it",
        {"see who uses it, and whether it is slowed down",
         {fmt::format("nvidia-smi -q -d PERFORMANCE,CLOCK -i {}", run.index)}});
  }
  if (run.peak > 0 && run.product < little_work * run.peak) {
    findings.add(
        "run-slow",
        Level::warning,
        fmt::format("{} multiplies at {} of what it could", gpu, percent(run.product, run.peak)),
        "a healthy one does several times as much; others may be using it",
        {"see who uses it, and whether it is slowed down",
         {fmt::format("nvidia-smi -q -d PERFORMANCE,CLOCK -i {}", run.index)}});
  }
}

}  // namespace

std::optional<double> datasheet_bandwidth(const Catalog& catalog, const GpuRun& run) {
  if (run.name.find(" MIG ") != std::string::npos) return std::nullopt;
  const auto match = catalog.find_gpu(run.name);
  if (!match) return std::nullopt;
  const auto rate = parse_number(match->gpu->row->at("memory_bandwidth_gbs"), 1'000'000);
  return rate ? std::optional(static_cast<double>(*rate) * 1e9) : std::nullopt;
}

Findings check_host_run(const Catalog& catalog, const std::vector<GpuRun>& runs) {
  HostFindings findings;
  if (runs.empty()) {
    findings.add("run-without-gpu",
                 Level::error,
                 "there is no GPU to run on",
                 "CUDA shows none",
                 {"the other findings say why"});
  }
  for (const GpuRun& run : runs) {
    if (run.answer.outcome != Outcome::answered) {
      add_broken(run, findings);
    } else if (run.wrong > 0) {
      findings.add(
          "run-wrong",
          Level::error,
          fmt::format("GPU {} ({}) computes wrongly", run.index, run.name),
          fmt::format(
              "{} of {} entries of a matrix product were not right", run.wrong, run.compared),
          {"take it out of use, and have it replaced"});
    } else {
      add_rates(catalog, run, findings);
    }
  }
  return findings.take();
}

}  // namespace mlpack
