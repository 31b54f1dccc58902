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

// What is pinned and is in no table may be taken.
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
