#include "lib/resolve/releases.h"
#include "lib/text.h"
#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>

namespace mlpack::test {
namespace {

using Kind = Demand::Kind;

// Driver Installation Guide; that for ppc64le ended, and old ones are there.
bool may_be_in(const Platform& platform, const Gpu& gpu) {
  const std::string& processor = platform.architecture;
  if (is_with_arm(gpu)) return processor == "arm64";
  return processor == "amd64" || processor == "arm64" || processor == "ppc64le";
}

// Issues and pull requests of the projects: vLLM 22206, 23210; SGLang 11268; TGI 2332.
bool has_arm_image(std::string_view runtime, std::string_view release) {
  if (runtime == "vllm") return compare_releases(release, "0.10.2") >= 0;
  if (runtime == "sglang") return compare_releases(release, "0.5.3") >= 0;
  return runtime != "tgi";
}

// Of a release with several builds, or one whose code people looked up, there is no other.
bool is_never_built(const PackageDemand& package) {
  const auto parts = split(package.specifier, '+');
  const std::string wanted = parts.size() == 2 ? std::string(parts[1]) : package.index;
  if (package.name != "torch" || package.builds == PackageDemand::Builds::any) return false;
  const auto& extra = package.extra_indexes;
  const bool is_plain = std::count(extra.begin(), extra.end(), "cpu") > 0;  // of every release
  if (!wanted.starts_with("cu") || (parts.size() == 1 && is_plain)) return false;
  std::size_t known = 0;
  std::size_t sure = 0;
  for (const TorchBuild& build : catalog().torch_builds()) {
    if (parts.front() != "==" + std::string(build.torch.text())) continue;
    const bool is_beside = parts.size() == 1 && std::count(extra.begin(), extra.end(), build.build);
    if (build.build == wanted || is_beside) return false;
    ++known;
    if (!build.row->is_doubtful("sm")) ++sure;
  }
  return known > 1 || sure > 0;
}

// A label is of one index.
bool is_elsewhere(const PackageDemand& package) {
  const std::size_t plus = package.specifier.find('+');
  std::vector<std::string> indexes = package.extra_indexes;
  if (!package.index.empty()) indexes.push_back(package.index);
  const bool is_open = package.default_index == PackageDemand::Default::open;
  if (plus == std::string::npos || (indexes.empty() && is_open)) return false;
  return package.builds == PackageDemand::Builds::published &&
         std::count(indexes.begin(), indexes.end(), package.specifier.substr(plus + 1)) == 0;
}

}  // namespace

bool is_with_arm(const Gpu& gpu) {
  return gpu.name.starts_with("GH") || gpu.name.starts_with("GB") || gpu.kind == Gpu::Kind::jetson;
}

bool has_cpu_image(const ServingRuntime& runtime) {
  return std::any_of(runtime.images.begin(), runtime.images.end(), [](const RuntimeImage& image) {
    return image.what == RuntimeImage::For::cpu;
  });
}

// No image has two releases of one package.
void BruteForce::keep_packages() {
  const auto& packages = demands_.packages;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (is_elsewhere(packages[i]) || is_never_built(packages[i]))
      contradictions_.push_back(fact(Kind::package_version, i));
    for (std::size_t j = 0; j < i; ++j) {
      if (packages[i].name == packages[j].name)
        contradictions_.push_back(fact(Kind::package_version, i) | fact(Kind::package_version, j));
    }
  }
}

