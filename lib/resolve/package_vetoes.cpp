#include "lib/resolve/package_vetoes.h"

#include "lib/resolve/asked_packages.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/torch_indexes.h"
#include "lib/resolve/torch_options.h"
#include "lib/resolve/wheel_tags.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// No image has two releases of one package.
void judge_pair(Problem& problem, const Vetoes& vetoes, std::size_t i, std::size_t j) {
  const auto& packages = vetoes.demands().packages;
  if (packages[i].name != packages[j].name || go_together(packages[i], packages[j])) return;
  problem.vetoes.push_back(
      {vetoes.set_of(Kind::package_version, i) | vetoes.set_of(Kind::package_version, j),
       {Verdict::no,
        fmt::format(
            "{} and {} are asked for, and nothing is both", packages[i].text(), packages[j].text()),
        {}}});
}

void judge_specifier(Problem& problem, const Vetoes& vetoes, std::size_t index) {
  const PackageDemand& package = vetoes.demands().packages[index];
  if (can_hold(package.specifier)) return;
  problem.vetoes.push_back({vetoes.set_of(Kind::package_version, index),
                            {Verdict::no, fmt::format("no release is {}", package.text()), {}}});
}

const TorchRelease* pinned_torch(const Catalog& catalog, const PackageDemand& package) {
  const std::string pin = pinned_release(package.specifier);
  const auto version = Version::parse(std::string_view(pin).substr(0, pin.find('+')));
  for (const TorchRelease& release : catalog.torch_releases()) {
    if (version && release.release == *version) return &release;
  }
  return nullptr;
}

// A build with a label is on the index that has such builds alone.
void judge_index(Problem& problem, const Vetoes& vetoes, std::size_t index) {
  const PackageDemand& package = vetoes.demands().packages[index];
  const std::string label(local_label(package.specifier));
  const auto named = package.named_indexes();
  const bool is_somewhere = !named.empty() || package.default_index == PackageDemand::Default::pypi;
  const bool is_closed = package.name == component::torch && is_somewhere &&
                         package.builds == PackageDemand::Builds::published;
  if (!is_closed || label.empty() || pinned_release(package.specifier).empty()) return;
  if (std::find(named.begin(), named.end(), label) != named.end()) return;
  problem.vetoes.push_back({vetoes.set_of(Kind::package_version, index),
                            {Verdict::no,
                             fmt::format("{} is not on {}, where it is looked for",
                                         printable(package.text()),
                                         package.indexes_text()),
                             {}}});
}

// Of an index as of a label: it is what is asked for.
void judge_other_gpus(Problem& problem, const Vetoes& vetoes, std::size_t index) {
  const PackageDemand& package = vetoes.demands().packages[index];
  const std::string_view label = local_label(package.specifier);
  const std::string_view maker = other_gpus(label.empty() ? package.other_index : label);
  if (package.name != component::torch || maker.empty()) return;
  const Kind kind = label.empty() ? Kind::package : Kind::package_version;
  const std::string what =
      label.empty() ? fmt::format("what whl/{} has of torch", package.other_index) : package.text();
  const auto& fleet = vetoes.demands().fleet;
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    if (fleet[i].gpu == nullptr) continue;
    problem.vetoes.push_back({vetoes.set_of(kind, index) | vetoes.set_of(Kind::gpu, i),
                              {Verdict::no,
                               fmt::format("{} is built for GPUs of {}", printable(what), maker),
                               {&vetoes.catalog().fact_row("torch.other_gpus")}}});
  }
}

// Which one it is depends on the releases that are there, and on who looks for them.
void doubt_other_indexes(Problem& problem, const Vetoes& vetoes, std::size_t index) {
  const PackageDemand& package = vetoes.demands().packages[index];
  if (!has_gpus(vetoes.demands()) || !local_label(package.specifier).empty()) return;
  for (const std::string& other : package.other_extra_indexes) {
    problem.doubts.push_back(
        {Verdict::unknown,
         fmt::format("whl/{} has builds of torch for GPUs of {}: uv looks there before it looks "
                     "elsewhere, and to pip they are the higher version of a release",
                     other,
                     other_gpus(other)),
         {&vetoes.catalog().fact_row("torch.other_gpus")},
         {},
         fmt::format("look for torch elsewhere than on whl/{}", other)});
  }
}

// PyTorch has published the builds of a release that people looked up, and no other.
void judge_build(Problem& problem, const Vetoes& vetoes, std::size_t index) {
  const PackageDemand& package = vetoes.demands().packages[index];
  const std::string_view wanted = package.torch_build();
  if (package.name != component::torch || !is_cuda_label(wanted)) return;
  const TorchRelease* const release = pinned_torch(vetoes.catalog(), package);
  if (release == nullptr) return;
  std::vector<std::string> builds;
  for (const TorchBuild& build : vetoes.catalog().torch_builds()) {
    if (build.torch == release->release) builds.emplace_back(build.build);
  }
  const auto has = [&](std::string_view build) {
    return std::find(builds.begin(), builds.end(), build) != builds.end();
  };
  const bool is_beside = local_label(package.specifier).empty() &&
                         !index_builds(vetoes.catalog(), package, *release).is_none();
  if (builds.empty() || has(wanted) || is_beside) return;
  Ruling ruling{Verdict::no,
                fmt::format("of torch {} the catalog knows {}; {} is not among them",
                            release->release.text(),
                            join(builds, ", "),
                            printable(wanted)),
                {release->row}};
  const bool is_open = package.builds == PackageDemand::Builds::any ||
                       only_build_seen(vetoes.catalog(), *release) != nullptr;
  if (!is_open) {
    problem.vetoes.push_back({vetoes.set_of(Kind::package_version, index), std::move(ruling)});
    return;
  }
  ruling.verdict = Verdict::unknown;
  problem.doubts.push_back(std::move(ruling));
}

}  // namespace

void judge_packages(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  for (std::size_t i = 0; i < demands.packages.size(); ++i) {
    judge_specifier(problem, vetoes, i);
    judge_index(problem, vetoes, i);
    judge_other_gpus(problem, vetoes, i);
    doubt_other_indexes(problem, vetoes, i);
    judge_build(problem, vetoes, i);
    judge_wheel_tags(problem, vetoes, i);
    for (std::size_t j = 0; j < i; ++j)
      judge_pair(problem, vetoes, j, i);
  }
  for (const std::string& package : demands.uncompared) {
    problem.doubts.push_back(
        {Verdict::unknown,
         fmt::format("what {} needs of CUDA was not compared: `mlpack lock` compares its wheels",
                     printable(package)),
         {},
         {},
         "run `mlpack lock`"});
  }
  for (const std::string& line : demands.undecided) {
    problem.doubts.push_back(
        {Verdict::unknown,
         fmt::format("whether `{}` counts depends on the image: what it needs was not compared",
                     printable(line)),
         {},
         {},
         "run `mlpack lock`: it decides that for each image"});
  }
}

void judge_without_cuda(Option& option, const std::string& what, const Vetoes& vetoes) {
  if (!has_gpus(vetoes.demands())) return;
  option.doubts.push_back({Verdict::unknown,
                           fmt::format("{} has no CUDA: it uses no GPU", what),
                           {option.row},
                           {},
                           "name a build with CUDA if it should use the GPUs"});
}

}  // namespace mlpack
