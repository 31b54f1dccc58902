#pragma once

#include "lib/catalog/catalog.h"
#include "lib/catalog/version.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A GPU model, as a row of templates/compat/gpus.yaml. All texts live as long as the program.
struct Gpu {
  enum class Kind { datacenter, professional, geforce, integrated, jetson };
  /// Whether a forward-compatibility package may be used; some_servers: in select NGC-Ready ones;
  /// jetson: that board's own.
  enum class ForwardCompat { yes, no, some_servers, jetson };

  const CatalogRow* row;
  std::string_view name;
  std::string_view architecture;
  Version compute_capability;
  unsigned memory_gib;
  Kind kind;
  ForwardCompat forward_compat;
  Version first_cuda;
  std::optional<Version> last_cuda;  // nullopt: still supported
  std::string_view mig;              // the `gpu` of its MigProfiles; empty: none
  std::span<const std::string_view> aliases;
  std::string_view nvml_name;      // empty: not known
  std::string_view product_label;  // empty: not known
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
