#include "lib/catalog/runtimes.h"
#include "lib/resolve/releases.h"
#include "lib/text.h"
#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mlpack::test {
namespace {

using Kind = Demand::Kind;

}  // namespace

bool is_about(const RuntimeRelease& row, const std::string& wanted) {
  const auto bounds = split(row.release, '-');
  const auto first = Version::parse(bounds.front());
  const auto last = Version::parse(bounds.back());
  const auto pin = Version::parse(wanted);
  if (bounds.size() != 2 || !first || !last || !pin) return row.release == wanted;
  return row.release == wanted || (*first <= *pin && *pin <= *last);
}

void BruteForce::need_runtime() {
  Need need{demands_.runtime, fact(Kind::runtime)._Find_first(), {}};
  std::set<std::string_view> seen;
  for (const RuntimeRelease& release : catalog().runtime_releases()) {
    if (release.runtime == demands_.runtime && seen.insert(release.release).second)
      need.parts.push_back(runtime_part(release));
  }
  add_release_of_base(need);
  if (need.parts.empty() && demands_.runtime_version.empty()) {
    need.parts.push_back({"latest"});
    keep_no_cuda(need.parts.back());
  }
  if (!demands_.runtime_version.empty()) add_nothing_known(need, fact(Kind::runtime_version));
  needs_.push_back(std::move(need));
}

BruteForce::Part BruteForce::runtime_part(const RuntimeRelease& row) const {
  RuntimeRelease release = row;
  const bool is_tagged = had_.cuda && is_about(row, had_.release);
  if (is_tagged) release.cuda = had_.cuda;
  Part part{std::string(release.release)};
  part.python = NamedPythons(known_pythons_).in(release.python);
  const std::string& pin = demands_.runtime_version;
  if (!pin.empty() && is_about(release, pin))
    part.name = pin;
  else if (!pin.empty())
    part.out.push_back(fact(Kind::runtime_version));
  keep_release_of_base(part, release);
  const auto torch = Version::parse(release.row->at("torch"));
  for (std::size_t i = 0; torch && i < demands_.packages.size(); ++i) {
    const PackageDemand& package = demands_.packages[i];
    if (package.name == "torch" && !takes_release(package.specifier, *torch))
      part.out.push_back(fact(Kind::package_version, i));
  }
  keep_no_cuda(part);
  if (is_without_cuda()) return part;
  part.cuda = release.cuda;
  keep_processors(part);
  Part tagged{part.name};
  Part& by_cuda = is_tagged ? tagged : part;
  const TorchBuild* build = nullptr;
  for (const TorchBuild& other : catalog().torch_builds()) {
    const bool is_it =
        torch && release.cuda && other.torch == *torch && other.cuda.same_minor(*release.cuda);
    if (is_it && build == nullptr) build = &other;
  }
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const auto& [gpu, count, driver, where] = demands_.fleet[i];
    if (gpu == nullptr) continue;
    const DemandSet machine = fact(Kind::gpu, i);
    if (release.min_cc && gpu->compute_capability < *release.min_cc) part.out.push_back(machine);
    const bool is_engine = release.runtime == "tensorrt_llm";
    if (is_engine && !may_run_tensorrt(release.row->at("tensorrt"), *gpu))
      part.out.push_back(machine);
    if (!release.cuda && driver && !may_serve(release, *driver, *gpu))
      part.out.push_back(machine | fact(Kind::driver, i));
    if (release.cuda && build == nullptr && !may_compile_for(*release.cuda, *gpu))
      by_cuda.out.push_back(machine);
  }
  if (!release.cuda && torch) keep_any_code(part, *torch);
  if (!release.cuda) return part;
  keep_cuda(by_cuda, *release.cuda);
  if (build != nullptr) keep_code(by_cuda, *build);
  keep_drivers(by_cuda, *release.cuda);
  add_of_tag(part, tagged);
  return part;
}

