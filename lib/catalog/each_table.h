#pragma once

#include "lib/catalog/catalog.h"
#include "lib/catalog/tables.h"

namespace mlpack {

/// Calls `visit(rows, table)` for every typed table: with the member of `data` that has its rows,
/// and with what is compiled in.
template <class Visit>
void each_typed_table(CatalogData& data, Visit visit) {
  visit(data.cuda_toolkits, tables::cuda_toolkits);
  visit(data.nvcc_targets, tables::nvcc_archs);
  visit(data.architectures, tables::architectures);
  visit(data.target_families, tables::target_families);
  visit(data.driver_branches, tables::drivers);
  visit(data.compat_packages, tables::forward_compat);
  visit(data.image_requirements, tables::image_requirements);
  visit(data.gpus, tables::gpus);
  visit(data.gpu_families, tables::gpu_families);
  visit(data.gpu_processors, tables::gpu_processors);
  visit(data.mig_profiles, tables::mig_profiles);
  visit(data.quantisations, tables::quantisations);
  visit(data.memory_overheads, tables::memory_overheads);
  visit(data.gpu_memory, tables::gpu_memory);
  visit(data.torch_releases, tables::torch);
  visit(data.torch_builds, tables::torch_builds);
  visit(data.framework_releases, tables::frameworks);
  visit(data.cudnn_support, tables::cudnn);
  visit(data.tensorrt_releases, tables::tensorrt);
  visit(data.runtime_releases, tables::runtime_releases);
  visit(data.runtime_processors, tables::runtime_processors);
  visit(data.cuda_images, tables::cuda_images);
  visit(data.distros, tables::distros);
  visit(data.manylinux_tags, tables::manylinux);
  visit(data.facts, tables::facts);
}

}  // namespace mlpack
