#pragma once

#include <span>
#include <string_view>

namespace mlpack {

/// A serving runtime, as a row of templates/compat/runtimes.yaml.
struct ServingRuntime {
  enum class NeedsGpu { required, optional };

  std::string_view name;
  std::string_view title;
  NeedsGpu gpu;
  std::span<const std::string_view> aliases;  // what else people call it
};

/// The row of `name` (no aliases); nullptr where there is none.
const ServingRuntime* find_runtime(std::string_view name);

std::span<const ServingRuntime> serving_runtimes();

}  // namespace mlpack
