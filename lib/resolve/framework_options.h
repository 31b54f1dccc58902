#pragma once

#include "lib/resolve/option_vetoes.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mlpack {

/// The framework of table frameworks that the package `name` (normalised) is of: `onnxruntime` for
/// `onnxruntime-gpu`; nullopt for other packages.
std::optional<std::string_view> framework_of_package(std::string_view name);

/// Whether `package` is JAX without an extra or a plugin for GPUs, which is JAX for processors.
bool is_plain_jax(const PackageDemand& package);

/// Whether `package` is asked for so that it uses no GPU.
bool is_for_processors(const PackageDemand& package);

/// The extra of JAX that asks for the build of `option`, which has CUDA: `cuda12`.
std::string extra_of_build(const Option& option);

/// Whether it is known that releases which the package `index` of the demands may be do not have
/// the build that its extra asks for, or that extra: later ones may have builds for a newer CUDA.
bool lacks_extra(std::size_t index, const Vetoes& vetoes);

/// The builds of TensorFlow, JAX or ONNX Runtime that may be taken for the package `index` of the
/// demands, in no order. A pinned release between two rows is taken to be as the older one of the
/// same minor version is.
Component framework_component(std::size_t index,
                              std::span<const Version> pythons,
                              const Vetoes& vetoes);

}  // namespace mlpack
