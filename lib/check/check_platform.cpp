#include "lib/check/check.h"
#include "lib/resolve/rules_platform.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

Finding other_processor(const GpuProcessor& known, const Gpu& gpu, const Platform& platform) {
  Finding finding;
  finding.id = "machine-other-processor";
  finding.what = fmt::format("the image is for {}, and {} is one module with its processor, {}",
                             platform.text(),
                             gpu.name,
                             known.processor);
  finding.why = "programs do not start on another processor";
  finding.fix = fmt::format("build it for linux/{}, too: `platform` in its spec says for what",
                            known.architecture);
  return finding;
}

Finding no_driver(const Ruling& ruling, const Gpu& gpu) {
  Finding finding;
  finding.id = "machine-other-processor";
  finding.what = fmt::format("no machine with {} runs the image", gpu.name);
  finding.why = ruling.reason;
  finding.fix = "build it for linux/amd64, too: `platform` in its spec says for what";
  return finding;
}

}  // namespace

bool may_have_processor(const Catalog& catalog,
                        const CheckMachine& machine,
                        const Platform& platform) {
  return machine.gpu == nullptr ||
         platform_runs_gpu(catalog, platform, *machine.gpu).verdict != Verdict::no;
}

Findings check_platform(const CheckInput& input) {
  Findings findings;
  const Platform& platform = input.config.platform;
  for (const CheckMachine& machine : input.fleet) {
    if (may_have_processor(input.catalog, machine, platform)) continue;
    const Gpu& gpu = *machine.gpu;
    const GpuProcessor* const known = input.catalog.find_gpu_processor(gpu.name);
    findings.push_back(known != nullptr && known->architecture != platform.architecture
                           ? other_processor(*known, gpu, platform)
                           : no_driver(driver_is_for(input.catalog, platform), gpu));
  }
  return findings;
}

}  // namespace mlpack
