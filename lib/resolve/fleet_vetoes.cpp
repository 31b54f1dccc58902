#include "lib/resolve/fleet_vetoes.h"

#include "lib/catalog/runtimes.h"
#include "lib/resolve/rules_platform.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// FP8 checkpoints run on older GPUs where a runtime computes in 16 bits.
Ruling quantisation_of(const Demands& demands, const Gpu& gpu, const Catalog& catalog) {
  Ruling ruling = quantisation_runs(catalog, demands.quantisation, gpu.compute_capability);
  if (ruling.verdict != Verdict::no || demands.runtime.empty()) return ruling;
  const Ruling weights_alone =
      quantisation_runs(catalog, demands.quantisation + "_weight_only", gpu.compute_capability);
  if (weights_alone.verdict == Verdict::yes) ruling.verdict = Verdict::unknown;
  return ruling;
}

// What a runtime says of every release.
Ruling runtime_takes(const Catalog& catalog, const Demands& demands, const Gpu& gpu) {
  const ServingRuntime* const runtime = find_runtime(demands.runtime);
  const auto lowest =
      runtime == nullptr ? std::nullopt : Version::parse(runtime->min_compute_capability);
  if (!lowest || gpu.compute_capability >= *lowest) return {Verdict::yes, {}, {}};
  return {Verdict::no,
          fmt::format("{} needs compute capability {}; this is {} ({})",
                      runtime->title,
                      lowest->text(),
                      gpu.compute_capability.text(),
                      gpu.name),
          {&catalog.fact_row("runtime.tei_gpus"), gpu.row}};
}

}  // namespace

void judge_fleet(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const auto refuse = [&](const DemandSet& set, Ruling ruling) {
    if (ruling.verdict == Verdict::no)
      problem.vetoes.push_back({set, std::move(ruling)});
    else if (ruling.verdict == Verdict::unknown)
      problem.doubts.push_back(std::move(ruling));
  };
  for (std::size_t i = 0; i < demands.fleet.size(); ++i) {
    const FleetGroup& group = demands.fleet[i];
    if (group.gpu == nullptr) continue;
    const DemandSet gpu = vetoes.set_of(Kind::gpu, i);
    refuse(gpu | vetoes.set_of(Kind::platform),
           platforms_run_gpu(vetoes.catalog(), demands.platforms, *group.gpu));
    refuse(gpu | vetoes.set_of(Kind::runtime),
           runtime_takes(vetoes.catalog(), demands, *group.gpu));
    if (group.driver) {
      refuse(gpu | vetoes.set_of(Kind::driver, i),
             driver_supports_gpu(vetoes.catalog(), *group.driver, *group.gpu));
    }
    const ServingRuntime* const runtime = find_runtime(demands.runtime);
    if (!demands.bfloat16.empty() && runtime != nullptr) {
      refuse(gpu | vetoes.set_of(Kind::runtime) | vetoes.set_of(Kind::bfloat16),
             bfloat16_runs(vetoes.catalog(), *runtime, group.gpu->compute_capability));
    }
    if (demands.quantisation.empty()) continue;
    refuse(gpu | vetoes.set_of(Kind::quantisation),
           quantisation_of(demands, *group.gpu, vetoes.catalog()));
  }
}

}  // namespace mlpack
