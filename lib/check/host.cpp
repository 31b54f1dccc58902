#include "lib/check/host.h"

#include "lib/text.h"

#include <algorithm>
#include <iterator>

namespace mlpack {
namespace {

void count_gpu(const Catalog& catalog, const NvmlGpu& from, std::vector<HostGpus>& gpus) {
  const auto same = std::find_if(
      gpus.begin(), gpus.end(), [&](const HostGpus& known) { return known.name == from.name; });
  if (same != gpus.end()) {
    ++same->count;
    return;
  }
  const auto match = catalog.find_gpu(from.name);
  const Gpu* const gpu = match && !match->is_family ? match->gpu : nullptr;
  gpus.push_back({from.name, gpu, 1, from.memory.value_or(0), from.capability});
}

// Jetson boards have one, and their driver may not say its name.
std::optional<std::string> jetson_gpu(const HostFacts& facts) {
  if (facts.system.kind != SystemFacts::Kind::jetson) return std::nullopt;
  return "Jetson";
}

}  // namespace

std::vector<HostGpus> gpus_of(const Catalog& catalog, const HostFacts& facts) {
  std::vector<HostGpus> gpus;
  if (!facts.nvml.gpus.empty()) {
    for (const NvmlGpu& gpu : facts.nvml.gpus)
      if (gpu.code == 0) count_gpu(catalog, gpu, gpus);
    return gpus;
  }
  for (const ProcGpu& proc : facts.driver.gpus) {
    NvmlGpu gpu;
    gpu.name = proc.model;
    count_gpu(catalog, gpu, gpus);
  }
  if (gpus.empty() && jetson_gpu(facts)) {
    NvmlGpu gpu;
    gpu.name = *jetson_gpu(facts);
    count_gpu(catalog, gpu, gpus);
  }
  return gpus;
}

Finding& HostFindings::add(
    std::string id, Finding::Level level, std::string what, std::string why, Remedy remedy) {
  Finding& finding = findings_.emplace_back();
  finding.id = std::move(id);
  finding.level = level;
  finding.what = std::move(what);
  finding.why = std::move(why);
  finding.fix = std::move(remedy.fix);
  finding.commands = std::move(remedy.commands);
  return finding;
}

Findings check_host(const HostInput& input) {
  using Rule = Findings (*)(const HostInput&);
  std::vector<Rule> rules;
  if (input.wanted == HostInput::Wanted::gpu) {
    rules = {check_host_driver, check_host_libraries, check_host_gpus, check_host_fabric};
    if (input.facts.has_gpu()) rules.push_back(check_host_toolkit);
  }
  rules.push_back(check_host_engines);
  rules.push_back(check_host_limits);
  Findings all;
  for (const Rule rule : rules) {
    Findings found = rule(input);
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(), [](const Finding& one, const Finding& other) {
    return one.level < other.level;
  });
  return all;
}

}  // namespace mlpack
