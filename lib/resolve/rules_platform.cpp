#include "lib/resolve/rules_platform.h"

#include "lib/resolve/releases.h"

#include <fmt/format.h>

namespace mlpack {

Ruling driver_is_for(const Catalog& catalog, const Platform& platform) {
  const std::vector<const CatalogRow*> evidence{&catalog.fact_row("driver.platforms")};
  if (platform.architecture == "amd64" || platform.architecture == "arm64") {
    return {Verdict::yes, fmt::format("NVIDIA has a driver for {}", platform.text()), evidence};
  }
  if (platform.architecture == "ppc64le") {
    return {
        Verdict::unknown,
        "NVIDIA makes no drivers for linux/ppc64le any more, and the tables are of other platforms",
        evidence};
  }
  if (platform.architecture.empty()) {
    return {Verdict::unknown, "nothing says what processor it is for", evidence};
  }
  return {
      Verdict::no,
      fmt::format("NVIDIA has no driver for {}: there are those for linux/amd64 and linux/arm64",
                  platform.text()),
      evidence};
}

Ruling platform_runs_gpu(const Catalog& catalog, const Platform& platform, const Gpu& gpu) {
  const GpuProcessor* const known = catalog.find_gpu_processor(gpu.name);
  if (known == nullptr || known->architecture == platform.architecture) {
    return driver_is_for(catalog, platform);
  }
  return {Verdict::no,
          fmt::format("{} is one module with its processor, {} ({})",
                      gpu.name,
                      known->processor,
                      known->architecture),
          {known->row}};
}

Ruling platforms_run_gpu(const Catalog& catalog,
                         std::span<const Platform> platforms,
                         const Gpu& gpu) {
  if (platforms.empty()) return {Verdict::yes, "the machines decide", {gpu.row}};
  Ruling best = platform_runs_gpu(catalog, platforms.front(), gpu);
  for (const Platform& platform : platforms.subspan(1)) {
    Ruling other = platform_runs_gpu(catalog, platform, gpu);
    const bool is_better = best.verdict == Verdict::no || other.verdict == Verdict::yes;
    if (is_better && best.verdict != Verdict::yes) best = std::move(other);
  }
  return best;
}

Ruling image_is_for(const Catalog& catalog,
                    const ServingRuntime& runtime,
                    std::string_view release,
                    std::string_view architecture) {
  const RuntimeProcessor* const known = catalog.find_runtime_processor(runtime.name, architecture);
  if (known == nullptr) return {Verdict::yes, "nothing is known against it", {}};
  if (known->since.empty()) {
    return {Verdict::no,
            fmt::format("{} publishes no image for linux/{}", runtime.title, architecture),
            {known->row}};
  }
  const bool has = compare_releases(release, known->since) >= 0;
  return {has ? Verdict::yes : Verdict::no,
          fmt::format("the images of {} are for linux/{} from {} on",
                      runtime.title,
                      architecture,
                      known->since),
          {known->row}};
}

}  // namespace mlpack
