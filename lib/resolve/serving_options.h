#pragma once

#include "lib/resolve/option_vetoes.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace mlpack {

/// Whether package `name` (normalised) is a runtime of whose wheels the catalog knows what they
/// need.
bool is_serving_package(std::string_view name);

/// What `release` pins of torch against what the spec asks for.
void judge_torch_of(Option& option, const RuntimeRelease& release, const Vetoes& vetoes);

/// The build of PyTorch inside a release; nullptr where it is not in the catalog.
const TorchBuild* torch_build_of(const Catalog& catalog, const RuntimeRelease& release);

/// What `release` needs of CUDA, drivers and GPUs, where `build` (may be nullptr) is its PyTorch.
void judge_cuda_of(Option& option,
                   const RuntimeRelease& release,
                   const TorchBuild* build,
                   const Vetoes& vetoes);

/// Every release of the runtime that the package `index` of the demands is, as a wheel from PyPI.
Component serving_component(std::size_t index,
                            std::span<const Version> pythons,
                            const Vetoes& vetoes);

/// Whether a build of a release of PyTorch is asked for, which then decides what code there is.
bool names_torch_build(const Demands& demands);

/// Whether `component` says which torch there is, so that none is chosen besides; `pin` is what
/// asks for its version.
bool brings_torch(const Component& component, const DemandSet& pin);

}  // namespace mlpack