void BruteForce::keep_machines() {
  keep_machines_of_base();
  keep_needs_of_base();
  keep_processors_of_base();
  const auto& base = demands_.base;
  if (demands_.needs_python && base && base->name == "scratch")
    contradictions_.push_back(fact(Kind::base));
  const ServedBy server = demands_.runtime.empty() ? ServedBy::own_code : ServedBy::runtime;
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const auto& [gpu, count, driver, where] = demands_.fleet[i];
    if (gpu == nullptr) {
      keep_machines_without_gpu(i);
      continue;
    }
    const DemandSet machine = fact(Kind::gpu, i);
    // TEI's README.md: Turing is the oldest.
    if (demands_.runtime == "tei" && gpu->compute_capability < version("7.5"))
      contradictions_.push_back(machine | fact(Kind::runtime));
    const auto& platforms = demands_.platforms;
    const bool has_one =
        std::any_of(platforms.begin(), platforms.end(), [gpu = gpu](const auto& known) {
          return may_be_in(known, *gpu);
        });
    if (!platforms.empty() && !has_one) contradictions_.push_back(machine | fact(Kind::platform));
    if (driver && !may_drive(*driver, *gpu))
      contradictions_.push_back(machine | fact(Kind::driver, i));
    if (!demands_.quantisation.empty() && !may_run_quantised(demands_.quantisation, *gpu, server))
      contradictions_.push_back(machine | fact(Kind::quantisation));
  }
}

void BruteForce::keep_processors(Part& part) const {
  if (demands_.base || has_arm_image(demands_.runtime, part.name)) return;
  for (const Platform& platform : demands_.platforms) {
    if (platform.architecture == "arm64") part.out.push_back(fact(Kind::platform));
  }
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr && is_with_arm(*gpu)) part.out.push_back(fact(Kind::gpu, i));
  }
}

// Whoever starts it.
// An image of one processor is none for another.
void BruteForce::keep_processor_of_tag(std::string_view processor) {
  for (const Platform& platform : demands_.platforms) {
    if (platform.architecture != processor)
      contradictions_.push_back(fact(Kind::base) | fact(Kind::platform));
  }
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr && is_with_arm(*gpu) && processor == "amd64")
      contradictions_.push_back(fact(Kind::base) | fact(Kind::gpu, i));
    // Cards beside such modules are in machines of the usual kind.
    for (std::size_t j = 0; j < demands_.fleet.size() && demands_.platforms.empty(); ++j) {
      const Gpu* const card = demands_.fleet[j].gpu;
      const bool is_beside = gpu != nullptr && is_with_arm(*gpu) && card && !is_with_arm(*card);
      if (is_beside && processor == "arm64") {
        contradictions_.push_back(fact(Kind::base) | fact(Kind::gpu, i) | fact(Kind::gpu, j));
      }
    }
  }
}

void BruteForce::keep_processors_of_base() {
  for (const ServingRuntime& runtime : serving_runtimes()) {
    const Had had = read_base(runtime);
    if (!had.processor.empty()) keep_processor_of_tag(had.processor);
    const bool is_it = has_gpus(demands_) && !had.release.empty() && !had.is_without_gpu;
    if (!is_it || has_arm_image(runtime.name, had.release)) continue;
    for (const Platform& platform : demands_.platforms) {
      if (platform.architecture == "arm64")
        contradictions_.push_back(fact(Kind::base) | fact(Kind::platform));
    }
    for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
      const Gpu* const gpu = demands_.fleet[i].gpu;
      if (gpu != nullptr && is_with_arm(*gpu))
        contradictions_.push_back(fact(Kind::base) | fact(Kind::gpu, i));
    }
  }
}

// SGLang's CPU build is nobody's image; those of vLLM and TGI are not the ones for GPUs.
void BruteForce::keep_machines_without_gpu(std::size_t group) {
  const ServingRuntime* const runtime = find_runtime(demands_.runtime);
  using NeedsGpu = ServingRuntime::NeedsGpu;
  if (runtime == nullptr || runtime->gpu == NeedsGpu::optional) return;
  const DemandSet machine = fact(Kind::runtime) | fact(Kind::no_gpu, group);
  const bool is_named = demands_.base.has_value();
  const bool is_nowhere = !is_named && !has_cpu_image(*runtime);
  if (runtime->gpu == NeedsGpu::required || is_nowhere) return contradictions_.push_back(machine);
  if (had_.is_with_gpu) contradictions_.push_back(machine | fact(Kind::base));
  for (std::size_t i = 0; !is_named && i < demands_.fleet.size(); ++i) {
    if (demands_.fleet[i].gpu != nullptr) contradictions_.push_back(machine | fact(Kind::gpu, i));
  }
}

}  // namespace mlpack::test
