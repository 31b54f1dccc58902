#include "lib/resolve/release_dates.h"

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

}  // namespace mlpack
