#include "lib/resolve/torch_options.h"

#include "lib/resolve/library_wheels.h"
#include "lib/resolve/package_vetoes.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/torch_indexes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

constexpr std::string_view cpu_label = "cpu";

Option torch_option(const TorchRelease& release,
                    const TorchBuild& build,
                    const PackageDemand& package,
                    std::size_t index,
                    const Vetoes& vetoes) {
  Option option;
  option.name = build.row->name;
  option.cuda = build.cuda;
  option.python.assign(release.python.begin(), release.python.end());
  option.row = build.row;
  if (build.cudnn) option.cudnn_major = build.cudnn->part(0);
  option.has_unknown_code = has_gpus(vetoes.demands()) && build.sm.empty() && build.ptx.empty();
  const std::string_view label = local_label(package.specifier);
  const bool is_other_build = (!label.empty() && label != build.build) ||
                              (package.pinned_cuda && !package.pinned_cuda->same_minor(build.cuda));
  if (!vetoes.takes(index, release.release) || is_other_build) {
    option.vetoes.push_back(not_taken(
        vetoes.set_of(Kind::package_version, index), option, package.name + package.specifier));
  }
  if (vetoes.is_settled(option)) return option;
  if (auto refusal = refusal_by_runtime(vetoes.catalog(), vetoes.demands(), option))
    option.vetoes.push_back({vetoes.set_of(Kind::package, index), std::move(*refusal)});
  if (build.cudnn) vetoes.cudnn(option, *build.cudnn, build.cuda);
  vetoes.base_cudnn(option, Vetoes::Cudnn::brought);
  vetoes.cuda(option, build.cuda);
  vetoes.wheel(option, build.wheel_tag.empty() ? release.wheel_tag : build.wheel_tag);
  vetoes.code(option, build);
  vetoes.drivers(option, build.cuda);
  return option;
}

// The build of a release that a label names, which runs on processors alone, too.
const TorchBuild* labelled_build(const Catalog& catalog,
                                 const TorchRelease& release,
                                 std::string_view label) {
  for (const TorchBuild& build : catalog.torch_builds()) {
    if (build.torch == release.release && build.build == label) return &build;
  }
  return nullptr;
}

// Whether mlpack takes the build for processors, where the spec names none.
bool is_chosen_build(const PackageDemand& package) {
  return package.wheel == PackageDemand::Wheel::open ||
         (package.wheel == PackageDemand::Wheel::pinned &&
          pinned_release(package.specifier).empty());
}

// What a release is called without a GPU: where hashes, a lock or an index decide which build it
// is, the libraries that are pinned beside it tell, and else nobody.
std::string cpu_name(const TorchRelease& release,
                     const PackageDemand& package,
                     std::string_view label,
                     const Vetoes& vetoes) {
  const std::string plain(release.release.text());
  if (has_gpus(vetoes.demands()) || is_chosen_build(package) || !label.empty())
    return plain + "+cpu";
  for (const TorchBuild& build : vetoes.catalog().torch_builds()) {
    const bool is_it = build.torch == release.release && package.pinned_cuda &&
                       build.cuda.same_minor(*package.pinned_cuda);
    if (is_it) return std::string(build.row->name);
  }
  return plain;
}

// A release for machines without GPUs.
Option cpu_option(const TorchRelease& release,
                  const PackageDemand& package,
                  std::size_t index,
                  const Vetoes& vetoes) {
  Option option;
  std::string_view label = local_label(package.specifier);
  const IndexBuilds there = index_builds(vetoes.catalog(), package, release);
  const std::string indexed = there.uv.value_or(there.pip.value_or(""));
  if (label.empty() && !has_gpus(vetoes.demands())) label = indexed;
  option.name = cpu_name(release, package, label, vetoes);
  option.python.assign(release.python.begin(), release.python.end());
  option.row = release.row;
  const TorchBuild* const labelled =
      has_gpus(vetoes.demands()) ? nullptr : labelled_build(vetoes.catalog(), release, label);
  if (labelled != nullptr) {
    option.name = labelled->row->name;
    option.row = labelled->row;
  }
  const bool is_other_build = !label.empty() && label != cpu_label && labelled == nullptr;
  if (!vetoes.takes(index, release.release) || is_other_build) {
    option.vetoes.push_back(not_taken(
        vetoes.set_of(Kind::package_version, index), option, package.name + package.specifier));
  }
  const bool has_own_tag = labelled != nullptr && !labelled->wheel_tag.empty();
  vetoes.wheel(option, has_own_tag ? labelled->wheel_tag : release.wheel_tag);
  judge_without_cuda(option, "torch " + option.name, vetoes);
  return option;
}

bool is_pinned(const PackageDemand& package, const TorchRelease& release) {
  const auto pin = Version::parse(pinned_release(package.specifier));
  return pin && *pin == release.release && local_label(package.specifier).empty();
}

