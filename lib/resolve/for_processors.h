#pragma once

#include "lib/resolve/fixes.h"

#include <string_view>
#include <vector>

namespace mlpack {

/// Whether the package `name` (normalised) is a build for processors alone of a framework that has
/// another name for GPUs: `onnxruntime`, `tensorflow-cpu`.
bool is_processor_package(std::string_view name);

/// Whether `packages` have what the package `name` is called for GPUs.
bool has_package_for_gpus(std::string_view name, const std::vector<PackageDemand>& packages);

/// What there is to tell of a spec with an answer, where machines have GPUs that a package leaves
/// alone: JAX without an extra, or one that is_processor_package; also what goes with the rest and
/// uses them, and where that is there as well.
std::vector<Ruling> told_of_processor_packages(const Question& question);

}  // namespace mlpack
