#include "lib/resolve/base_release.h"

#include "lib/catalog/runtimes.h"
#include "lib/oci/reference.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/neighbours.h"
#include "lib/resolve/runtime_image.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

void judge_machines_of_base(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const BaseRelease* const had = release_of_base(demands);
  if (had == nullptr || had->machines == BaseRelease::Machines::any) return;
  for (std::size_t i = 0; i < demands.fleet.size(); ++i) {
    if (demands.fleet[i].gpu == nullptr) continue;
    problem.vetoes.push_back(
        {vetoes.set_of(Kind::runtime) | vetoes.set_of(Kind::base) | vetoes.set_of(Kind::gpu, i),
         {Verdict::no,
          fmt::format("{} is an image of {} for machines without a GPU",
                      demands.base->name,
                      find_runtime(had->runtime)->title),
          {&vetoes.catalog().fact_row("runtime.cpu_builds")}}});
  }
}

// `rocm/vllm:latest`, `vllm/vllm-openai-rocm:v0.14.0`, `lmsysorg/sglang:v0.5.5-rocm630-mi30x`
bool is_for_amd(std::string_view base) {
  constexpr std::string_view rocm = "rocm";
  const auto reference = Reference::parse(base);
  if (!reference) return false;
  const std::string name = reference->with_default_host().name();
  const std::string tag = reference->tag().value_or("");
  const auto parts = split(tag, '-');
  return name.find("/rocm/") != std::string::npos || name.ends_with("-rocm") ||
         std::any_of(parts.begin(), parts.end(), [&](auto part) { return part.starts_with(rocm); });
}

void judge_maker_of_base(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  if (!demands.base || !is_for_amd(demands.base->name)) return;
  for (std::size_t i = 0; i < demands.fleet.size(); ++i) {
    if (demands.fleet[i].gpu == nullptr) continue;
    problem.vetoes.push_back(
        {vetoes.set_of(Kind::base) | vetoes.set_of(Kind::gpu, i),
         {Verdict::no,
          fmt::format("{} is built with ROCm, for GPUs of AMD", demands.base->name),
          {&vetoes.catalog().fact_row("image.rocm")}}});
  }
}

// What is started in a release that has no row.
void doubt_unknown_of_base(Problem& problem, const Vetoes& vetoes) {
  const auto& base = vetoes.demands().base;
  const bool is_alone = base && base->official && vetoes.demands().runtime.empty();
  if (!is_alone || base->official->row != nullptr) return;
  const BaseRelease& had = *base->official;
  if (had.machines == BaseRelease::Machines::without_gpu) return;
  for (Ruling& doubt : neighbour_doubts(had.runtime, had.release, had.cuda, vetoes))
    problem.doubts.push_back(std::move(doubt));
}

// An official image, of whose CUDA no row tells, is started as it is: what its runtime needs
// counts.
void judge_needs_of_base(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const auto& base = demands.base;
  const bool is_alone = base && base->official && demands.runtime.empty();
  const RuntimeRelease* const row = is_alone ? base->official->row : nullptr;
  if (row == nullptr || row->cuda) return;
  const auto judge = [&](const DemandSet& set, Ruling ruling) {
    if (ruling.verdict == Verdict::no)
      problem.vetoes.push_back({set | vetoes.set_of(Kind::base), std::move(ruling)});
    else if (ruling.verdict == Verdict::unknown)
      problem.doubts.push_back(std::move(ruling));
  };
  for (std::size_t i = 0; i < demands.fleet.size(); ++i) {
    const FleetGroup& group = demands.fleet[i];
    if (group.gpu == nullptr) continue;
    const Version& device = group.gpu->compute_capability;
    const DemandSet gpu = vetoes.set_of(Kind::gpu, i);
    judge(gpu, runtime_runs(vetoes.catalog(), *row, device));
    if (!group.driver) continue;
    judge(gpu | vetoes.set_of(Kind::driver, i), runtime_takes_driver(*row, *group.driver, device));
  }
}

// What `apt` has is another one, and the image itself has none that is known.
void doubt_python_of_base(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const auto& python = demands.python;
  const auto& base = demands.base;
  if (!demands.needs_python || !python || !base || base->python || !base->packaged_python) return;
  if (base->packaged_python->same_minor(*python)) return;
  problem.doubts.push_back(
      {Verdict::unknown,
       fmt::format("`python3` of {} is Python {}: Python {} is there if the image has it on its "
                   "PATH, or `system_packages` brings it",
                   base->name,
                   base->packaged_python->text(),
                   python->text()),
       {base->distro->row},
       {},
       "name it in `system_packages`, or a base that has it"});
}

