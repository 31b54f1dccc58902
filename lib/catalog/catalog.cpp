#include "lib/catalog/catalog.h"

#include "lib/catalog/each_table.h"
#include "lib/catalog/tables.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

std::string underscored(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

std::vector<std::string_view> row_names(const CatalogTable& table) {
  std::vector<std::string_view> names;
  for (const CatalogRow& row : table.rows)
    names.push_back(row.name);
  return names;
}

// A slip of the fingers first, then what begins alike or holds what was typed.
std::vector<std::string> near_names(std::string_view name,
                                    const std::vector<std::string_view>& names) {
  constexpr std::size_t most = 3;
  std::vector<std::string> near;
  const auto add = [&near](std::string_view candidate) {
    const bool known = std::find(near.begin(), near.end(), candidate) != near.end();
    if (!known && near.size() < most) near.emplace_back(candidate);
  };
  if (const auto slip = did_you_mean(name.substr(0, 64), names)) add(*slip);
  const std::string wanted = to_lower(name);
  for (const std::string_view candidate : names) {
    if (!wanted.empty() && to_lower(candidate).find(wanted) != std::string::npos) add(candidate);
  }
  return near;
}

template <class Row>
const Row* first_where(std::span<const Row> rows, auto&& holds) {
  const auto found = std::find_if(rows.begin(), rows.end(), holds);
  return found == rows.end() ? nullptr : &*found;
}

CatalogData compiled_in() {
  CatalogData data;
  data.all = tables::catalog;
  data.other_vendors = tables::other_vendors;
  each_typed_table(data, [](auto& rows, const auto& table) { rows = table.rows; });
  return data;
}

}  // namespace

const Catalog& Catalog::built_in() {
  static const Catalog catalog(compiled_in());
  return catalog;
}

const CatalogTable* Catalog::find_table(std::string_view name) const {
  const std::string wanted = underscored(name);
  for (const CatalogTable* table : data_.all) {
    if (table->name == wanted) return table;
  }
  return nullptr;
}

std::vector<std::string> Catalog::near_rows(const CatalogTable& table,
                                            std::string_view name) const {
  const std::vector<std::string> gpus =
      table.name == "gpus" ? near_gpus(name, 3) : std::vector<std::string>();
  return gpus.empty() ? near_names(name, row_names(table)) : gpus;
}

std::vector<std::string> Catalog::near_tables(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const CatalogTable* table : data_.all)
    names.push_back(table->name);
  return near_names(underscored(name), names);
}

const CatalogRow& Catalog::fact_row(std::string_view id) const {
  const Fact* const fact = first_where(data_.facts, [&](const Fact& row) { return row.id == id; });
  if (fact == nullptr) fail(Fault::internal, "no fact is called `{}`", id);
  return *fact->row;
}

const NvccTargets* Catalog::find_nvcc_targets(const Version& cuda) const {
  return first_where(data_.nvcc_targets,
                     [&](const NvccTargets& row) { return row.cuda.same_minor(cuda); });
}

const Architecture* Catalog::find_architecture(const Version& compute_capability) const {
  return first_where(data_.architectures, [&](const Architecture& row) {
    return row.compute_capability == compute_capability;
  });
}

const GpuProcessor* Catalog::find_gpu_processor(std::string_view gpu) const {
  return first_where(data_.gpu_processors, [&](const GpuProcessor& row) { return row.gpu == gpu; });
}

const DriverBranch* Catalog::find_driver_branch(std::uint32_t branch) const {
  return first_where(data_.driver_branches,
                     [&](const DriverBranch& row) { return row.branch == branch; });
}

const QuantisationLimit* Catalog::find_quantisation(std::string_view method) const {
  return first_where(data_.quantisations,
                     [&](const QuantisationLimit& row) { return row.method == method; });
}

const TorchBuild* Catalog::find_torch_build(const Version& torch, std::string_view build) const {
  return first_where(data_.torch_builds, [&](const TorchBuild& row) {
    return row.torch == torch && row.build == build;
  });
}

const RuntimeRelease* Catalog::find_runtime_release(std::string_view runtime,
                                                    std::string_view release) const {
  return first_where(data_.runtime_releases, [&](const RuntimeRelease& row) {
    return row.runtime == runtime && row.release == release;
  });
}

const RuntimeProcessor* Catalog::find_runtime_processor(std::string_view runtime,
                                                        std::string_view architecture) const {
  return first_where(data_.runtime_processors, [&](const RuntimeProcessor& row) {
    return row.runtime == runtime && row.architecture == architecture;
  });
}

const Distro* Catalog::find_distro(std::string_view id) const {
  return first_where(data_.distros, [&](const Distro& row) { return row.id == id; });
}

const ManylinuxTag* Catalog::find_manylinux_tag(std::string_view tag) const {
  return first_where(data_.manylinux_tags, [&](const ManylinuxTag& row) {
    return row.tag == tag ||
           std::find(row.aliases.begin(), row.aliases.end(), tag) != row.aliases.end();
  });
}

}  // namespace mlpack
