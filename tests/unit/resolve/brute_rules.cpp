#include "lib/resolve/base_choice.h"
#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>

namespace mlpack::test {
namespace {

using Kind = Demand::Kind;

}  // namespace

void BruteForce::keep_cuda(Part& part, const Version& cuda) const {
  if (demands_.cuda && !demands_.cuda->same_minor(cuda)) part.out.push_back(fact(Kind::cuda));
  const auto& base = demands_.base;
  // PyTorch, docker.Makefile: of its images, those for programs are Ubuntu with a Python.
  const bool is_in_python = base && base->name.find("pytorch/pytorch:") != std::string::npos &&
                            base->name.ends_with("-runtime");
  if (base && base->cuda && base->cuda->part(0) != cuda.part(0) && !is_in_python)
    part.out.push_back(fact(Kind::base));
}

bool BruteForce::is_without_cuda() const {
  const ServingRuntime* const runtime = find_runtime(demands_.runtime);
  if (runtime == nullptr || has_gpus(demands_)) return false;
  return runtime->gpu == ServingRuntime::NeedsGpu::usual || has_cpu_image(*runtime);
}

void BruteForce::keep_no_cuda(Part& part) const {
  if (!demands_.cuda || !is_without_cuda()) return;
  DemandSet set = fact(Kind::cuda);
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i)
    set |= fact(Kind::no_gpu, i);
  part.out.push_back(set);
}

void BruteForce::keep_code(Part& part, const TorchBuild& build) const {
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu == nullptr) continue;
    TorchBuild arm = build;
    arm.sm = build.arm_sm;
    arm.ptx = build.arm_ptx;
    const bool has_arm = !arm.sm.empty() && gpu->kind != Gpu::Kind::jetson;
    const bool is_arm = is_with_arm(*gpu);
    if (!is_arm || !has_arm) keep_code_on(part, build, i, fact(Kind::gpu, i));
    if (has_arm && is_arm) keep_code_on(part, arm, i, fact(Kind::gpu, i));
    if (has_arm && !is_arm && is_for_arm_alone())
      keep_code_on(part, arm, i, fact(Kind::gpu, i) | fact(Kind::platform));
  }
}

// It is one of the builds of `torch`.
void BruteForce::keep_any_code(Part& part, const Version& torch) const {
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu == nullptr || is_with_arm(*gpu) || is_for_arm_alone()) continue;
    std::size_t known = 0;
    std::size_t refused = 0;
    for (const TorchBuild& build : catalog().torch_builds()) {
      if (build.torch != torch) continue;
      ++known;
      const bool is_vague = build.sm.empty() && build.ptx.empty();
      if (!is_vague && !may_have_code(build, *gpu, build.cuda)) ++refused;
    }
    if (known > 0 && refused == known) part.out.push_back(fact(Kind::gpu, i));
  }
}

bool BruteForce::is_for_arm_alone() const {
  const auto is = [](const char* processor) {
    return [processor](const Platform& platform) { return platform.architecture == processor; };
  };
  const auto& named = demands_.platforms;
  return std::any_of(named.begin(), named.end(), is("arm64")) &&
         std::none_of(named.begin(), named.end(), is("amd64"));
}

void BruteForce::keep_code_on(Part& part,
                              const TorchBuild& build,
                              std::size_t group,
                              const DemandSet& machine) const {
  const auto& [gpu, count, driver, where] = demands_.fleet[group];
  if (!may_have_code(build, *gpu, build.cuda)) {
    part.out.push_back(machine);
    return;
  }
  for (const CompatInImage compat : {CompatInImage::no, CompatInImage::yes}) {
    if (may_have_code(build, *gpu, compiler_of(build.cuda, driver, *gpu, compat))) continue;
    (compat == CompatInImage::no ? part.out_bare : part.out_with_compat)
        .push_back(machine | fact(Kind::driver, group));
  }
}

void BruteForce::keep_drivers(Part& part, const Version& cuda) const {
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const auto& [gpu, count, driver, where] = demands_.fleet[i];
    if (gpu == nullptr || !driver) continue;
    const DemandSet machine = fact(Kind::gpu, i) | fact(Kind::driver, i);
    if (!may_run_cuda(cuda, *driver, *gpu, CompatInImage::no)) part.out_bare.push_back(machine);
    if (!may_run_cuda(cuda, *driver, *gpu, CompatInImage::yes))
      part.out_with_compat.push_back(machine);
  }
}

void BruteForce::keep_wheel(Part& part, std::string_view tags) const {
  const auto& base = demands_.base;
  if (base && base->distro != nullptr && !may_install_wheel(tags, *base->distro))
    part.out.push_back(fact(Kind::base));
}

}  // namespace mlpack::test
