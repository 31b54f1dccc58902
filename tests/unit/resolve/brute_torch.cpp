#include "lib/resolve/releases.h"
#include "lib/text.h"
#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/rules_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack::test {
namespace {

using Kind = Demand::Kind;

bool takes_build(const std::string& specifier, const Version& release, std::string_view build) {
  const std::string_view label = local_label(specifier);
  return takes_release(specifier, release) && (label.empty() || label == build);
}

bool has_wheel(const TorchRelease& release, const std::string& label) {
  for (const TorchBuild& build : catalog().torch_builds()) {
    if (build.torch == release.release && build.build == label) return true;
  }
  return label == "cpu";
}

// PEP 440: of one release, that with the highest local version is the highest one, which pip takes;
// uv, Resolving across indexes: the first index that has the package.
// Without the label that is asked for there may be others.
bool is_on_index(const PackageDemand& package, const TorchRelease& release, std::string_view name) {
  std::vector<std::string> indexes = package.extra_indexes;
  if (!package.index.empty()) indexes.push_back(package.index);
  const bool is_open = package.default_index == PackageDemand::Default::open;
  if (indexes.empty()) return is_open || name == release.default_build;
  const std::size_t plus = package.specifier.find('+');
  const std::string label = plus == std::string::npos ? "" : package.specifier.substr(plus + 1);
  const bool is_somewhere = package.builds == PackageDemand::Builds::any ||
                            std::count(indexes.begin(), indexes.end(), label) > 0;
  if (!label.empty() && is_somewhere && name == label) return true;
  if (name == indexes.front() && has_wheel(release, indexes.front())) return true;
  std::string highest;
  for (const std::string& index : indexes) {
    if (has_wheel(release, index)) highest = std::max(highest, index);
  }
  if (!highest.empty() || !package.index.empty()) return name == highest;
  return package.default_index == PackageDemand::Default::open || name == release.default_build;
}

// On machines without GPUs: the build of an index, of which a processor has nothing else.
std::string label_on_index(const PackageDemand& package, const TorchRelease& release) {
  std::vector<std::string> indexes = package.extra_indexes;
  if (!package.index.empty()) indexes.push_back(package.index);
  const bool is_of_pypi = package.default_index == PackageDemand::Default::pypi;
  std::string highest;
  for (const std::string& index : indexes) {
    if (has_wheel(release, index)) highest = std::max(highest, index);
  }
  if (highest.empty() && package.index.empty() && is_of_pypi) highest = release.default_build;
  return !indexes.empty() && has_wheel(release, indexes.front()) ? indexes.front() : highest;
}

// Whether the index has nothing of a release, nor anybody the label that is asked for.
bool is_nowhere(const PackageDemand& package, const TorchRelease& release) {
  const std::string_view label = local_label(package.specifier);
  return !package.index.empty() && label_on_index(package, release).empty() &&
         (label.empty() || !is_on_index(package, release, label));
}

}  // namespace

void BruteForce::need_torch(std::size_t package) {
  Need need{"torch", fact(Kind::package, package)._Find_first(), {}};
  const auto& [specifier, index] =
      std::pair(demands_.packages[package].specifier, demands_.packages[package].index);
  const auto& extra = demands_.packages[package].extra_indexes;
  const bool is_cpu = specifier.ends_with("+cpu");
  const bool is_named = index == "cpu" || std::count(extra.begin(), extra.end(), "cpu") > 0;
  for (const TorchRelease& release : catalog().torch_releases()) {
    const bool is_plain = is_named && is_on_index(demands_.packages[package], release, "cpu");
    std::string label(local_label(specifier));
    if (label.empty()) label = label_on_index(demands_.packages[package], release);
    const bool is_labelled = !has_gpus(demands_) && has_wheel(release, label);
    if (!has_gpus(demands_) && is_nowhere(demands_.packages[package], release)) continue;
    if (!is_labelled && (!has_gpus(demands_) || is_cpu || is_plain))
      need.parts.push_back(torch_part(release, nullptr, package));
    if (is_labelled) need.parts.push_back(torch_without_gpu(release, label, package));
    for (const TorchBuild& build : catalog().torch_builds()) {
      const bool is_there = is_on_index(demands_.packages[package], release, build.build);
      if (has_gpus(demands_) && !is_cpu && is_there && build.torch == release.release)
        need.parts.push_back(torch_part(release, &build, package));
    }
    const bool is_open = index.empty() && !demands_.packages[package].pinned_cuda;
    if (is_open) add_unseen_torch(need, release, package);
  }
  // Somebody made the wheel that is named.
  const DemandSet pin = fact(Kind::package_version, package);
  for (Part& part : need.parts) {
    const bool is_named = std::count(part.out.begin(), part.out.end(), pin) == 0;
    if (is_named && !demands_.packages[package].wheel_tags.empty()) part.python.clear();
  }
  add_nothing_known(need, fact(Kind::package_version, package));
  needs_.push_back(std::move(need));
}

