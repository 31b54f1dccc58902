#include "lib/resolve/torch_indexes.h"

#include "lib/resolve/releases.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Labels = std::vector<std::string>;

// All releases are there for processors alone.
bool has_build(const Catalog& catalog, const TorchRelease& release, std::string_view name) {
  const auto builds = catalog.torch_builds();
  return name == "cpu" || std::any_of(builds.begin(), builds.end(), [&](const TorchBuild& build) {
           return build.torch == release.release && build.build == name;
         });
}

bool is_open_to_others(const PackageDemand& torch) {
  return torch.builds == PackageDemand::Builds::any;
}

// Of a label that is nowhere the indexes have other builds.
bool may_have(const PackageDemand& torch, const Labels& named, const std::string& label) {
  return is_open_to_others(torch) || std::find(named.begin(), named.end(), label) != named.end();
}

}  // namespace

bool IndexBuilds::has(std::string_view build) const {
  return is_open || uv == build || pip == build;
}

IndexBuilds index_builds(const Catalog& catalog,
                         const PackageDemand& torch,
                         const TorchRelease& release) {
  const Labels named = torch.named_indexes();
  const bool is_of_pypi = torch.default_index == PackageDemand::Default::pypi;
  if (named.empty() && !is_of_pypi) return {};
  IndexBuilds found{named.empty() ? std::string() : named.front(), false, {}, {}};
  const std::string asked(local_label(torch.specifier));
  if (!asked.empty() && may_have(torch, named, asked)) {
    if (is_open_to_others(torch) || found.first == asked) found.uv = asked;
    found.pip = asked;
    return found;
  }
  for (const std::string& label : named) {
    if (!has_build(catalog, release, label)) continue;
    if (label == named.front()) found.uv = label;
    if (!found.pip || *found.pip < label) found.pip = label;
  }
  if (found.pip || !torch.index.empty()) return found;
  found.is_open = !is_of_pypi;
  if (is_of_pypi) found.pip = release.default_build;
  if (is_of_pypi && named.empty()) found.uv = found.pip;
  return found;
}

std::optional<Ruling> told_apart(const IndexBuilds& builds, const TorchRelease& release) {
  if (builds.first.empty() || (builds.uv && builds.uv == builds.pip)) return std::nullopt;
  if (!builds.uv) {
    return Ruling{
        Verdict::unknown,
        fmt::format("uv looks for torch on whl/{} alone, the first of the indexes that are "
                    "named, and does not find {} there: pip takes it from another",
                    builds.first,
                    release.release.text()),
        {release.row}};
  }
  return Ruling{
      Verdict::unknown,
      fmt::format("several of the indexes that are named have torch {0}: uv takes {0}+{1}, "
                  "of the first, and pip {0}+{2}, the highest version",
                  release.release.text(),
                  *builds.uv,
                  *builds.pip),
      {release.row}};
}

void prefer_first_index(const Catalog& catalog,
                        const PackageDemand& torch,
                        std::vector<Option>& options) {
  if (torch.extra_indexes.empty()) return;
  for (const TorchRelease& release : catalog.torch_releases()) {
    const auto uv = index_builds(catalog, torch, release).uv;
    const std::string prefix = fmt::format("{}+", release.release.text());
    const auto is_it = [&](const Option& option) { return option.name.starts_with(prefix); };
    const auto first = std::find_if(options.begin(), options.end(), is_it);
    const auto last = std::find_if_not(first, options.end(), is_it);
    const auto taken = std::find_if(
        first, last, [&](const Option& option) { return uv && option.name == prefix + *uv; });
    if (taken != last) std::rotate(first, taken, taken + 1);
  }
}

}  // namespace mlpack
