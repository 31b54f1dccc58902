#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A GPU model, as a row of templates/compat/gpus.yaml. All texts live as long as the program.
struct Gpu {
  enum class Class { datacenter, professional, geforce, integrated, jetson };

  std::string_view name;
  std::span<const std::string_view> aliases;
  std::string_view nvml_name;      // empty: not known
  std::string_view product_label;  // empty: not known
  std::string_view architecture;
  std::string_view compute_capability;  // `9.0`
  unsigned memory_gib;
  Class kind;
};

/// What a name in `fleet` means.
struct GpuMatch {
  const Gpu* gpu;
  /// The name stands for several models, and this is the one with the least memory.
  bool is_family;
};

/// The model that `name` (a model, an alias or a family) stands for; nullopt where it is unknown.
/// Upper and lower case matter.
std::optional<GpuMatch> find_gpu(std::string_view name);

std::span<const Gpu> gpus();

/// Every name that find_gpu knows, in the order of the catalogue.
std::span<const std::string_view> gpu_names();

/// Names that `name` may have been meant to be: equal but for case and punctuation, of the same
/// series, or a slip of the fingers away; at most `count`, best first.
std::vector<std::string> near_gpus(std::string_view name, std::size_t count);

/// The vendor, where `name` looks like an accelerator that is not NVIDIA's.
std::optional<std::string_view> other_vendor(std::string_view name);

}  // namespace mlpack
