#include "lib/resolve/neighbours.h"

#include "lib/resolve/releases.h"
#include "lib/resolve/serving_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

struct Neighbours {
  const RuntimeRelease* older = nullptr;
  const RuntimeRelease* newer = nullptr;
};

Neighbours neighbours_of(const Catalog& catalog,
                         std::string_view runtime,
                         std::string_view release) {
  Neighbours found;
  for (const RuntimeRelease& row : catalog.runtime_releases()) {
    if (row.runtime != runtime || covers_release(row.release, release)) continue;
    const bool is_older = compare_releases(last_release(row.release), release) < 0;
    const RuntimeRelease*& nearest = is_older ? found.older : found.newer;
    const bool is_nearer =
        nearest == nullptr || (compare_releases(row.release, nearest->release) > 0) == is_older;
    if (is_nearer) nearest = &row;
  }
  return found;
}

// With what machines have against it, whatever else is pinned. `cuda` is that of the release
// between, where it is known.
Option neighbour_option(RuntimeRelease release,
                        const std::optional<Version>& cuda,
                        const Vetoes& vetoes) {
  Option option;
  if (cuda) release.cuda = cuda;
  option.name = release.release;
  option.row = release.row;
  vetoes.runtime(option, release);
  vetoes.tensorrt(option, release);
  const bool has_other = names_torch_build(vetoes.demands());
  judge_cuda_of(
      option, release, has_other ? nullptr : torch_build_of(vetoes.catalog(), release), vetoes);
  return option;
}

// As frames have it: a slim Python has no compat package.
bool may_have_compat(const Demands& demands) {
  if (demands.base) return demands.base->compat != CompatInImage::no;
  return !demands.needs_python || !demands.runtime.empty();
}

std::vector<const CatalogRow*> rows_of(const Option& older, const Option& newer, const Veto& veto) {
  std::vector<const CatalogRow*> rows{older.row, newer.row};
  for (const CatalogRow* const row : veto.ruling->evidence) {
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
  }
  return rows;
}

class NeighbourDoubts {
 public:
  NeighbourDoubts(std::string_view runtime, Option older, Option newer)
      : runtime_(runtime), older_(std::move(older)), newer_(std::move(newer)) {}

  // What keeps both off the machine; unknown where the compat package helps.
  std::optional<Ruling> of(const DemandSet& machine, const Gpu& gpu, const Demands& demands) const {
    const Veto* const without = shared(machine, CompatInImage::no);
    if (without == nullptr) return std::nullopt;
    const bool may_help =
        may_have_compat(demands) && shared(machine, CompatInImage::yes) == nullptr;
    return Ruling{may_help ? Verdict::unknown : Verdict::no,
                  fmt::format("{} {} and {}, the nearest in the catalog, do not run on {}{}: {}",
                              runtime_,
                              older_.name,
                              newer_.name,
                              gpu.name,
                              may_help ? " without a CUDA compat package in the image" : "",
                              without->ruling->reason),
                  rows_of(older_, newer_, *without),
                  {},
                  "take a release that `mlpack catalog` lists: of these it is known"};
  }

 private:
  // The older one's, where both have one for the same facts of the machine.
  const Veto* shared(const DemandSet& machine, CompatInImage compat) const {
    const Veto* const older = veto_of(older_, compat, machine);
    const Veto* const newer = veto_of(newer_, compat, machine);
    const bool is_shared = older != nullptr && newer != nullptr && older->demands == newer->demands;
    return is_shared ? older : nullptr;
  }

  std::string_view runtime_;
  Option older_;
  Option newer_;
};

}  // namespace

std::vector<Ruling> neighbour_doubts(std::string_view runtime,
                                     std::string_view release,
                                     const std::optional<Version>& cuda,
                                     const Vetoes& vetoes) {
  std::vector<Ruling> found;
  const auto [older, newer] = neighbours_of(vetoes.catalog(), runtime, release);
  if (older == nullptr || newer == nullptr) return found;
  const NeighbourDoubts doubts(
      runtime, neighbour_option(*older, cuda, vetoes), neighbour_option(*newer, cuda, vetoes));
  const auto& fleet = vetoes.demands().fleet;
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    if (fleet[i].gpu == nullptr) continue;
    const DemandSet machine = vetoes.set_of(Kind::gpu, i) | vetoes.set_of(Kind::driver, i);
    auto doubt = doubts.of(machine, *fleet[i].gpu, vetoes.demands());
    if (doubt) found.push_back(*std::move(doubt));
  }
  return found;
}

}  // namespace mlpack
