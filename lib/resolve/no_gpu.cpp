#include "lib/resolve/no_gpu.h"

#include "lib/catalog/runtimes.h"
#include "lib/oci/reference.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Kind = Demand::Kind;
using NeedsGpu = ServingRuntime::NeedsGpu;

const RuntimeImage* image_for(const ServingRuntime& runtime, RuntimeImage::For machines) {
  const auto found =
      std::find_if(runtime.images.begin(), runtime.images.end(), [&](const RuntimeImage& image) {
        return image.what == machines;
      });
  return found == runtime.images.end() ? nullptr : &*found;
}

std::string_view repository_of(const RuntimeImage& image) {
  return image.image.substr(0, image.image.rfind(':'));
}

// `v0.5.12-xeon`, `3.3.7-intel-cpu`: somebody's build for machines without a GPU.
bool names_cpu(const Reference& reference) {
  const std::string tag = reference.tag().value_or("");
  const auto parts = split(tag, '-');
  return std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part == "cpu" || part == "xeon";
  });
}

// Whether `base` is the official image for GPUs, which is in a repository of its own.
bool is_gpu_image(const ServingRuntime& runtime, const std::string& base) {
  const auto reference = Reference::parse(base);
  const RuntimeImage* const own = image_for(runtime, RuntimeImage::For::cuda);
  const RuntimeImage* const other = image_for(runtime, RuntimeImage::For::cpu);
  if (!reference || own == nullptr || names_cpu(*reference)) return false;
  const bool is_shared = other != nullptr && repository_of(*other) == repository_of(*own);
  return !is_shared && reference->with_default_host().name() == repository_of(*own);
}

// What stands against the runtime on the group `index`, which has no GPU.
class WithoutGpu {
 public:
  WithoutGpu(Problem& problem, const Vetoes& vetoes, const ServingRuntime& runtime)
      : problem_(problem), vetoes_(vetoes), runtime_(runtime) {}

  void judge(std::size_t index) {
    const DemandSet set = vetoes_.set_of(Kind::runtime) | vetoes_.set_of(Kind::no_gpu, index);
    if (runtime_.gpu == NeedsGpu::required) {
      return refuse(set, fmt::format("{} starts only where there is a GPU", runtime_.title));
    }
    const auto& base = vetoes_.demands().base;
    if (base) return judge_base(set, base->name);
    const RuntimeImage* const image = image_for(runtime_, RuntimeImage::For::cpu);
    if (image == nullptr) {
      return refuse(set,
                    fmt::format("no image of {} for machines without a GPU is in the catalog",
                                runtime_.title));
    }
    for (std::size_t i = 0; i < vetoes_.demands().fleet.size(); ++i) {
      if (vetoes_.demands().fleet[i].gpu == nullptr) continue;
      refuse(set | vetoes_.set_of(Kind::gpu, i),
             fmt::format("for machines without a GPU, {} has another image: {}",
                         runtime_.title,
                         repository_of(*image)));
    }
  }

 private:
  void judge_base(const DemandSet& set, const std::string& name) {
    if (is_gpu_image(runtime_, name)) {
      return refuse(
          set | vetoes_.set_of(Kind::base),
          fmt::format("{} is the image of {} for machines with a GPU", name, runtime_.title));
    }
    problem_.doubts.push_back(
        {Verdict::unknown,
         fmt::format(
             "whether {} has {} for machines without a GPU is not known", name, runtime_.title),
         {fact()}});
  }

  void refuse(const DemandSet& set, std::string reason) {
    problem_.vetoes.push_back({set, {Verdict::no, std::move(reason), {fact()}}});
  }

  const CatalogRow* fact() const { return &vetoes_.catalog().fact_row("runtime.cpu_builds"); }

  Problem& problem_;
  const Vetoes& vetoes_;
  const ServingRuntime& runtime_;
};

}  // namespace

bool is_cpu_build(const Demands& demands) {
  const ServingRuntime* const runtime = find_runtime(demands.runtime);
  if (runtime == nullptr || has_gpus(demands)) return false;
  return runtime->gpu == NeedsGpu::usual || image_for(*runtime, RuntimeImage::For::cpu) != nullptr;
}

void judge_machines_without_gpu(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const ServingRuntime* const runtime = find_runtime(demands.runtime);
  if (runtime == nullptr || runtime->gpu == NeedsGpu::optional) return;
  WithoutGpu without(problem, vetoes, *runtime);
  for (std::size_t i = 0; i < demands.fleet.size(); ++i) {
    if (demands.fleet[i].gpu == nullptr) without.judge(i);
  }
}

}  // namespace mlpack
