#pragma once

#include "lib/catalog/compat_tables.h"
#include "lib/catalog/table_writer.h"

#include <string>
#include <vector>

namespace mlpack {

/// Adds `table` to a generated source: as a CatalogTable, and typed where it has a type.
void write_compat_table(const CompatTable& table, TableWriter& writer);

/// The source that lists the tables called `names`.
std::string catalog_source(const std::vector<std::string>& names);

}  // namespace mlpack