// Of a pinned release with one build whose code nobody saw, there may be one for a pinned CUDA.
void BruteForce::add_unseen_torch(Need& need,
                                  const TorchRelease& release,
                                  std::size_t package) const {
  const std::string& specifier = demands_.packages[package].specifier;
  std::vector<const TorchBuild*> builds;
  for (const TorchBuild& build : catalog().torch_builds()) {
    if (build.torch == release.release) builds.push_back(&build);
  }
  const bool is_asked = demands_.cuda && specifier == fmt::format("=={}", release.release.text());
  const bool may_be = builds.size() == 1 && builds[0]->row->is_doubtful("sm");
  if (!is_asked || !may_be || !has_gpus(demands_)) return;
  if (builds[0]->cuda.same_minor(*demands_.cuda)) return;
  const Version& cuda = *demands_.cuda;
  const std::string label = fmt::format("cu{}{}", cuda.part(0), cuda.part(1));
  if (!is_on_index(demands_.packages[package], release, label)) return;
  Part part{fmt::format("{}+{}", release.release.text(), label), cuda};
  part.python.assign(release.python.begin(), release.python.end());
  keep_wheel(part, release.wheel_tag);
  keep_cuda(part, cuda);
  keep_toolkit(part, cuda);
  keep_drivers(part, cuda);
  need.parts.push_back(std::move(part));
}

// Builds for CUDA run without it, too.
BruteForce::Part BruteForce::torch_without_gpu(const TorchRelease& release,
                                               std::string_view label,
                                               std::size_t package) const {
  const std::string& specifier = demands_.packages[package].specifier;
  Part part{fmt::format("{}+{}", release.release.text(), label)};
  part.python.assign(release.python.begin(), release.python.end());
  if (!takes_release(specifier, release.release))
    part.out.push_back(fact(Kind::package_version, package));
  std::string_view tag = release.wheel_tag;
  for (const TorchBuild& build : catalog().torch_builds()) {
    const bool is_it = build.torch == release.release && build.build == label;
    if (is_it && !build.wheel_tag.empty()) tag = build.wheel_tag;
  }
  keep_wheel(part, tag);
  return part;
}

BruteForce::Part BruteForce::torch_part(const TorchRelease& release,
                                        const TorchBuild* build,
                                        std::size_t package) const {
  Part part{build != nullptr ? std::string(build->row->name)
                             : fmt::format("{}+cpu", release.release.text())};
  part.python.assign(release.python.begin(), release.python.end());
  const std::string& specifier = demands_.packages[package].specifier;
  const auto& beside = demands_.packages[package].pinned_cuda;
  const bool is_other = build != nullptr && beside && !beside->same_minor(build->cuda);
  if (is_other || !takes_build(specifier, release.release, build != nullptr ? build->build : "cpu"))
    part.out.push_back(fact(Kind::package_version, package));
  for (const LibraryWheel& wheel : demands_.library_wheels) {
    const bool is_pin = wheel.release && wheel.name.starts_with("nvidia-cuda-runtime") &&
                        wheel.by == LibraryWheel::By::spec;
    if (build == nullptr || !is_pin || wheel.cuda_major != build->cuda.part(0)) continue;
    if (!wheel.release->same_minor(build->cuda)) part.out.push_back(fact(Kind::package, package));
  }
  const bool has_tag = build != nullptr && !build->wheel_tag.empty();
  keep_wheel(part, has_tag ? build->wheel_tag : release.wheel_tag);
  if (build == nullptr) return part;
  part.cuda = build->cuda;
  if (build->cudnn) part.cudnn = build->cudnn->part(0);
  part.cudnn_pin = build->cudnn;
  part.is_torch = true;
  part.is_vague = has_gpus(demands_) && build->sm.empty() && build->ptx.empty();
  keep_cuda(part, build->cuda);
  keep_code(part, *build);
  keep_drivers(part, build->cuda);
  return part;
}

}  // namespace mlpack::test
