#pragma once

#include "lib/catalog/compat_columns.h"
#include "lib/catalog/template_node.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

struct CompatRow {
  using Cell = std::optional<std::vector<std::string>>;  // nullopt: not known

  const TemplateNode* node;
  std::string name;
  std::vector<std::string> sources;
  std::string retrieved;
  std::vector<std::string> unverified;
  std::vector<Cell> cells;  // one for each column
  std::string note;
};

/// A table of templates/compat, checked by itself:
///
///     TABLE:
///       about, as_of: text
///       source: list of text        # of the rows without a source of their own
///       type: name of a C++ struct  # optional: rows are typed too
///       key: list of columns        # their values are the row's name, with `join` (`-`) between
///       join: text                  # optional
///       repeats: true               # optional: names need not be unique
///       columns: {column: description (compat_columns.h)}
///       retrieved: month            # a row may have its own
///       rows: list of {column: value, note: text, source: text or list, unverified: true or
///       columns}
struct CompatTable {
  CompatTable(std::string table_name, const TemplateNode& node);

  std::string name;
  std::string about;
  std::string as_of;
  std::string retrieved;  // of its newest row
  std::string type;
  std::vector<std::string> keys;
  std::vector<CompatColumn> columns;
  std::vector<CompatRow> rows;
};

/// Fault::input where a value refers to a column of another table and is not there.
void check_references(const std::vector<CompatTable>& tables);

}  // namespace mlpack
