#include "lib/resolve/base_choice.h"
#include "lib/resolve/cuda_libraries.h"
#include "lib/resolve/fix_search.h"
#include "lib/resolve/spec_demands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

// What is looked at of options before it is given up.
constexpr std::size_t most_toolkits = 4;

// Whether the compat package of `cuda` helps on each machine whose driver is among the demands that
// contradict each other.
bool compat_helps(const FixSearch& search, const Version& cuda) {
  const Question& question = search.question();
  for (std::size_t i = 0; i < question.list.size(); ++i) {
    const Demand& demand = question.list[i];
    if (demand.kind != Demand::Kind::driver || !search.is_in_conflict(i)) continue;
    const FleetGroup& group = question.demands.fleet[demand.subject];
    const Ruling runs =
        driver_runs_cuda(question.catalog, cuda, *group.driver, *group.gpu, CompatInImage::yes);
    if (runs.verdict != Verdict::yes) return false;
  }
  return true;
}

// The CUDA versions of what drivers alone keep out, best first.
std::vector<Version> toolkits_out(const FixSearch& search) {
  const Question& question = search.question();
  std::vector<Version> found;
  for (const Component& component : question.problem.components) {
    for (const Option& option : component.options) {
      const bool is_it = option.cuda && holding(option.vetoes, search.held()) == nullptr &&
                         holding(option.without_compat, search.held()) != nullptr &&
                         holding(option.with_compat, search.held()) == nullptr;
      const auto same = [&](const Version& other) { return other.same_minor(*option.cuda); };
      if (!is_it || std::any_of(found.begin(), found.end(), same)) continue;
      found.push_back(*option.cuda);
    }
  }
  if (found.size() > most_toolkits) found.erase(found.begin() + most_toolkits, found.end());
  return found;
}

class CompatBase {
 public:
  CompatBase(FixSearch& search, std::size_t demand) : search_(search), demand_(demand) {}

  // Where wheels bring CUDA the smallest image is enough.
  bool add_for(const Version& cuda) {
    for (const std::string& image : cuda_images_of(search_.question().catalog, cuda)) {
      missing_.reset();
      if (add(image, cuda)) return true;
      if (missing_ && add_with_libraries()) return true;
    }
    return false;
  }

 private:
  bool add_with_libraries() {
    if (!missing_->cudnn) return false;
    const MissingLibraries missing = *missing_;
    const auto images =
        cudnn_images(search_.question().catalog, missing.cuda, *missing.cudnn, missing.what);
    return std::any_of(images.begin(), images.end(), [&](const CudnnImage& image) {
      return add(image.name, image.image->cuda);
    });
  }

  bool add(const std::string& image, const Version& cuda) {
    const Question& asked = search_.question();
    auto changed =
        compat_helps(search_, cuda) ? on_image(asked.catalog, asked.demands, image) : std::nullopt;
    const auto has_all = [&](const Question& question, const Assignment& answer) {
      missing_ = missing_libraries(question, answer);
      return !missing_;
    };
    if (!changed || !search_.resolves(*changed, has_all)) return false;
    search_.take(demand_,
                 fmt::format("name a base with the compat package: `base: {}`", image),
                 fix_cost::base,
                 *std::move(changed));
    return true;
  }

  FixSearch& search_;
  std::size_t demand_;
  std::optional<MissingLibraries> missing_;  // on the image that was tried last
};

}  // namespace

void name_compat_base(FixSearch& search, std::size_t demand) {
  const Demands& demands = search.question().demands;
  if (demands.base || !demands.runtime.empty() || !demands.needs_python) return;
  // It is for all drivers of the conflict: said of the first.
  for (std::size_t i = 0; i < demand; ++i) {
    const bool is_driver = search.demand(i).kind == Demand::Kind::driver;
    if (is_driver && search.is_in_conflict(i)) return;
  }
  CompatBase base(search, demand);
  for (const Version& cuda : toolkits_out(search)) {
    if (base.add_for(cuda)) return;
  }
}

}  // namespace mlpack