const TorchBuild* torch_in(const Catalog& catalog, const BaseDemand& base) {
  for (const TorchBuild& build : catalog.torch_builds()) {
    const bool is_it = base.torch == build.torch && base.cuda && base.cuda->same_minor(build.cuda);
    if (is_it) return &build;
  }
  return nullptr;
}

bool asks_for_torch(const Demands& demands) {
  const auto& packages = demands.packages;
  return std::any_of(packages.begin(), packages.end(), [](const PackageDemand& package) {
    return package.name == component::torch;
  });
}

// The wheel for the same CUDA tells what the PyTorch of a base has most likely, which need not be
// what is started.
void doubt_torch_of_base(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const TorchBuild* const build = demands.base && !asks_for_torch(demands)
                                      ? torch_in(vetoes.catalog(), *demands.base)
                                      : nullptr;
  if (build == nullptr) return;
  for (const FleetGroup& group : demands.fleet) {
    const bool is_on_arm = group.gpu != nullptr &&
                           arm_machine(vetoes.catalog(), demands, *group.gpu) != ArmMachine::no;
    if (group.gpu == nullptr || is_on_arm) continue;
    Ruling ruling =
        code_runs(vetoes.catalog(), code_of(*build), group.gpu->compute_capability, build->cuda);
    if (ruling.verdict != Verdict::no) continue;
    ruling.verdict = Verdict::unknown;
    ruling.reason = fmt::format("{} has torch {}, and in its wheel for CUDA {} {}",
                                demands.base->name,
                                build->torch.text(),
                                build->cuda.text(),
                                ruling.reason);
    ruling.evidence.push_back(build->row);
    problem.doubts.push_back(std::move(ruling));
  }
}

}  // namespace

const BaseRelease* release_of_base(const Demands& demands) {
  const auto& base = demands.base;
  const bool is_it = base && base->official && base->official->runtime == demands.runtime;
  return is_it ? &*base->official : nullptr;
}

std::optional<Version> cuda_in_tag(const Demands& demands, std::string_view release) {
  if (demands.base && demands.base->moving_cuda) return demands.base->moving_cuda;
  const BaseRelease* const had = release_of_base(demands);
  const bool is_it = had != nullptr && covers_release(release, had->release);
  return is_it ? had->cuda : std::nullopt;
}

bool is_guessed_release(const Demands& demands) {
  return !demands.runtime.empty() && demands.runtime_version.empty() && demands.base &&
         release_of_base(demands) == nullptr;
}

void judge_release_of_base(Option& option, std::string_view row, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const BaseRelease* const had = release_of_base(demands);
  if (had == nullptr) return;
  const std::string& pin = demands.runtime_version;
  const std::string wanted = release_in_tag(vetoes.catalog(), had->runtime, pin);
  DemandSet set = vetoes.set_of(Kind::base);
  if (covers_release(row, had->release)) {
    // A range that has both in it.
    if (option.name != pin || wanted == had->release) {
      if (option.name != pin) option.name = had->release;
      return;
    }
    set |= vetoes.set_of(Kind::runtime_version);
  } else if (option.name == pin && wanted == had->release) {
    return;
  }
  const CatalogRow* const evidence = had->row == nullptr ? option.row : had->row->row;
  option.vetoes.push_back(
      {set,
       {Verdict::no,
        fmt::format(
            "{} has {} {}, not {}", demands.base->name, had->runtime, had->release, option.name),
        evidence == nullptr ? std::vector<const CatalogRow*>() : std::vector{evidence}}});
}

void judge_base(Problem& problem, const Vetoes& vetoes) {
  judge_machines_of_base(problem, vetoes);
  judge_maker_of_base(problem, vetoes);
  judge_needs_of_base(problem, vetoes);
  doubt_unknown_of_base(problem, vetoes);
  doubt_python_of_base(problem, vetoes);
  doubt_torch_of_base(problem, vetoes);
  const Demands& demands = vetoes.demands();
  if (demands.base && demands.base->official) vetoes.processors(problem, *demands.base->official);
  if (!demands.needs_python || !demands.base || demands.base->name != scratch_base) return;
  problem.vetoes.push_back(
      {vetoes.set_of(Kind::base),
       {Verdict::no, "`scratch` has no Python, and `python` is for one that the base has", {}}});
}

}  // namespace mlpack
