#pragma once

#include "lib/catalog/catalog_pool.h"
#include "lib/catalog/row.h"

#include <span>

namespace mlpack {

/// A table of the catalog whose rows are typed, too.
template <class Row>
struct TypedTable {
  const CatalogTable* table;
  std::span<const Row> rows;  // one for each of the table's
  /// Of a row that is as `table` says; `row` and `pool` have to outlive it.
  Row (*read)(const CatalogRow& row, CatalogPool& pool);
};

}  // namespace mlpack
