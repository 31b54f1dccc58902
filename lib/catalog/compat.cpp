#include "lib/catalog/compat.h"

#include "lib/catalog/tables.h"
#include "lib/error.h"

#include <algorithm>

namespace mlpack {
namespace {

template <class Row>
const Row* first_where(std::span<const Row> rows, auto&& holds) {
  const auto found = std::find_if(rows.begin(), rows.end(), holds);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::span<const CudaToolkit> cuda_toolkits() {
  return tables::cuda_toolkits;
}
std::span<const TargetFamily> target_families() {
  return tables::target_families;
}
std::span<const DriverBranch> driver_branches() {
  return tables::drivers;
}
std::span<const CompatPackage> compat_packages() {
  return tables::forward_compat;
}
std::span<const ImageRequirement> image_requirements() {
  return tables::image_requirements;
}
std::span<const MigProfile> mig_profiles() {
  return tables::mig_profiles;
}
std::span<const TorchRelease> torch_releases() {
  return tables::torch;
}
std::span<const TensorRtRelease> tensorrt_releases() {
  return tables::tensorrt;
}
std::span<const CudaImage> cuda_images() {
  return tables::cuda_images;
}
std::span<const ManylinuxTag> manylinux_tags() {
  return tables::manylinux;
}

const CatalogRow& fact_row(std::string_view id) {
  const Fact* const fact =
      first_where<Fact>(tables::facts, [&](const Fact& row) { return row.id == id; });
  if (fact == nullptr) fail(Fault::internal, "no fact is called `{}`", id);
  return *fact->row;
}

const NvccTargets* find_nvcc_targets(const Version& cuda) {
  return first_where<NvccTargets>(
      tables::nvcc_archs, [&](const NvccTargets& row) { return row.cuda.same_minor(cuda); });
}

const Architecture* find_architecture(const Version& compute_capability) {
  return first_where<Architecture>(tables::architectures, [&](const Architecture& row) {
    return row.compute_capability == compute_capability;
  });
}

const DriverBranch* find_driver_branch(std::uint32_t branch) {
  return first_where<DriverBranch>(tables::drivers,
                                   [&](const DriverBranch& row) { return row.branch == branch; });
}

const QuantisationLimit* find_quantisation(std::string_view method) {
  return first_where<QuantisationLimit>(
      tables::quantisations, [&](const QuantisationLimit& row) { return row.method == method; });
}

const TorchBuild* find_torch_build(const Version& torch, std::string_view build) {
  return first_where<TorchBuild>(tables::torch_builds, [&](const TorchBuild& row) {
    return row.torch == torch && row.build == build;
  });
}

const RuntimeRelease* find_runtime_release(std::string_view runtime, std::string_view release) {
  return first_where<RuntimeRelease>(tables::runtime_releases, [&](const RuntimeRelease& row) {
    return row.runtime == runtime && row.release == release;
  });
}

const Distro* find_distro(std::string_view id) {
  return first_where<Distro>(tables::distros, [&](const Distro& row) { return row.id == id; });
}

const ManylinuxTag* find_manylinux_tag(std::string_view tag) {
  return first_where<ManylinuxTag>(tables::manylinux, [&](const ManylinuxTag& row) {
    return row.tag == tag ||
           std::find(row.aliases.begin(), row.aliases.end(), tag) != row.aliases.end();
  });
}

}  // namespace mlpack