// A build for the pinned CUDA that nobody has seen, of a release that is pinned.
void add_unseen(Component& component,
                const TorchRelease& release,
                const PackageDemand& package,
                const Vetoes& vetoes) {
  const auto& cuda = vetoes.demands().cuda;
  if (!cuda || package.pinned_cuda || !package.index.empty() || !is_pinned(package, release)) {
    return;
  }
  const TorchBuild* const seen = only_build_seen(vetoes.catalog(), release);
  if (seen == nullptr || seen->cuda.same_minor(*cuda)) return;
  const std::string label = fmt::format("cu{}{}", cuda->part(0), cuda->part(1));
  if (!index_builds(vetoes.catalog(), package, release).has(label)) return;
  Option option;
  // The label leads to the index of such builds, which knows whether there is one.
  option.name = fmt::format("{}+{}", release.release.text(), label);
  option.cuda = cuda;
  option.python.assign(release.python.begin(), release.python.end());
  option.row = release.row;
  option.doubts.push_back(
      {Verdict::unknown,
       fmt::format("of torch {} only {} is in the catalog: whether there is a build for CUDA {} is "
                   "not known",
                   release.release.text(),
                   seen->build,
                   cuda->text()),
       {seen->row},
       {},
       "run `mlpack lock`: it asks the index"});
  vetoes.cuda(option, *cuda);
  vetoes.wheel(option, release.wheel_tag);
  vetoes.toolkit(option, *cuda);
  vetoes.drivers(option, *cuda);
  component.options.push_back(std::move(option));
}

bool is_left_to_index(const PackageDemand& package, const IndexBuilds& there) {
  return package.wheel == PackageDemand::Wheel::indexed && there.is_open &&
         local_label(package.specifier).empty() && !package.pinned_cuda;
}

std::optional<Ruling> build_of_index(const TorchRelease& release) {
  return Ruling{Verdict::unknown,
                fmt::format("which build of torch {} comes of the indexes that the spec names is "
                            "not known",
                            release.release.text()),
                {release.row},
                {},
                "run `mlpack lock`: it asks them"};
}

// What its index has whatever the spec says of the version: the pin is a demand of its own.
PackageDemand without_pin(PackageDemand package) {
  package.specifier.clear();
  return package;
}

void add_release(Component& component,
                 const TorchRelease& release,
                 std::size_t index,
                 const Vetoes& vetoes) {
  const PackageDemand& package = vetoes.demands().packages[index];
  const IndexBuilds there = index_builds(vetoes.catalog(), package, release);
  const IndexBuilds unpinned = index_builds(vetoes.catalog(), without_pin(package), release);
  const auto is_there = [&](std::string_view build) {
    return there.has(build) || unpinned.has(build);
  };
  const bool decides_nothing = there.is_open || unpinned.is_open;
  const std::size_t known = component.options.size();
  const bool asks_for_cpu = local_label(package.specifier) == cpu_label;
  const bool on_gpus = has_gpus(vetoes.demands()) && !asks_for_cpu;
  const bool is_nowhere = !has_gpus(vetoes.demands()) && there.is_none() && unpinned.is_none();
  const bool is_plain = on_gpus ? is_there(cpu_label) && !decides_nothing : !is_nowhere;
  if (is_plain) component.options.push_back(cpu_option(release, package, index, vetoes));
  for (const TorchBuild& build : vetoes.catalog().torch_builds()) {
    if (!on_gpus || build.torch != release.release || !is_there(build.build)) continue;
    component.options.push_back(torch_option(release, build, package, index, vetoes));
  }
  if (on_gpus) add_unseen(component, release, package, vetoes);
  const auto told = on_gpus && is_left_to_index(package, there) ? build_of_index(release)
                                                                : told_apart(there, release);
  for (std::size_t i = known; told && i < component.options.size(); ++i)
    component.options[i].doubts.push_back(*told);
}

}  // namespace

const TorchBuild* only_build_seen(const Catalog& catalog, const TorchRelease& release) {
  const TorchBuild* found = nullptr;
  for (const TorchBuild& build : catalog.torch_builds()) {
    if (build.torch != release.release) continue;
    if (found != nullptr || !build.row->is_doubtful("sm")) return nullptr;
    found = &build;
  }
  return found;
}

Component torch_component(std::size_t index, const Vetoes& vetoes) {
  const PackageDemand& package = vetoes.demands().packages[index];
  Component component{package.name, vetoes.index_of(Kind::package, index), {}};
  for (const TorchRelease& release : vetoes.catalog().torch_releases()) {
    if (is_out(vetoes.demands(), release.released)) add_release(component, release, index, vetoes);
  }
  return component;
}

}  // namespace mlpack
