#pragma once

#include "lib/catalog/catalog.h"
#include "lib/catalog/runtimes.h"
#include "lib/oci/platform.h"
#include "lib/resolve/demands.h"
#include "lib/spec/spec.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace mlpack {

/// Which of a release's official images is wanted.
struct ImageVariant {
  enum class For { cuda, cpu, both };
  For what = For::cpu;
  std::set<std::string> compute_capabilities = {};  // of the GPUs: `8.9`
  std::string cuda_major = {};                      // empty: any
  std::string architecture = "amd64";
  std::string python = {};  // `3.12`; empty: as the runtime's row says
};

/// The variant that the machines of `demands` need. The only place that decides it.
ImageVariant variant_for(const Demands& demands, const std::string& architecture);

/// A release as tags of its images have it: of Triton the month, where `release` is one of the
/// server's own numbers that the catalog has; anything else is as it is typed.
std::string release_in_tag(const Catalog& catalog,
                           std::string_view runtime,
                           const std::string& release);

/// The reference of the official image of `release` of a runtime; nullopt where its row has none
/// for `variant`. `release` is as the tag has it: of Triton the month.
std::optional<std::string> official_image(const ServingRuntime& row,
                                          std::string_view release,
                                          const ImageVariant& variant);

/// Fault::usage where `base: auto` is the official image of a runtime, and neither the spec nor the
/// catalog has a release of it.
void require_release(const Catalog& catalog, const Spec& spec);

/// What `base: auto` means where there is a runtime: its official image of the release that the
/// spec names; of Triton a month (`26.07`) or the server's own number (`2.71.0`). Fault::usage
/// where it names none, Fault::incompatible where there is no such image.
std::string base_of_runtime(const Catalog& catalog, const Spec& spec, const Platform& platform);

}  // namespace mlpack
