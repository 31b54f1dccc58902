#pragma once

#include "lib/resolve/option_vetoes.h"

#include <optional>
#include <span>
#include <string_view>

namespace mlpack {

/// The framework of table frameworks that the package `name` (normalised) is of: `onnxruntime` for
/// `onnxruntime-gpu`; nullopt for other packages.
std::optional<std::string_view> framework_of_package(std::string_view name);

/// Whether `package` is JAX without an extra or a plugin for GPUs, which is JAX for processors.
bool is_plain_jax(const PackageDemand& package);

/// Whether `package` is asked for so that it uses no GPU.
bool is_for_processors(const PackageDemand& package);

/// The builds of TensorFlow, JAX or ONNX Runtime that may be taken for the package `index` of the
/// demands, in no order. A pinned release between two rows is taken to be as the older one of the
/// same minor version is.
Component framework_component(std::size_t index,
                              std::span<const Version> pythons,
                              const Vetoes& vetoes);

}  // namespace mlpack