bool BruteForce::need_vllm(std::size_t package) {
  bool is_known = false;
  Need need{"vllm", fact(Kind::package, package)._Find_first(), {}};
  const auto wanted = PythonSpecifiers::parse(demands_.packages[package].specifier);
  std::set<std::string_view> seen;
  for (const RuntimeRelease& row : catalog().runtime_releases()) {
    if (row.runtime != "vllm" || !seen.insert(row.release).second) continue;
    Part part{std::string(row.release)};
    if (wanted->contains(*PythonVersion::parse(row.release)))
      is_known = true;
    else
      part.out.push_back(fact(Kind::package_version, package));
    part.python = NamedPythons(known_pythons_).in(row.python);
    keep_wheel(part, row.wheel_tag);
    keep_torch_of(part, row);
    keep_cuda_of(part, row);
    need.parts.push_back(std::move(part));
  }
  add_nothing_known(need, fact(Kind::package_version, package));
  needs_.push_back(std::move(need));
  return is_known;
}

// Its wheel pins torch, and is built with one CUDA version: templates/compat/runtime_releases.yaml.
// Whether there is one that is asked for.
// Its pin, and the Pythons that there are wheels of it for.
void BruteForce::keep_torch_of(Part& part, const RuntimeRelease& row) const {
  const std::string pin(row.row->at("torch"));
  for (std::size_t i = 0; i < demands_.packages.size(); ++i) {
    const PackageDemand& other = demands_.packages[i];
    if (other.name == "torch" && !takes_release(other.specifier, version(pin)))
      part.out.push_back(fact(Kind::package_version, i));
  }
  for (const TorchRelease& release : catalog().torch_releases()) {
    if (release.release.text() != pin) continue;
    std::erase_if(part.python, [&](const Version& python) {
      return std::count(release.python.begin(), release.python.end(), python) == 0;
    });
  }
}

// `torch==2.8.0+cu126`, or of an index: its code is what is in the image.
bool BruteForce::has_own_torch() const {
  const auto& packages = demands_.packages;
  return std::any_of(packages.begin(), packages.end(), [](const PackageDemand& package) {
    const bool is_build =
        !package.index.empty() || !package.extra_indexes.empty() || package.pinned_cuda;
    return package.name == "torch" && package.specifier.starts_with("==") &&
           (is_build || package.specifier.find('+') != std::string::npos);
  });
}

// PyPI has the default build of the pinned torch: its CUDA, where the row says none.
void BruteForce::keep_cuda_of(Part& part, const RuntimeRelease& row) const {
  const std::string_view torch = row.row->at("torch");
  std::string_view by_default;
  for (const TorchRelease& release : catalog().torch_releases()) {
    if (release.release.text() == torch) by_default = release.default_build;
  }
  const TorchBuild* build = nullptr;
  for (const TorchBuild& other : catalog().torch_builds()) {
    const bool is_it = row.cuda ? other.cuda.same_minor(*row.cuda) : other.build == by_default;
    if (is_it && other.torch.text() == torch && build == nullptr) build = &other;
  }
  part.cuda = row.cuda || build == nullptr ? row.cuda : std::optional(build->cuda);
  if (has_own_torch()) build = nullptr;
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const auto& [gpu, count, driver, where] = demands_.fleet[i];
    if (gpu == nullptr) continue;
    const bool is_old = row.min_cc && gpu->compute_capability < *row.min_cc;
    if (is_old || (part.cuda && build == nullptr && !may_compile_for(*part.cuda, *gpu)))
      part.out.push_back(fact(Kind::gpu, i));
    if (!part.cuda && row.min_driver && driver && !may_be_at_least(*driver, *row.min_driver))
      part.out.push_back(fact(Kind::gpu, i) | fact(Kind::driver, i));
  }
  if (!part.cuda) return;
  keep_cuda(part, *part.cuda);
  if (build != nullptr) keep_code(part, *build);
  keep_drivers(part, *part.cuda);
}

}  // namespace mlpack::test
