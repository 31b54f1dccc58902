#include "lib/resolve/runtime_options.h"

#include "lib/catalog/runtimes.h"
#include "lib/resolve/base_release.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/neighbours.h"
#include "lib/resolve/no_gpu.h"
#include "lib/resolve/option_lists.h"
#include "lib/resolve/release_dates.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/serving_options.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// A build for machines without a GPU has no CUDA.
void judge_cpu_build(Option& option, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  if (!demands.cuda || !is_cpu_build(demands)) return;
  DemandSet set = vetoes.set_of(Kind::cuda);
  for (std::size_t i = 0; i < demands.fleet.size(); ++i)
    set |= vetoes.set_of(Kind::no_gpu, i);
  option.vetoes.push_back(
      {set,
       {Verdict::no,
        fmt::format("{} {} for machines without a GPU has no CUDA", demands.runtime, option.name),
        {&vetoes.catalog().fact_row("runtime.cpu_builds")}}});
}

// Of a range it is the one that is pinned.
void judge_pin(Option& option, std::string_view row, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const std::string& pin = demands.runtime_version;
  if (covers_release(row, pin)) {
    option.name = pin;
  } else if (!pin.empty()) {
    option.vetoes.push_back(
        not_taken(vetoes.set_of(Kind::runtime_version), option, demands.runtime + " " + pin));
  }
}

// What the tag of the base says is so as long as the base is that one.
class RestsOnTag {
 public:
  explicit RestsOnTag(Option& option) : option_(option) {
    for (const auto* const list : lists())
      known_.push_back(list->size());
  }

  void add(const DemandSet& base) {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      std::vector<Veto>& list = *lists()[i];
      for (std::size_t j = known_[i]; j < list.size(); ++j)
        list[j].demands |= base;
    }
  }

 private:
  std::array<std::vector<Veto>*, 3> lists() {
    return {&option_.vetoes, &option_.without_compat, &option_.with_compat};
  }

  Option& option_;
  std::vector<std::size_t> known_;
};

// What the tag of its image says of a release that has no row.
void judge_tag(Option& option, const Version& cuda, const Vetoes& vetoes) {
  RestsOnTag rests(option);
  option.cuda = cuda;
  vetoes.cuda(option, cuda);
  vetoes.toolkit(option, cuda);
  vetoes.drivers(option, cuda);
  rests.add(vetoes.set_of(Kind::base));
}

// A release of a runtime that has no row.
Option unknown_release(const std::string& release, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  Option option;
  option.name = release;
  const auto later = ReleaseDates(vetoes.catalog(), demands)
                         .doubt_of_later(demands.runtime, [&](std::string_view row) {
                           return covers_release(row, release);
                         });
  const auto cuda = cuda_in_tag(demands, release);
  if (!later) option.doubts = neighbour_doubts(demands.runtime, release, cuda, vetoes);
  option.doubts.push_back(later ? *later : nothing_known(demands.runtime, option.name));
  const ServingRuntime* const runtime = find_runtime(demands.runtime);
  if (!later && !demands.base && runtime != nullptr && !runtime->images.empty()) {
    option.doubts.push_back(
        {Verdict::unknown,
         fmt::format("whether there is an image of {} {} is not known: its tag is made as those of "
                     "other releases are",
                     demands.runtime,
                     option.name),
         {},
         {},
         "name a release that `mlpack catalog` lists, or a base, if there is none"});
  }
  judge_pin(option, release, vetoes);
  judge_release_of_base(option, release, vetoes);
  judge_cpu_build(option, vetoes);
  vetoes.processors(option, option.name);
  if (cuda && !is_cpu_build(demands)) judge_tag(option, *cuda, vetoes);
  return option;
}

// Which release a base has that no official name tells.
void doubt_release_of_base(Option& option, const RuntimeRelease& release, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  if (!is_guessed_release(demands) || is_cpu_build(demands)) return;
  option.doubts.push_back(
      {Verdict::unknown,
       fmt::format("which {0} {1} has is not known, and it is taken for {2}: `runtime: {{name: "
                   "{0}, version: …}}` says it",
                   demands.runtime,
                   demands.base->name,
                   release.release),
       {},
       {},
       "say which release it is"});
}

// There are images of one release with several versions of CUDA.
RuntimeRelease as_in_base(RuntimeRelease release, const Demands& demands) {
  if (const auto cuda = cuda_in_tag(demands, release.release)) release.cuda = cuda;
  return release;
}

Option runtime_option(const RuntimeRelease& known,
                      const std::vector<Version>& pythons,
                      const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const RuntimeRelease release = as_in_base(known, demands);
  Option option;
  option.name = release.release;
  option.python = pythons;
  option.row = release.row;
  judge_pin(option, release.release, vetoes);
  judge_release_of_base(option, release.release, vetoes);
  if (!is_cpu_build(demands)) option.cuda = release.cuda;
  if (vetoes.is_settled(option)) return option;
  judge_torch_of(option, release, vetoes);
  judge_cpu_build(option, vetoes);
  if (is_cpu_build(demands)) return option;
  vetoes.processors(option, last_release(option.name));
  vetoes.runtime(option, release);
  vetoes.tensorrt(option, release);
  RestsOnTag rests(option);
  judge_cuda_of(option, release, torch_build_of(vetoes.catalog(), release), vetoes);
  if (cuda_in_tag(demands, release.release)) rests.add(vetoes.set_of(Kind::base));
  return option;
}

// Of a runtime of whose releases there is no table.
Option any_release(const Vetoes& vetoes) {
  Option option;
  option.name = "latest";
  judge_cpu_build(option, vetoes);
  // Without a GPU there is nothing to compare.
  if (is_cpu_build(vetoes.demands())) return option;
  option.doubts.push_back({Verdict::unknown,
                           fmt::format("the catalog has no releases of {}: nothing was compared",
                                       vetoes.demands().runtime),
                           {}});
  return option;
}

}  // namespace

Component runtime_component(std::span<const Version> pythons, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  Component component{demands.runtime, vetoes.index_of(Kind::runtime), {}};
  ReleaseDates dates(vetoes.catalog(), demands);
  bool has_releases = false;
  for (const RuntimeRelease& release : vetoes.catalog().runtime_releases()) {
    if (release.runtime != demands.runtime) continue;
    has_releases = true;
    dates.add(release);
  }
  const BaseRelease* const of_base = release_of_base(demands);
  std::set<std::string_view> seen;
  NamedPythons named(pythons);
  for (const RuntimeRelease& release : vetoes.catalog().runtime_releases()) {
    if (release.runtime != demands.runtime || !seen.insert(release.release).second) continue;
    const bool is_there = of_base != nullptr && of_base->row == &release;
    if (!is_there && !dates.is_out(release)) continue;
    component.options.push_back(runtime_option(release, named.in(release.python), vetoes));
    doubt_release_of_base(component.options.back(), release, vetoes);
    dates.add_doubt(component.options.back(), demands.runtime, release.row->at("released"));
  }
  sort_options(component.options);
  const bool is_new = of_base != nullptr && of_base->row == nullptr;
  if (is_new && of_base->release != demands.runtime_version) {
    component.options.push_back(unknown_release(of_base->release, vetoes));
  }
  if (!has_releases && demands.runtime_version.empty()) {
    component.options.push_back(any_release(vetoes));
  }
  add_unknown(component,
              vetoes.set_of(Kind::runtime_version),
              unknown_release(demands.runtime_version, vetoes));
  return component;
}

}  // namespace mlpack
