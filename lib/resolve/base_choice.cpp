#include "lib/resolve/base_choice.h"

#include "lib/catalog/runtimes.h"
#include "lib/oci/reference.h"
#include "lib/resolve/runtime_image.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace mlpack {
namespace {

// `ubuntu24.04` → 24.04; nullopt for other distributions.
std::optional<Version> ubuntu_release(std::string_view distro) {
  constexpr std::string_view name = "ubuntu";
  if (!distro.starts_with(name)) return std::nullopt;
  return Version::parse(distro.substr(name.size()));
}

struct CudaImageName {
  Version cuda;
  Version ubuntu;
};

void add_name(std::vector<CudaImageName>& names,
              const Version& cuda,
              const Version& wanted,
              std::string_view distro) {
  const auto ubuntu = ubuntu_release(trim(distro));
  if (ubuntu && cuda.same_minor(wanted)) names.push_back({cuda, *ubuntu});
}

// `cudnn8-runtime`, `cudnn-devel`
std::optional<std::string_view> flavour_with_cudnn(const CudaImage& image, CudnnImage::For what) {
  const std::string_view end = what == CudnnImage::For::programs ? "-runtime" : "-devel";
  for (const std::string_view flavour : image.flavours) {
    if (flavour.starts_with("cudnn") && flavour.ends_with(end) && image.cudnn) return flavour;
  }
  return std::nullopt;
}

// Of the oldest minor version of CUDA first, of one the newest release on the newest Ubuntu.
bool comes_before(const CudnnImage& a, const CudnnImage& b) {
  if (!a.image->cuda.same_minor(b.image->cuda)) return a.image->cuda < b.image->cuda;
  return std::tuple(a.image->cuda, a.ubuntu) > std::tuple(b.image->cuda, b.ubuntu);
}

// The smallest images of `cuda`, newest first.
std::vector<CudaImageName> names_of(const Catalog& catalog, const Version& cuda) {
  std::vector<CudaImageName> names;
  for (const CudaImage& image : catalog.cuda_images()) {
    const auto& flavours = image.flavours;
    if (std::find(flavours.begin(), flavours.end(), "base") == flavours.end()) continue;
    add_name(names, image.cuda, cuda, image.distro);
  }
  // Those that were seen later, by their tags alone.
  const CatalogTable* const later = catalog.find_table("cuda_images_later");
  if (later != nullptr) {
    for (const CatalogRow& row : later->rows) {
      const auto release = Version::parse(row.at("cuda"));
      if (!release) continue;
      for (const std::string_view distro : split(row.at("distros_seen"), ','))
        add_name(names, *release, cuda, distro);
    }
  }
  std::stable_sort(names.begin(), names.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.cuda, a.ubuntu) > std::tuple(b.cuda, b.ubuntu);
  });
  return names;
}

}  // namespace

std::string cuda_image_reference(const Catalog& catalog, const Version& cuda) {
  const auto images = cuda_images_of(catalog, cuda);
  return images.empty() ? std::string() : "docker.io/" + images.front();
}

std::vector<std::string> cuda_images_of(const Catalog& catalog, const Version& cuda) {
  std::vector<std::string> images;
  std::vector<Version> seen;
  for (const CudaImageName& name : names_of(catalog, cuda)) {
    if (std::find(seen.begin(), seen.end(), name.ubuntu) != seen.end()) continue;
    seen.push_back(name.ubuntu);
    images.push_back(
        fmt::format("nvidia/cuda:{}-base-ubuntu{}", name.cuda.text(), name.ubuntu.text()));
  }
  return images;
}

std::vector<CudnnImage> cudnn_images(const Catalog& catalog,
                                     const Version& cuda,
                                     const Version& cudnn,
                                     CudnnImage::For what) {
  std::vector<CudnnImage> found;
  for (const CudaImage& image : catalog.cuda_images()) {
    const auto ubuntu = ubuntu_release(image.distro);
    const auto flavour = flavour_with_cudnn(image, what);
    if (!ubuntu || !flavour || image.cuda.part(0) != cuda.part(0) || image.cuda < cuda) continue;
    if (image.cudnn->part(0) != cudnn.part(0) || *image.cudnn < cudnn) continue;
    found.push_back(
        {&image,
         *ubuntu,
         fmt::format("nvidia/cuda:{}-{}-ubuntu{}", image.cuda.text(), *flavour, ubuntu->text())});
  }
  std::sort(found.begin(), found.end(), comes_before);
  return found;
}

bool has_cuda_image(const Catalog& catalog, const Version& cuda) {
  const auto images = catalog.cuda_images();
  const auto is_of = [&](const Version& release) { return release.same_minor(cuda); };
  if (std::any_of(images.begin(), images.end(), [&](const CudaImage& image) {
        return is_of(image.cuda);
      })) {
    return true;
  }
  return !cuda_image_reference(catalog, cuda).empty();
}

std::string python_image_reference(const Catalog& catalog, const Version& python) {
  const CatalogTable* const table = catalog.find_table("python_images");
  // The tags of those that are made no more stay.
  std::string_view variant = "slim";
  for (const CatalogRow& row : table == nullptr ? std::span<const CatalogRow>() : table->rows) {
    const auto version = Version::parse(row.at("python"));
    const bool is_it = version && version->same_minor(python);
    if (is_it && !row.at("default_slim").empty()) variant = row.at("default_slim");
  }
  return fmt::format("docker.io/library/python:{}.{}-{}", python.part(0), python.part(1), variant);
}

std::string runtime_image_reference(const RuntimeRelease& release, const Demands& demands) {
  const std::string_view own = release.row->at("own_image");
  const auto reference = Reference::parse(own.empty() ? release.image : own);
  // Rows of several releases, or of what nobody publishes, name none.
  if (!reference || !(reference->tag() || reference->digest())) return {};
  const Reference named = reference->with_default_host();
  const ServingRuntime* const runtime = find_runtime(release.runtime);
  const ImageVariant variant = variant_for(demands, ImageVariant().architecture);
  const auto official =
      runtime == nullptr ? std::nullopt : official_image(*runtime, release.release, variant);
  // What the row names is for machines of one kind.
  if (!official && variant.what == ImageVariant::For::both) return {};
  const auto listed = official ? Reference::parse(*official) : std::nullopt;
  const bool is_it = listed && (listed->name() == named.name() || !has_gpus(demands));
  return is_it ? listed->text() : named.text();
}

}  // namespace mlpack
