#pragma once

#include "lib/oci/config.h"
#include "lib/python/marker.h"
#include "lib/resolve/demands.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The extra of JAX's plugins that needs the wheels of CUDA's libraries.
inline constexpr std::string_view with_cuda = "with-cuda";

/// What markers ask about, of all images that `spec`, which has a `python` section, may become on a
/// base with Python `base`: with `chosen`, where nothing else says the version.
std::vector<MarkerEnvironment> marker_environments(const Catalog& catalog,
                                                   const Spec& spec,
                                                   const std::optional<Version>& base,
                                                   const std::optional<Version>& chosen = {});

/// The same images with the first and the last of their patches: nobody knows which one of `3.12`
/// an image has.
std::vector<MarkerEnvironment> with_patches(std::span<const MarkerEnvironment> images);

/// Lines of requirements (PEP 508) by their markers, in images with these environments.
struct CountingLines {
  std::vector<std::string> lines;      // those that count in all images
  std::vector<std::string> undecided;  // in some alone
};
CountingLines counting_lines(const std::vector<std::string>& lines,
                             std::span<const MarkerEnvironment> of);

/// `torch[opt] == 2.9.0 ; python_version > "3.8"` → torch, `==2.9.0`; a reference to a wheel is a
/// pin to what its name says.
PackageDemand parse_package(std::string_view requirement, const Where& where);

/// Whether `name` is of a framework or a runtime, whose wheels have GPU code in them or name a CUDA
/// version.
bool has_gpu_code(std::string_view name);

/// Whether one release may be what both ask of a package.
bool go_together(const PackageDemand& a, const PackageDemand& b);

/// The packages with GPU code in `requirements`, as `constraints` bind them. Of one package there
/// are several where no release is all that is said of it.
std::vector<PackageDemand> asked_packages(const std::vector<std::string>& requirements,
                                          const std::vector<std::string>& constraints,
                                          const Where& where);

/// Whether any of `lines` pins what `wanted` does.
bool is_among(const std::vector<std::string>& lines, const PackageDemand& wanted);

/// Whether any version is all that `specifier` says.
bool can_hold(std::string_view specifier);

/// Whether `requirement` has a URL (PEP 508) that is none of a wheel of its package.
bool names_other_file(std::string_view requirement);

/// What the URL of an index of PyTorch's, or of a copy of it, ends in: `rocm6.4` of
/// `https://download.pytorch.org/whl/rocm6.4`; empty for any other.
std::string_view index_folder(std::string_view url);

/// Whose GPUs a build of PyTorch is for: AMD of `rocm6.4`, Intel of `xpu`; empty of any other.
std::string_view other_gpus(std::string_view build);

/// The build that an index of PyTorch's, or a copy of it, has alone: `cu118` of
/// `https://download.pytorch.org/whl/cu118`; empty for any other, and for those of nightly builds.
std::string index_build(std::string_view url);

/// Whether `label` names a CUDA version, as `cu118` does.
bool is_cuda_label(std::string_view label);

}  // namespace mlpack
