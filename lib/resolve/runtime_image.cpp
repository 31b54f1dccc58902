#include "lib/resolve/runtime_image.h"

#include "lib/oci/reference.h"
#include "lib/resolve/filled.h"
#include "lib/resolve/spec_demands.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

bool is_for(const RuntimeImage& image, const ImageVariant& variant) {
  using For = RuntimeImage::For;
  const bool fits = image.what == For::any ||
                    (image.what == For::cuda && variant.what == ImageVariant::For::cuda) ||
                    (image.what == For::cpu && variant.what == ImageVariant::For::cpu) ||
                    (image.what == For::both && variant.what == ImageVariant::For::both);
  const bool is_of_gpu = image.compute_capability.empty() ||
                         (variant.compute_capabilities.size() == 1 &&
                          *variant.compute_capabilities.begin() == image.compute_capability);
  return fits && is_of_gpu && (image.arch.empty() || image.arch == variant.architecture) &&
         (image.cuda.empty() || image.cuda == variant.cuda_major);
}

std::string without_dots(std::string text) {
  std::erase(text, '.');
  return text;
}

// What the spec says of the release; that of an application is Python's.
std::string release_of(const Spec& spec, const ServingRuntime& row) {
  const std::string& version = spec.runtime->value.version;
  const bool is_python = row.name == "python";
  return version.empty() && is_python && spec.python ? spec.python->value.version : version;
}

constexpr std::string_view other_bases = "name a base: an image, `oci:DIR` or `{debian: CODENAME}`";

Error no_release(const ServingRuntime& row) {
  return Error(
      Fault::usage,
      fmt::format("`base: auto` takes the official image of {}, and the spec does not "
                  "name the release",
                  row.title),
      fmt::format("write `runtime: {{name: {}, version: \"…\"}}`, or {}", row.name, other_bases));
}

bool has_tagged_image(const Catalog& catalog, std::string_view runtime) {
  const auto rows = catalog.runtime_releases();
  return std::any_of(rows.begin(), rows.end(), [&](const RuntimeRelease& row) {
    const auto reference = row.runtime == runtime ? Reference::parse(row.image) : std::nullopt;
    return reference && reference->tag();
  });
}

}  // namespace

std::string release_in_tag(const Catalog& catalog,
                           std::string_view runtime,
                           const std::string& release) {
  const CatalogTable* const months = catalog.find_table("triton_versions");
  if (runtime != "triton" || months == nullptr) return release;
  for (const CatalogRow& month : months->rows) {
    if (month.at("server") == release) return std::string(month.at("triton"));
  }
  return release;
}

ImageVariant variant_for(const Demands& demands, const std::string& architecture) {
  using For = ImageVariant::For;
  ImageVariant variant;
  variant.architecture = architecture;
  if (demands.cuda) variant.cuda_major = std::to_string(demands.cuda->part(0));
  if (demands.python) variant.python = demands.python->text();
  bool some_cpu = false;
  for (const FleetGroup& group : demands.fleet) {
    some_cpu = some_cpu || group.gpu == nullptr;
    if (group.gpu != nullptr)
      variant.compute_capabilities.emplace(group.gpu->compute_capability.text());
  }
  if (has_gpus(demands)) variant.what = some_cpu ? For::both : For::cuda;
  return variant;
}

std::optional<std::string> official_image(const ServingRuntime& row,
                                          std::string_view release,
                                          const ImageVariant& variant) {
  const auto image = std::find_if(row.images.begin(), row.images.end(), [&](const auto& image) {
    return is_for(image, variant);
  });
  if (image == row.images.end()) return std::nullopt;
  const std::string python = variant.python.empty() ? std::string(row.python) : variant.python;
  return filled(image->image,
                {{"release", std::string(release)}, {"python", without_dots(python)}});
}

void require_release(const Catalog& catalog, const Spec& spec) {
  const bool is_official = std::holds_alternative<BaseAuto>(spec.base.value) && spec.runtime;
  const ServingRuntime* const row = is_official ? find_runtime(spec.runtime->value.name) : nullptr;
  if (row == nullptr || row->images.empty() || row->name == "python") return;
  const bool is_known = !release_of(spec, *row).empty() || has_tagged_image(catalog, row->name);
  if (!is_known) throw no_release(*row);
}

std::string base_of_runtime(const Catalog& catalog, const Spec& spec, const Platform& platform) {
  const ServingRuntime& row = *find_runtime(spec.runtime->value.name);
  const std::string release = release_of(spec, row);
  if (row.images.empty()) {
    throw Error(Fault::usage,
                fmt::format("{} has no image of its own that `base: auto` could take", row.title),
                std::string(other_bases));
  }
  if (release.empty()) throw no_release(row);
  const ImageVariant variant = variant_for(demands_of(catalog, spec, {}), platform.architecture);
  const auto image = official_image(row, release_in_tag(catalog, row.name, release), variant);
  if (image) return *image;
  const std::string_view machines =
      variant.what == ImageVariant::For::both   ? "machines with and without a GPU"
      : variant.what == ImageVariant::For::cuda ? "GPUs"
                                                : "machines without a GPU";
  std::string hint(other_bases);
  ImageVariant without_cpu = variant;
  without_cpu.what = ImageVariant::For::cuda;
  const bool is_for_gpus = official_image(row, release, without_cpu).has_value();
  if (variant.what == ImageVariant::For::both && is_for_gpus) {
    hint =
        fmt::format("take `cpu` out of `fleet`, and build an image of its own for it, or {}", hint);
  }
  throw Error(
      Fault::incompatible,
      fmt::format("{} has no official image for {} on {}", row.title, machines, platform.text()),
      std::move(hint));
}

}  // namespace mlpack
