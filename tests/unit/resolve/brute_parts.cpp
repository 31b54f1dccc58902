#include "lib/catalog/runtimes.h"
#include "lib/resolve/base_choice.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/releases.h"
#include "lib/text.h"
#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/rules_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <utility>

namespace mlpack::test {
namespace {

using Kind = Demand::Kind;

std::optional<unsigned> first_number(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_of("0123456789"), text.size());
  const auto number = Version::parse(text.substr(begin, text.find_first_of(".x", begin) - begin));
  return number ? std::optional(number->part(0)) : std::nullopt;
}

// `1.21-1.23` is a release for each.
std::vector<Version> releases_of(const FrameworkRelease& row) {
  const auto bounds = split(row.release, '-');
  const auto first = Version::parse(bounds.front());
  const auto last = Version::parse(bounds.back());
  if (!first || !last) return {};
  std::vector<Version> found{*first};
  while (!(found.back() == *last))
    found.push_back(version(fmt::format("{}.{}", found.back().part(0), found.back().part(1) + 1)));
  return found;
}

std::vector<Version> all_pythons() {
  std::set<Version> found;
  for (const TorchRelease& release : catalog().torch_releases())
    found.insert(release.python.begin(), release.python.end());
  for (const CatalogRow& row : catalog().find_table("python_images")->rows) {
    const Version python = version(row.at("python"));
    if (row.at("prerelease") == "true")
      found.erase(python);
    else
      found.insert(python);
  }
  return {found.begin(), found.end()};
}

// PyPI, METADATA of JAX: what is asked for of CUDA is among the extras of that build.
bool has_extras(const FrameworkRelease& row,
                std::size_t build,
                const std::vector<std::string>& wanted) {
  if (row.extras.empty()) return true;
  const std::string known = fmt::format(" {} ", row.extras[build]);
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& extra) {
    return !extra.starts_with("cuda") || known.find(" " + extra + " ") != std::string::npos;
  });
}

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

BruteForce::BruteForce(const Demands& demands)
    : demands_(demands), list_(list_demands(demands)), known_pythons_(all_pythons()) {
  const ServingRuntime* const runtime = find_runtime(demands_.runtime);
  if (runtime != nullptr) had_ = read_base(*runtime);
  if (!demands_.runtime.empty()) need_runtime();
  const auto rows = catalog().runtime_releases();
  bool has_torch = std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
    return row.runtime == demands_.runtime && !row.row->at("torch").empty();
  });
  for (std::size_t i = 0; i < demands_.packages.size(); ++i)
    has_torch =
        (demands_.packages[i].name == "vllm" && need_vllm(i) && !has_own_torch()) || has_torch;
  for (std::size_t i = 0; i < demands_.packages.size(); ++i) {
    if (demands_.packages[i].name == "vllm") continue;
    if (demands_.packages[i].name != "torch")
      need_framework(i);
    else if (!has_torch)
      need_torch(i);
  }
  if (needs_.empty()) need_toolkit();
  keep_packages();
  keep_machines();
}

DemandSet BruteForce::fact(Kind kind, std::size_t subject) const {
  DemandSet set;
  for (std::size_t i = 0; i < list_.size(); ++i)
    set.set(i, list_[i].kind == kind && list_[i].subject == subject);
  return set;
}

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

void BruteForce::need_framework(std::size_t package) {
  const std::string& name = demands_.packages[package].name;
  Need need{name, fact(Kind::package, package)._Find_first(), {}};
  // JAX, Installation: `pip install jax` is JAX for processors.
  const std::string& extra = demands_.packages[package].build;
  const bool is_for_cpu = extra == "cpu" || (name == "jax" && extra.empty());
  bool is_of_known = false;
  bool is_known_build = false;
  for (const FrameworkRelease& row : catalog().framework_releases()) {
    if (row.framework != framework_of_package(name)) continue;
    is_known_build =
        is_known_build || std::any_of(row.extras.begin(), row.extras.end(), [&](auto one) {
          return one.find(extra) != std::string_view::npos;
        });
    for (const Version& release : releases_of(row)) {
      is_of_known = is_of_known || (!row.extras.empty() &&
                                    takes_release(demands_.packages[package].specifier, release));
      if (!has_gpus(demands_) || is_for_cpu) {
        need.parts.push_back(framework_part(row, release, std::nullopt, package));
        continue;
      }
      // It works with later versions of its major, so with the pinned one.
      for (std::size_t build = 0; build < row.builds.size(); ++build) {
        const Version& oldest = row.builds[build];
        const auto& pinned = demands_.cuda;
        need.parts.push_back(framework_part(row, release, Build{build, oldest}, package));
        if (pinned && pinned->part(0) == oldest.part(0) && oldest < *pinned)
          need.parts.push_back(framework_part(row, release, Build{build, *pinned}, package));
      }
    }
  }
  // What is not in the releases that are known is in none of them.
  const bool is_pinned = !pinned_release(demands_.packages[package].specifier).empty();
  const bool is_lacking = extra.starts_with("cuda") && is_of_known && (is_pinned || is_known_build);
  if (!is_lacking) add_nothing_known(need, fact(Kind::package_version, package));
  needs_.push_back(std::move(need));
}

