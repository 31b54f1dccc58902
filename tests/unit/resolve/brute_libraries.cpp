#include "lib/resolve/spec_demands.h"
#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>
#include <regex>
#include <string>
#include <utility>

namespace mlpack::test {
namespace {

// CUDA and cuDNN as a framework wants them.
struct Wanted {
  Version cuda;
  Version cudnn;
};

std::string minor_of(std::string_view release) {
  const std::string text(release);
  const std::size_t dot = text.find('.');
  return dot == std::string::npos ? text : text.substr(0, text.find('.', dot + 1));
}

// Whether the row `of`, which may be for several minor versions, is about `release`.
bool is_row_of(const FrameworkRelease& row, const std::string& release) {
  const std::size_t dash = row.release.find('-');
  if (dash == std::string_view::npos) return minor_of(row.release) == minor_of(release);
  const auto first = Version::parse(row.release.substr(0, dash));
  const auto last = Version::parse(row.release.substr(dash + 1));
  const auto wanted = Version::parse(minor_of(release));
  return first && last && wanted && *first <= *wanted && *wanted <= *last;
}

// TensorFlow and ONNX Runtime load what they are built with; nullopt: their rows do not say it.
std::optional<Wanted> wanted_by(std::string_view framework, const std::string& release) {
  for (const FrameworkRelease& row : catalog().framework_releases()) {
    if (row.framework != framework || !is_row_of(row, release)) continue;
    if (row.builds.size() != 1) return std::nullopt;
    std::smatch number;
    const std::string text(row.cudnn);
    if (!std::regex_search(text, number, std::regex("[0-9]+([.][0-9]+)*"))) return std::nullopt;
    return Wanted{row.builds.front(), *Version::parse(number[0].str())};
  }
  return std::nullopt;
}

// cuDNN support matrix: what the last document before a release does not list, from the oldest on,
// is gone.
bool may_compute(const CudaImage& image, const Gpu& gpu) {
  const CudnnSupport* last = nullptr;
  for (const CudnnSupport& row : catalog().cudnn_support()) {
    const bool is_it = row.package_cuda_major == image.cuda.part(0) && row.cudnn <= *image.cudnn;
    if (is_it && (last == nullptr || row.cudnn > last->cudnn)) last = &row;
  }
  if (last == nullptr) return true;
  const auto& listed = last->compute_capability;
  return gpu.compute_capability >= *std::min_element(listed.begin(), listed.end());
}

bool has_libraries(const CudaImage& image, const Wanted& wanted, const Demands& demands) {
  const auto is_flavour = [](std::string_view flavour) {
    return flavour == "cudnn-runtime" || flavour == "cudnn8-runtime" || flavour == "cudnn9-runtime";
  };
  const bool is_it = image.cudnn && image.distro.starts_with("ubuntu") &&
                     std::any_of(image.flavours.begin(), image.flavours.end(), is_flavour) &&
                     image.cuda.part(0) == wanted.cuda.part(0) && image.cuda >= wanted.cuda &&
                     image.cudnn->part(0) == wanted.cudnn.part(0) && *image.cudnn >= wanted.cudnn;
  if (!is_it) return false;
  for (const Platform& platform : demands.platforms) {
    const auto& known = image.arch;
    if (std::find(known.begin(), known.end(), platform.architecture) == known.end()) return false;
  }
  return std::all_of(demands.fleet.begin(), demands.fleet.end(), [&](const FleetGroup& group) {
    if (group.gpu == nullptr) return true;
    const bool is_driven =
        !group.driver || may_run_cuda(image.cuda, *group.driver, *group.gpu, CompatInImage::no);
    return is_driven && may_compile_for(image.cuda, *group.gpu) && may_compute(image, *group.gpu);
  });
}

// The oldest minor version of CUDA, and of that the newest there is.
bool is_better(const CudaImage& a, const CudaImage* b) {
  if (b == nullptr) return true;
  if (!a.cuda.same_minor(b->cuda)) return a.cuda < b->cuda;
  return std::pair(a.cuda, a.distro) > std::pair(b->cuda, b->distro);
}

// `stack` on `image`, with the Python of its distribution.
bool may_stand_on(const CudaImage& image, const Stack& stack, Demands demands) {
  demands.base = base_demand(catalog(),
                             BaseReference{"nvidia/cuda:" + std::string(image.row->at("cuda")) +
                                           "-cudnn-runtime-" + std::string(image.distro)},
                             std::nullopt);
  const auto& python = demands.base->packaged_python;
  if (!python || (demands.python && demands.python->size() > 2)) return false;
  demands.base->python = python;
  Stack moved = stack;
  moved.python = python;
  moved.compat = CompatInImage::yes;
  return BruteForce(demands).allows(moved);
}

}  // namespace

bool BruteForce::has_right_base(const Stack& stack) const {
  if (demands_.base || !demands_.runtime.empty() || !demands_.needs_python) return true;
  const bool is_image = stack.base.find("/nvidia/cuda:") != std::string::npos;
  std::optional<Wanted> wanted;
  for (const PackageDemand& package : demands_.packages) {
    const bool is_tensorflow = package.name == "tensorflow";
    // Others bring their own, or are not on a GPU.
    if (!is_tensorflow && package.name != "onnxruntime-gpu") return true;
    for (const Choice& choice : stack.choices) {
      if (choice.what == package.name && stack.cuda)
        wanted = wanted_by(is_tensorflow ? "tensorflow" : "onnxruntime", choice.chosen);
    }
  }
  // A build takes later versions of its CUDA major.
  if (wanted && demands_.cuda) wanted->cuda = std::max(wanted->cuda, *demands_.cuda);
  if (!wanted || demands_.packages.size() != 1) return !is_image || demands_.packages.size() > 1;
  const CudaImage* best = nullptr;
  for (const CudaImage& image : catalog().cuda_images()) {
    if (has_libraries(image, *wanted, demands_) && is_better(image, best) &&
        may_stand_on(image, stack, demands_))
      best = &image;
  }
  if (best == nullptr) return !is_image;
  return stack.base.find(":" + std::string(best->row->at("cuda")) + "-cudnn") !=
             std::string::npos &&
         stack.base.ends_with(best->distro);
}

}  // namespace mlpack::test
