#pragma once

#include "lib/catalog/catalog_pool.h"
#include "lib/catalog/compat_columns.h"
#include "lib/catalog/row.h"
#include "lib/catalog/template_node.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What the rows of a table are like.
struct TableShape {
  explicit TableShape(const CatalogTable& table);

  const CatalogTable* table;
  std::vector<CompatColumn> columns;
};

/// Called for each row that is not as its table says; the other rows are read on.
using OnBadRow = std::function<void(const Error&)>;

/// Reads what a file says of a table:
///
///     source: list of text   # optional: of the rows without a source of their own
///     retrieved: month       # optional, too: a row may have its own
///     as_of: text            # optional
///     rows: list of {column: value, note: text, source: text or list, retrieved: month,
///       unverified: true or columns}
///
/// `origin` is the file; a row's is `origin:LINE:COLUMN`. Names are unique where the table says so.
std::vector<CatalogRow> read_rows(const TableShape& shape,
                                  TemplateMap& map,
                                  const std::string& origin,
                                  CatalogPool& pool,
                                  const OnBadRow& on_bad_row);

/// A whole table of templates/compat, which has before its rows
///
///     about, as_of: text
///     type: name of a C++ struct  # optional: rows are typed too
///     key: list of columns        # their values are the row's name, with `join` (`-`) between
///     join: text                  # optional
///     repeats: true               # optional: names need not be unique
///     columns: {column: description (compat_columns.h)}
struct CompatTable {
  CompatTable(const std::string& name,
              const TemplateNode& node,
              const std::string& origin,
              CatalogPool& pool);

  CatalogTable table;
  std::string type;
};

struct RowProblem {
  const CatalogRow* row;
  std::string message;
};

/// What is wrong between rows: values that refer to a column of another table and are not there,
/// and names that two GPUs or families share.
std::vector<RowProblem> check_tables(std::span<const CatalogTable* const> tables);

}  // namespace mlpack
