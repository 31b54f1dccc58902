#include "lib/catalog/compat_writer.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Texts = std::vector<std::string>;

std::string version_expression(const std::string& text) {
  return "*Version::parse(" + cpp_literal(text) + ")";
}

// 90 → 9.0, 121 → 12.1
std::string target_expression(const std::string& text) {
  return version_expression(text.substr(0, text.size() - 1) + "." + text.back());
}

template <class Expression>
Texts expressions(const Texts& parts, Expression expression) {
  Texts found;
  std::transform(parts.begin(), parts.end(), std::back_inserter(found), expression);
  return found;
}

std::string list_value(const std::string& kind, const Texts& parts, TableWriter& writer) {
  if (kind == "versions") return writer.list("Version", expressions(parts, version_expression));
  if (kind == "targets") return writer.list("Version", expressions(parts, target_expression));
  if (kind == "numbers") return writer.list("unsigned", parts);
  return writer.list(parts);
}

std::string missing_value(const CompatColumn& column) {
  if (column.is_list()) return "{}";
  if (column.kind == "flag") return "false";
  if (column.kind == "version" || column.kind == "number") return "std::nullopt";
  return "\"\"";
}

std::string typed_value(const CompatColumn& column,
                        const CompatRow::Cell& cell,
                        TableWriter& writer) {
  if (!cell) return missing_value(column);
  if (column.is_list()) return list_value(column.kind, *cell, writer);
  const std::string& value = cell->front();
  if (column.kind == "version") return version_expression(value);
  if (column.kind == "number" || column.kind == "flag") return value;
  if (column.kind == "enum" && column.type != "-") return column.type + "::" + value;
  return cpp_literal(value);
}

void write_typed_rows(const CompatTable& table, TableWriter& writer) {
  Texts rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    std::string text = fmt::format(".row = &{}_catalog[{}]", table.name, i);
    for (std::size_t k = 0; k < table.columns.size(); ++k) {
      const CompatColumn& column = table.columns[k];
      if (column.is_shown) continue;
      const std::string value = typed_value(column, table.rows[i].cells[k], writer);
      text += fmt::format(", .{} = {}", column.name, value);
    }
    rows.push_back(text);
  }
  writer.array(table.type, table.name + "_rows", rows);
  writer.span_of(table.type, table.name);
}

// Adds what is shown of `row`, and says how many fields that is.
std::size_t add_fields(const CompatTable& table, const CompatRow& row, Texts& fields) {
  const std::size_t before = fields.size();
  const auto add = [&fields](const std::string& name, const std::string& value) {
    fields.push_back(cpp_literal(name) + ", " + cpp_literal(value));
  };
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const CompatRow::Cell& cell = row.cells[i];
    if (!cell) continue;
    add(table.columns[i].name, cell->empty() ? "(none)" : join(*cell, ", "));
  }
  if (!row.note.empty()) add("note", row.note);
  return fields.size() - before;
}

Texts column_names(const CompatTable& table) {
  Texts names;
  for (const CompatColumn& column : table.columns)
    names.push_back(column.name);
  return names;
}

}  // namespace

void write_compat_table(const CompatTable& table, TableWriter& writer) {
  Texts fields;
  Texts rows;
  for (const CompatRow& row : table.rows) {
    const std::size_t begin = fields.size();
    const std::size_t count = add_fields(table, row, fields);
    rows.push_back(fmt::format("{}, {}, {}, {}, {}, {{&{}_fields[{}], {}}}",
                               cpp_literal(table.name),
                               cpp_literal(row.name),
                               writer.list(row.sources),
                               cpp_literal(row.retrieved),
                               writer.list(row.unverified),
                               table.name,
                               begin,
                               count));
  }
  writer.array("CatalogField", table.name + "_fields", fields);
  writer.array("CatalogRow", table.name + "_catalog", rows);
  if (!table.type.empty()) write_typed_rows(table, writer);
  writer.constant(
      fmt::format("extern const CatalogTable {0}_table;\n"
                  "const CatalogTable {0}_table{{{1}, {2}, {3}, {4}, {5}, {6}, {0}_catalog}};\n",
                  table.name,
                  cpp_literal(table.name),
                  cpp_literal(table.about),
                  cpp_literal(table.as_of),
                  cpp_literal(table.retrieved),
                  writer.list(table.keys),
                  writer.list(column_names(table))));
}

std::string catalog_source(const std::vector<std::string>& names) {
  TableWriter writer;
  std::string declarations;
  Texts pointers;
  for (const std::string& name : names) {
    declarations += fmt::format("extern const CatalogTable {}_table;\n", name);
    pointers.push_back(fmt::format("&{}_table", name));
  }
  writer.constant("\n" + declarations + "\nnamespace {\n\n");
  writer.constant(
      fmt::format("constexpr std::array<const CatalogTable*, {}> all_tables{{{{{}}}}};\n\n",
                  pointers.size(),
                  join(pointers, ", ")));
  writer.constant(
      "}  // namespace\n\nconst std::span<const CatalogTable* const> catalog = all_tables;\n");
  return writer.finish();
}

}  // namespace mlpack
