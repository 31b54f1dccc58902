#include "lib/catalog/runtimes.h"
#include "lib/resolve/option_vetoes.h"
#include "lib/resolve/rules_platform.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

}  // namespace

void Vetoes::refuse_arm(const Ruling& ruling,
                        const DemandSet& also,
                        std::vector<Veto>& vetoes) const {
  if (ruling.verdict == Verdict::yes || !has_gpus(demands_)) return;
  const auto& platforms = demands_.platforms;
  const auto is_arm = [](const Platform& platform) {
    return platform.architecture == arm_processor;
  };
  if (std::any_of(platforms.begin(), platforms.end(), is_arm))
    vetoes.push_back({also | set_of(Kind::platform), ruling});
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr && arm_[i] == ArmMachine::always)
      vetoes.push_back({also | set_of(Kind::gpu, i), ruling});
  }
}

void Vetoes::processors(Option& option, std::string_view release) const {
  const ServingRuntime* const runtime = find_runtime(demands_.runtime);
  if (demands_.base || runtime == nullptr) return;
  refuse_arm(image_is_for(catalog_, *runtime, release, arm_processor), {}, option.vetoes);
}

std::vector<DemandSet> Vetoes::beside_arm() const {
  std::vector<DemandSet> pairs;
  for (std::size_t arm = 0; demands_.platforms.empty() && arm < arm_.size(); ++arm) {
    if (arm_[arm] != ArmMachine::always) continue;
    for (std::size_t i = 0; i < arm_.size(); ++i) {
      if (demands_.fleet[i].gpu != nullptr && arm_[i] == ArmMachine::no)
        pairs.push_back(set_of(Kind::gpu, arm) | set_of(Kind::gpu, i));
    }
  }
  return pairs;
}

void Vetoes::processor_of_tag(Problem& problem, const BaseRelease& base) const {
  const Ruling ruling{
      Verdict::no,
      fmt::format("{} is for linux/{} alone, as its tag says", demands_.base->name, base.processor),
      base.row == nullptr ? std::vector<const CatalogRow*>() : std::vector{base.row->row}};
  const auto& platforms = demands_.platforms;
  bool is_needed = !platforms.empty();
  const auto is_other = [&](const Platform& one) { return one.architecture != base.processor; };
  if (std::any_of(platforms.begin(), platforms.end(), is_other))
    problem.vetoes.push_back({set_of(Kind::base) | set_of(Kind::platform), ruling});
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu == nullptr || arm_[i] != ArmMachine::always) continue;
    is_needed = true;
    if (base.processor != arm_processor)
      problem.vetoes.push_back({set_of(Kind::base) | set_of(Kind::gpu, i), ruling});
  }
  if (base.processor == arm_processor) {
    for (const DemandSet& machines : beside_arm())
      problem.vetoes.push_back({set_of(Kind::base) | machines, ruling});
  }
  if (is_needed || base.processor == Platform::host().architecture) return;
  problem.doubts.push_back(
      {Verdict::unknown,
       fmt::format("{}, and images made here are for {}", ruling.reason, Platform::host().text()),
       ruling.evidence,
       {},
       "name the platform of the machines: `platform`"});
}

void Vetoes::processors(Problem& problem, const BaseRelease& base) const {
  if (!base.processor.empty()) processor_of_tag(problem, base);
  const ServingRuntime* const runtime = find_runtime(base.runtime);
  const bool is_for_gpus = base.machines == BaseRelease::Machines::any;
  if (runtime == nullptr || !is_for_gpus) return;
  refuse_arm(image_is_for(catalog_, *runtime, base.release, arm_processor),
             set_of(Kind::base),
             problem.vetoes);
}

void Vetoes::framework_on_arm(Option& option, const FrameworkRelease& release) const {
  const bool is_tensorflow = release.framework == "tensorflow";
  const bool is_on_arm = std::any_of(
      arm_.begin(), arm_.end(), [](ArmMachine machine) { return machine != ArmMachine::no; });
  if (!is_on_arm || (!is_tensorflow && release.framework != "onnxruntime")) return;
  option.doubts.push_back(
      {Verdict::unknown,
       is_tensorflow ? "TensorFlow's own wheels for arm64 are built without CUDA"
                     : "PyPI has no wheels of onnxruntime-gpu for arm64",
       {&catalog_.fact_row(is_tensorflow ? "tensorflow.arm" : "onnxruntime.arm")},
       arm_processor,
       "name wheels or a base that have it for arm64"});
}

}  // namespace mlpack
