#pragma once

#include "lib/catalog/compat_tables.h"
#include "lib/catalog/table_writer.h"

#include <string>
#include <vector>

namespace mlpack {

/// Adds `table` to a generated source: as a CatalogTable, and where it has a type as a TypedTable,
/// too, whose `read` makes a typed row of one that is read when mlpack runs.
void write_compat_table(const CompatTable& table, TableWriter& writer);

/// The source that lists the tables called `names`.
std::string catalog_source(const std::vector<std::string>& names);

}  // namespace mlpack
