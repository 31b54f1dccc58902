#include "lib/check/check.h"

#include <fmt/format.h>

namespace mlpack {

bool may_have_processor(const Catalog& catalog,
                        const CheckMachine& machine,
                        const Platform& platform) {
  if (machine.gpu == nullptr) return true;
  const GpuProcessor* const known = catalog.find_gpu_processor(machine.gpu->name);
  return known == nullptr || known->architecture == platform.architecture;
}

Findings check_platform(const CheckInput& input) {
  Findings findings;
  const Platform& platform = input.config.platform;
  for (const CheckMachine& machine : input.fleet) {
    if (may_have_processor(input.catalog, machine, platform)) continue;
    const GpuProcessor& known = *input.catalog.find_gpu_processor(machine.gpu->name);
    Finding& finding = findings.emplace_back();
    finding.id = "machine-other-processor";
    finding.what = fmt::format("the image is for {}, and {} is one module with its processor, {}",
                               platform.text(),
                               machine.gpu->name,
                               known.processor);
    finding.why = "programs do not start on another processor";
    finding.fix = fmt::format("build it for linux/{}, too: `platform` in its spec says for what",
                              known.architecture);
  }
  return findings;
}

}  // namespace mlpack