void BruteForce::need_toolkit() {
  const bool is_there =
      demands_.cuda || (has_gpus(demands_) &&
                        (demands_.base ? demands_.base->cuda.has_value() : !demands_.needs_python));
  if (!is_there) return;
  Need need{"cuda", std::nullopt, {}};
  // A GPU alone needs one where no wheels bring it.
  const bool has_base = demands_.base && demands_.base->cuda && has_gpus(demands_);
  const bool is_bare = !demands_.base && has_gpus(demands_);
  if (demands_.needs_python || !(has_base || is_bare)) {
    if (demands_.cuda) need.fact = fact(Kind::cuda)._Find_first();
    if (has_base) (need.fact ? need.other_fact : need.fact) = fact(Kind::base)._Find_first();
  }
  for (const CudaToolkit& toolkit : catalog().cuda_toolkits()) {
    const Version& cuda = toolkit.cuda;
    const bool is_pinned = demands_.cuda && demands_.cuda->same_minor(cuda);
    if (!demands_.base && !is_pinned && !has_cuda_image(catalog(), cuda)) continue;
    Part part{std::string(cuda.text()), cuda};
    keep_cuda(part, cuda);
    const auto& base = demands_.base;
    if (base && base->cuda && !base->cuda->same_minor(cuda)) part.out.push_back(fact(Kind::base));
    keep_toolkit(part, cuda);
    keep_drivers(part, cuda);
    need.parts.push_back(std::move(part));
  }
  needs_.push_back(std::move(need));
}

// What is pinned and is in no table may be taken.
void BruteForce::keep_toolkit(Part& part, const Version& cuda) const {
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr && !may_compile_for(cuda, *gpu)) part.out.push_back(fact(Kind::gpu, i));
  }
}

// `jax[cuda13]` needs CUDA 13.0 at least, whatever release it is.
void BruteForce::keep_extra(Part& part, const PackageDemand& package) const {
  const std::string digits = package.build.substr(std::min<std::size_t>(4, package.build.size()));
  const auto cuda = Version::parse(digits + ".0");
  if (!package.build.starts_with("cuda") || digits.empty() || !cuda) return;
  keep_toolkit(part, *cuda);
  keep_drivers(part, *cuda);
}

void BruteForce::add_nothing_known(Need& need, const DemandSet& pin) const {
  const bool is_known = std::any_of(need.parts.begin(), need.parts.end(), [&](const Part& part) {
    return std::find(part.out.begin(), part.out.end(), pin) == part.out.end();
  });
  if (is_known || pin.none()) return;
  const Demand& demand = list_[pin._Find_first()];
  if (demand.kind == Kind::runtime_version) {
    need.parts.push_back({demands_.runtime_version});
    const bool is_other = !had_.release.empty() && had_.release != demands_.runtime_version;
    if (is_other) need.parts.back().out.push_back(fact(Kind::base));
    if (has_gpus(demands_)) keep_processors(need.parts.back());
    if (had_.release == demands_.runtime_version) keep_cuda_of_base(need.parts.back());
    return keep_no_cuda(need.parts.back());
  }
  const PackageDemand& package = demands_.packages[demand.subject];
  const std::string release = pinned_release(package.specifier);
  const std::string extra = package.build.empty() ? "" : " [" + package.build + "]";
  need.parts.push_back({release.empty() ? package.specifier + extra : release});
  if (!has_gpus(demands_)) return;
  if (!package.cuda) return keep_extra(need.parts.back(), package);
  // Libraries of CUDA that are named beside it.
  Part& part = need.parts.back();
  part.cuda = package.cuda;
  keep_cuda(part, *package.cuda);
  keep_drivers(part, *package.cuda);
  keep_toolkit(part, *package.cuda);
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

BruteForce::Part BruteForce::framework_part(const FrameworkRelease& row,
                                            const Version& release,
                                            const std::optional<Build>& build,
                                            std::size_t package) const {
  const PackageDemand& wanted = demands_.packages[package];
  Part part{std::string(release.text())};
  part.python = NamedPythons(known_pythons_).in(row.python);
  std::string extra = wanted.build;
  if (build) extra = fmt::format("cuda{}", build->cuda.part(0));
  if (build && row.builds.size() > 1) part.name += "+" + extra;
  const bool is_any = wanted.build.empty() || (wanted.build == "cuda" && build);
  const bool is_build = is_any || wanted.build == extra;
  if (!is_build || !takes_release(wanted.specifier, release))
    part.out.push_back(fact(Kind::package_version, package));
  if (build && !has_extras(row, build->index, wanted.extras))
    part.out.push_back(fact(Kind::package_version, package));
  keep_wheel(part, row.wheel_tag);
  if (!build) return part;
  part.cuda = build->cuda;
  part.cudnn = first_number(row.cudnn);
  std::smatch floor;
  const std::string text(row.cudnn);
  if (row.framework != "onnxruntime" &&
      std::regex_search(text, floor, std::regex("[0-9]+[.][0-9]+")))
    part.cudnn_floor = Version::parse(floor[0].str());
  keep_cuda(part, *part.cuda);
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr && !may_have_code(row, build->index, *gpu))
      part.out.push_back(fact(Kind::gpu, i));
  }
  keep_drivers(part, *part.cuda);
  return part;
}

}  // namespace mlpack::test
