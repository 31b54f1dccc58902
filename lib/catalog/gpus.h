#pragma once

#include "lib/catalog/row.h"
#include "lib/catalog/version.h"

#include <optional>
#include <span>
#include <string_view>

namespace mlpack {

/// A GPU model, as a row of templates/compat/gpus.yaml. Texts live as long as its Catalog.
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
  /// The name stands for several models, and this is the first of those with the least memory.
  bool is_family;
};

/// A name for several models.
struct GpuFamily {
  const CatalogRow* row;
  std::string_view name;
  std::span<const std::string_view> models;
  std::span<const std::string_view> aliases;
};

/// The processor that all machines with a GPU have, as it is one module with it.
struct GpuProcessor {
  const CatalogRow* row;
  std::string_view gpu;
  std::string_view architecture;  // `arm64`
  std::string_view processor;     // `NVIDIA Grace`
};

/// How the names of accelerators begin that are not NVIDIA's.
struct OtherVendor {
  std::string_view vendor;
  std::span<const std::string_view> begins;  // lower case
};

}  // namespace mlpack
