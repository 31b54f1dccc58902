#include "lib/resolve/serving_options.h"

#include "lib/resolve/candidates.h"
#include "lib/resolve/release_dates.h"
#include "lib/resolve/releases.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

const TorchRelease* torch_of(const Catalog& catalog, const RuntimeRelease& release) {
  const auto torch = Version::parse(release.row->at("torch"));
  for (const TorchRelease& known : catalog.torch_releases()) {
    if (torch && known.release == *torch) return &known;
  }
  return nullptr;
}

// Those that both have wheels for: a release says more of its own than its torch has.
std::vector<Version> pythons_of(const RuntimeRelease& release,
                                NamedPythons& named,
                                const Catalog& catalog) {
  std::vector<Version> found = named.in(release.python);
  const TorchRelease* const torch = torch_of(catalog, release);
  if (torch == nullptr) return found;
  std::erase_if(found, [&](const Version& python) {
    return std::find(torch->python.begin(), torch->python.end(), python) == torch->python.end();
  });
  return found;
}

// Where no document says its CUDA, that of the PyTorch on PyPI, which is installed with it.
RuntimeRelease with_cuda(RuntimeRelease release, const Catalog& catalog) {
  const TorchRelease* const torch = torch_of(catalog, release);
  for (const TorchBuild& build : catalog.torch_builds()) {
    const bool is_it =
        torch != nullptr && build.torch == torch->release && build.build == torch->default_build;
    if (is_it && !release.cuda) release.cuda = build.cuda;
  }
  return release;
}

Ruling cuda_of_torch(const RuntimeRelease& wheel) {
  return {Verdict::unknown,
          fmt::format("no document says what CUDA {} {} has: it is taken for that of torch {}, {}",
                      wheel.runtime,
                      wheel.release,
                      wheel.row->at("torch"),
                      wheel.cuda->text()),
          {wheel.row}};
}

Option serving_option(const RuntimeRelease& release,
                      NamedPythons& named,
                      std::size_t index,
                      const Vetoes& vetoes) {
  Option option;
  option.name = release.release;
  option.python = pythons_of(release, named, vetoes.catalog());
  option.row = release.row;
  const RuntimeRelease wheel = with_cuda(release, vetoes.catalog());
  option.cuda = wheel.cuda;
  if (!vetoes.takes(index, release.release)) {
    option.vetoes.push_back(not_taken(vetoes.set_of(Kind::package_version, index),
                                      option,
                                      vetoes.demands().packages[index].text()));
  }
  if (vetoes.is_settled(option)) return option;
  judge_torch_of(option, release, vetoes);
  vetoes.wheel(option, release.wheel_tag);
  vetoes.runtime(option, release);
  const bool has_other = names_torch_build(vetoes.demands());
  const TorchBuild* const build = has_other ? nullptr : torch_build_of(vetoes.catalog(), wheel);
  judge_cuda_of(option, wheel, build, vetoes);
  if (wheel.cuda && !release.cuda) option.doubts.push_back(cuda_of_torch(wheel));
  return option;
}

}  // namespace

bool is_serving_package(std::string_view name) {
  return name == "vllm";
}

// The framework that a runtime pins is not chosen a second time.
void judge_torch_of(Option& option, const RuntimeRelease& release, const Vetoes& vetoes) {
  const auto torch = Version::parse(release.row->at("torch"));
  const auto& packages = vetoes.demands().packages;
  for (std::size_t i = 0; torch && i < packages.size(); ++i) {
    if (packages[i].name != component::torch || vetoes.takes(i, *torch)) continue;
    option.vetoes.push_back(
        {vetoes.set_of(Kind::package_version, i),
         {Verdict::no,
          fmt::format("{} {} pins torch {}", release.runtime, release.release, torch->text()),
          {release.row}}});
  }
}

const TorchBuild* torch_build_of(const Catalog& catalog, const RuntimeRelease& release) {
  const auto torch = Version::parse(release.row->at("torch"));
  for (const TorchBuild& build : catalog.torch_builds()) {
    if (torch && release.cuda && build.torch == *torch && build.cuda.same_minor(*release.cuda))
      return &build;
  }
  return nullptr;
}

