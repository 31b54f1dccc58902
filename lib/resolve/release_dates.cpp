#include "lib/resolve/release_dates.h"

#include "lib/resolve/candidates.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/releases.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {

void ReleaseDates::add(std::string_view release, std::string_view released) {
  if (mlpack::is_out(demands_, released)) return;
  const bool is_older = oldest_later_.empty() || compare_releases(release, oldest_later_) < 0;
  if (is_older) oldest_later_ = release;
}

void ReleaseDates::add(const RuntimeRelease& release) {
  add(release.release, date_of(release));
}

void ReleaseDates::add(const FrameworkRelease& release) {
  add(release.release, date_of(release));
}

bool ReleaseDates::is_out(std::string_view release, std::string_view released) const {
  if (!released.empty() || oldest_later_.empty()) return mlpack::is_out(demands_, released);
  return compare_releases(release, oldest_later_) < 0;
}

bool ReleaseDates::is_out(const RuntimeRelease& release) const {
  const auto own = release.row->at("released");
  return mlpack::is_out(demands_, date_of(release)) && is_out(release.release, own);
}

bool ReleaseDates::is_out(const FrameworkRelease& release) const {
  return mlpack::is_out(demands_, date_of(release)) && is_out(release.release, release.released);
}

void ReleaseDates::add_doubt(Option& option,
                             std::string_view name,
                             std::string_view released) const {
  if (demands_.as_of.empty() || !released.empty()) return;
  option.doubts.push_back(
      {Verdict::unknown,
       fmt::format("no document says when {} {} was released", name, option.name),
       option.row == nullptr ? std::vector<const CatalogRow*>() : std::vector{option.row},
       {},
       "pin a release of which it is known, or leave `--as-of` out"});
}

// Of the first of its releases.
std::string_view ReleaseDates::date_of_cuda(const Version& cuda) const {
  std::string_view first;
  for (const CudaToolkit& toolkit : catalog_.cuda_toolkits()) {
    if (!toolkit.cuda.same_minor(cuda) || toolkit.released.empty()) continue;
    if (first.empty() || toolkit.released < first) first = toolkit.released;
  }
  return first;
}

std::string_view ReleaseDates::date_of(const RuntimeRelease& release) const {
  const std::string_view own = release.row->at("released");
  if (!own.empty()) return own;
  const auto torch = Version::parse(release.row->at("torch"));
  std::string_view latest = release.cuda ? date_of_cuda(*release.cuda) : std::string_view();
  for (const TorchRelease& known : catalog_.torch_releases()) {
    if (torch && known.release == *torch) latest = std::max(latest, known.released);
  }
  return latest;
}

std::string_view ReleaseDates::date_of(const FrameworkRelease& release) const {
  if (!release.released.empty() || release.builds.empty()) return release.released;
  return date_of_cuda(*std::min_element(release.builds.begin(), release.builds.end()));
}

// Of each its day, or that of the newest part in it.
std::vector<ReleaseDates::Dated> ReleaseDates::dated(std::string_view name) const {
  std::vector<Dated> found;
  if (name == component::torch) {
    for (const TorchRelease& one : catalog_.torch_releases())
      found.push_back({one.release.text(), one.released, one.released, one.row});
  } else if (name == component::cuda) {
    for (const CudaToolkit& one : catalog_.cuda_toolkits())
      found.push_back({one.cuda.text(), one.released, one.released, one.row});
  } else if (const auto framework = framework_of_package(name)) {
    for (const FrameworkRelease& one : catalog_.framework_releases()) {
      if (one.framework == *framework)
        found.push_back({one.release, one.released, date_of(one), one.row});
    }
  } else {
    for (const RuntimeRelease& one : catalog_.runtime_releases()) {
      if (one.runtime == name)
        found.push_back({one.release, one.row->at("released"), date_of(one), one.row});
    }
  }
  return found;
}

std::optional<Ruling> ReleaseDates::came_later(
    std::string_view name, const std::function<bool(std::string_view release)>& takes) const {
  std::optional<Dated> first;
  for (const Dated& one : dated(name)) {
    if (mlpack::is_out(demands_, one.day) || !takes(one.release)) continue;
    if (!first || one.day < first->day) first = one;
  }
  if (!first) return std::nullopt;
  const bool is_month = first->day.size() < demands_.as_of.size();
  return Ruling{Verdict::no,
                fmt::format("{} {} {} {} {}, after {}",
                            name == component::cuda ? "CUDA" : name,
                            first->release,
                            first->released.empty() ? "is of parts that came out" : "came out",
                            is_month ? "in" : "on",
                            first->day,
                            demands_.as_of),
                {first->row},
                {},
                "name a later day: `--as-of`"};
}

std::optional<Ruling> ReleaseDates::doubt_of_later(
    std::string_view name, const std::function<bool(std::string_view release)>& takes) const {
  auto later = came_later(name, takes);
  if (!later) return std::nullopt;
  later->verdict = Verdict::unknown;
  later->reason += ": what it needs was not compared";
  return later;
}

}  // namespace mlpack
