#include "cli/check.h"
#include "cli/doctor.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <set>

namespace mlpack {
namespace {

using DoctorJson = nlohmann::ordered_json;

std::vector<std::string> engines_of(const ContainerFacts& containers) {
  std::vector<std::string> names;
  if (containers.docker.is_installed) names.emplace_back("docker");
  if (containers.containerd.is_installed) names.emplace_back("containerd");
  if (containers.has_crio) names.emplace_back("CRI-O");
  if (containers.has_podman) names.emplace_back("podman");
  return names;
}

std::optional<Version> cuda_of(const HostFacts& facts) {
  return facts.nvml.cuda ? facts.nvml.cuda : facts.cuda.version;
}

std::string system_line(const HostFacts& facts) {
  std::vector<std::string> parts;
  const SystemFacts& system = facts.system;
  if (!system.os.empty()) parts.push_back(printable(system.os));
  if (!system.kernel.empty()) parts.push_back("Linux " + printable(system.kernel));
  if (!facts.measured.machine.empty()) parts.push_back(printable(facts.measured.machine));
  if (system.kind == SystemFacts::Kind::wsl) parts.emplace_back("WSL");
  if (system.kind == SystemFacts::Kind::jetson) parts.emplace_back("Jetson");
  return parts.empty() ? "a host of which nothing is known" : join(parts, ", ");
}

std::string driver_line(const HostFacts& facts) {
  const auto driver = facts.driver_version();
  if (!driver) return "no NVIDIA driver";
  const auto cuda = cuda_of(facts);
  return fmt::format("driver {}{}{}",
                     driver->text(),
                     facts.driver.is_open ? " (open kernel modules)" : "",
                     cuda ? fmt::format(", CUDA {}", cuda->text()) : "");
}

std::string gpu_line(const HostGpus& gpus) {
  std::vector<std::string> parts;
  if (gpus.capability) parts.push_back(fmt::format("{}", gpus.capability->text()));
  if (gpus.memory != 0) parts.push_back(human_size(gpus.memory));
  return fmt::format("{} x {}{}",
                     gpus.count,
                     printable(gpus.name),
                     parts.empty() ? "" : fmt::format(" ({})", join(parts, ", ")));
}

std::string engine_line(const HostFacts& facts) {
  const auto engines = engines_of(facts.containers);
  std::string text = engines.empty() ? "no container engine" : join(engines, ", ");
  if (facts.containers.tools.empty()) return text;
  text += "; NVIDIA Container Toolkit";
  const std::string& version = facts.containers.toolkit_version;
  return version.empty() ? text : text + " " + version;
}

std::string doctor_sentence(const DoctorReport& report) {
  const std::string verdict = check_verdict(report.findings);
  const std::string what =
      report.image.empty() ? "GPU containers" : "`" + printable(report.image) + "`";
  if (verdict == "runs") return what + " will run here";
  return verdict == "fails" ? what + " will not run here as it should"
                            : "it is not known whether " + what + " will run here";
}

DoctorJson run_json(const GpuRun& run) {
  static constexpr std::array outcomes{
      "unasked", "missing", "answered", "failed", "hung", "crashed"};
  DoctorJson json{{"gpu", run.index},
                  {"name", run.name},
                  {"outcome", outcomes[static_cast<std::size_t>(run.answer.outcome)]}};
  if (run.answer.outcome == Answer::Outcome::failed) json["call"] = run.call;
  if (run.answer.outcome != Answer::Outcome::answered) {
    json["code"] = run.answer.code;
    return json;
  }
  json["kernels"] = run.code == GpuRun::Code::binary ? "binary" : "ptx";
  json["bytesPerSecond"] = std::llround(run.copied);
  json["operationsPerSecond"] = std::llround(run.product);
  json["compared"] = run.compared;
  json["wrong"] = run.wrong;
  return json;
}

DoctorJson host_json(const DoctorReport& report) {
  const HostFacts& facts = report.facts;
  DoctorJson json{{"os", facts.system.os},
                  {"kernel", facts.system.kernel},
                  {"machine", facts.measured.machine}};
  const auto driver = facts.driver_version();
  const auto cuda = cuda_of(facts);
  json["driver"] = driver ? DoctorJson(driver->text()) : DoctorJson();
  json["cuda"] = cuda ? DoctorJson(cuda->text()) : DoctorJson();
  json["gpus"] = DoctorJson::array();
  for (const HostGpus& gpus : report.gpus) {
    DoctorJson entry{{"name", gpus.name},
                     {"model", gpus.gpu != nullptr ? DoctorJson(gpus.gpu->name) : DoctorJson()},
                     {"count", gpus.count}};
    if (gpus.capability) entry["computeCapability"] = gpus.capability->text();
    if (gpus.memory != 0) entry["memory"] = gpus.memory;
    json["gpus"].push_back(entry);
  }
  json["engines"] = engines_of(facts.containers);
  return json;
}

}  // namespace

DoctorJson finding_list(const Findings& findings) {
  DoctorJson list = DoctorJson::array();
  for (const Finding& finding : findings) {
    DoctorJson json{{"id", finding.id},
                    {"level", level_name(finding.level)},
                    {"what", finding.what},
                    {"why", finding.why},
                    {"fix", finding.fix}};
    if (!finding.file.empty()) json["file"] = "/" + finding.file;
    if (!finding.commands.empty()) json["commands"] = finding.commands;
    list.push_back(std::move(json));
  }
  return list;
}

std::string doctor_text(const DoctorReport& report) {
  std::string text = system_line(report.facts) + "\n" + driver_line(report.facts) + "\n";
  for (const HostGpus& gpus : report.gpus)
    text += gpu_line(gpus) + "\n";
  text += engine_line(report.facts) + "\n";
  return text + findings_text(report.findings) + doctor_sentence(report) + "\n";
}

DoctorJson doctor_json(const DoctorReport& report) {
  DoctorJson json{{"schema", 1}};
  if (!report.image.empty()) json["name"] = report.image;
  json["verdict"] = check_verdict(report.findings);
  json["findings"] = finding_list(report.findings);
  json["host"] = host_json(report);
  if (report.runs) {
    json["runs"] = DoctorJson::array();
    for (const GpuRun& run : *report.runs)
      json["runs"].push_back(run_json(run));
  }
  return json;
}

std::string doctor_commands(const Findings& findings) {
  std::string text;
  std::set<std::string> said;
  for (const Finding& finding : findings) {
    if (finding.commands.empty()) continue;
    text += fmt::format("# {}: {}\n", finding.id, printable(finding.what));
    for (const std::string& command : finding.commands)
      if (said.insert(command).second) text += command + "\n";
  }
  return text.empty() ? "# there is nothing to mend\n" : text;
}

}  // namespace mlpack