// Where no document says which build of its torch a release has: no build runs on a GPU that has no
// code in any.
void judge_builds_of(Option& option, const RuntimeRelease& release, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  const auto torch = Version::parse(release.row->at("torch"));
  for (std::size_t i = 0; torch && i < demands.fleet.size(); ++i) {
    const Gpu* const gpu = demands.fleet[i].gpu;
    if (gpu == nullptr || arm_machine(vetoes.catalog(), demands, *gpu) != ArmMachine::no) continue;
    std::vector<const CatalogRow*> refused{release.row};
    bool may_run = false;
    for (const TorchBuild& build : vetoes.catalog().torch_builds()) {
      if (build.torch != *torch) continue;
      const bool is_known = !build.sm.empty() || !build.ptx.empty();
      may_run = may_run || !is_known ||
                code_runs(vetoes.catalog(), code_of(build), gpu->compute_capability, build.cuda)
                        .verdict != Verdict::no;
      refused.push_back(build.row);
    }
    if (may_run || refused.size() == 1) continue;
    option.vetoes.push_back({vetoes.set_of(Kind::gpu, i),
                             {Verdict::no,
                              fmt::format("{} {} has torch {}, and no build of it has code for {}",
                                          release.runtime,
                                          release.release,
                                          torch->text(),
                                          gpu->compute_capability.text()),
                              std::move(refused)}});
  }
}

void judge_cuda_of(Option& option,
                   const RuntimeRelease& release,
                   const TorchBuild* build,
                   const Vetoes& vetoes) {
  if (!release.cuda) {
    vetoes.oldest_driver(option, release);
    judge_builds_of(option, release, vetoes);
    const bool has_runners = !release.row->at("cuda_runners").empty() && release.min_driver;
    if (has_runners) return;
    option.doubts.push_back(
        {Verdict::unknown,
         fmt::format("no document says what CUDA {} {} has", release.runtime, release.release),
         {release.row}});
    return;
  }
  vetoes.cuda(option, *release.cuda);
  if (build != nullptr) {
    vetoes.code(option, *build);
  } else {
    vetoes.toolkit(option, *release.cuda);
    if (!release.row->at("torch").empty()) vetoes.unknown_jetson_code(option);
  }
  vetoes.drivers(option, *release.cuda);
}

Component serving_component(std::size_t index,
                            std::span<const Version> pythons,
                            const Vetoes& vetoes) {
  const std::string& name = vetoes.demands().packages[index].name;
  Component component{name, vetoes.index_of(Kind::package, index), {}};
  const auto releases = vetoes.catalog().runtime_releases();
  ReleaseDates dates(vetoes.catalog(), vetoes.demands());
  for (const RuntimeRelease& release : releases) {
    if (release.runtime == name) dates.add(release);
  }
  std::set<std::string_view> seen;
  NamedPythons named(pythons);
  for (const RuntimeRelease& release : releases) {
    if (release.runtime != name || !seen.insert(release.release).second) continue;
    if (!dates.is_out(release)) continue;
    component.options.push_back(serving_option(release, named, index, vetoes));
    dates.add_doubt(component.options.back(), name, release.row->at("released"));
  }
  return component;
}

bool names_torch_build(const Demands& demands) {
  return std::any_of(
      demands.packages.begin(), demands.packages.end(), [](const PackageDemand& package) {
        const bool has_build =
            !package.torch_build().empty() || !package.extra_indexes.empty() || package.pinned_cuda;
        return package.name == component::torch && has_build &&
               !pinned_release(package.specifier).empty();
      });
}

bool brings_torch(const Component& component, const DemandSet& pin) {
  const auto is_taken = [&](const Option& option) {
    return std::none_of(option.vetoes.begin(), option.vetoes.end(), [&](const Veto& veto) {
      return pin.any() && veto.demands == pin;
    });
  };
  const auto& options = component.options;
  return std::any_of(options.begin(), options.end(), [&](const Option& option) {
    return option.row != nullptr && !option.row->at("torch").empty() && is_taken(option);
  });
}

}  // namespace mlpack
