#include "lib/catalog/compat_writer.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Texts = std::vector<std::string>;
using Views = std::span<const std::string_view>;

std::string version_expression(std::string_view text) {
  return "*Version::parse(" + cpp_literal(text) + ")";
}

std::string target_expression(std::string_view text) {
  return "*version_of_target(" + cpp_literal(text) + ")";
}

template <class Expression>
Texts expressions(Views parts, Expression expression) {
  Texts found;
  std::transform(parts.begin(), parts.end(), std::back_inserter(found), expression);
  return found;
}

std::string text_list(Views parts, TableWriter& writer) {
  return writer.list(Texts(parts.begin(), parts.end()));
}

// The two ways to a member of a typed row have to agree: a constant of a row that is compiled in …
std::string constant_list(const std::string& kind, Views parts, TableWriter& writer) {
  if (kind == "versions") return writer.list("Version", expressions(parts, version_expression));
  if (kind == "targets") return writer.list("Version", expressions(parts, target_expression));
  if (kind == "numbers") return writer.list("unsigned", Texts(parts.begin(), parts.end()));
  return text_list(parts, writer);
}

std::string missing_constant(const CompatColumn& column) {
  if (column.is_list()) return "{}";
  if (column.kind == "flag") return "false";
  if (column.kind == "version" || column.kind == "number") return "std::nullopt";
  return "\"\"";
}

bool is_typed_enum(const CompatColumn& column) {
  return column.kind == "enum" && column.type != "-";
}

std::string constant(const CompatColumn& column, const CatalogField* field, TableWriter& writer) {
  if (field == nullptr) return missing_constant(column);
  if (column.is_list()) return constant_list(column.kind, field->parts, writer);
  const std::string value(field->value);
  if (column.kind == "version") return version_expression(value);
  if (column.kind == "number" || column.kind == "flag") return value;
  if (is_typed_enum(column)) return column.type + "::" + value;
  return cpp_literal(value);
}

// … and what reads it of a row that is not.
std::string reading(const CompatColumn& column) {
  if (is_typed_enum(column)) {
    Texts choices;
    for (const std::string& value : column.values)
      choices.push_back(fmt::format("{{{}, {}::{}}}", cpp_literal(value), column.type, value));
    return fmt::format("reader.choice<{}>({}, {{{}}})",
                       column.type,
                       cpp_literal(column.name),
                       join(choices, ", "));
  }
  const bool may_miss = column.kind == "version" || column.kind == "number";
  std::string how = may_miss && column.is_optional ? "optional_" + column.kind : column.kind;
  if (column.kind == "date" || column.kind == "enum") how = "text";
  return fmt::format("reader.{}({})", how, cpp_literal(column.name));
}

void write_typed_rows(const CompatTable& typed, const TableShape& shape, TableWriter& writer) {
  const CatalogTable& table = typed.table;
  Texts rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    std::string text = fmt::format(".row = &{}_catalog[{}]", table.name, i);
    for (const CompatColumn& column : shape.columns) {
      if (column.is_shown) continue;
      const CatalogField* const field = table.rows[i].find(column.name);
      text += fmt::format(", .{} = {}", column.name, constant(column, field, writer));
    }
    rows.push_back(text);
  }
  writer.array(typed.type, fmt::format("{}_rows", table.name), rows);
}

void write_typed_table(const CompatTable& typed, const TableShape& shape, TableWriter& writer) {
  std::string members = ".row = &row";
  for (const CompatColumn& column : shape.columns) {
    if (!column.is_shown) members += fmt::format(", .{} = {}", column.name, reading(column));
  }
  writer.local(
      fmt::format("{0} read_{1}(const CatalogRow& row, CatalogPool& pool) {{\n"
                  "  RowReader reader(row, pool);\n  return {{{2}}};\n}}\n",
                  typed.type,
                  typed.table.name,
                  members));
  writer.constant(fmt::format("const TypedTable<{0}> {1}{{&{1}_table, {1}_rows, read_{1}}};\n",
                              typed.type,
                              typed.table.name));
}

// Adds what is shown of `row`, and says how many fields that is.
std::size_t add_fields(const CatalogRow& row, Texts& fields, TableWriter& writer) {
  for (const CatalogField& field : row.fields) {
    std::string text = cpp_literal(field.name) + ", " + cpp_literal(field.value);
    if (!field.parts.empty()) text += ", " + text_list(field.parts, writer);
    fields.push_back(text);
  }
  return row.fields.size();
}

std::string column_list(const CatalogTable& table, TableWriter& writer) {
  Texts columns;
  for (const CatalogColumn& column : table.columns) {
    columns.push_back(cpp_literal(column.name) + ", " + cpp_literal(column.kind));
  }
  writer.array("CatalogColumn", fmt::format("{}_columns", table.name), columns);
  return fmt::format("{}_columns", table.name);
}

void write_rows(const CatalogTable& table, TableWriter& writer) {
  Texts fields;
  Texts rows;
  for (const CatalogRow& row : table.rows) {
    const std::size_t begin = fields.size();
    const std::size_t count = add_fields(row, fields, writer);
    rows.push_back(fmt::format("{}, {}, {}, {}, {}, {{&{}_fields[{}], {}}}",
                               cpp_literal(table.name),
                               cpp_literal(row.name),
                               text_list(row.sources, writer),
                               cpp_literal(row.retrieved),
                               text_list(row.unverified, writer),
                               table.name,
                               begin,
                               count));
  }
  writer.array("CatalogField", fmt::format("{}_fields", table.name), fields);
  writer.array("CatalogRow", fmt::format("{}_catalog", table.name), rows);
}

}  // namespace

void write_compat_table(const CompatTable& typed, TableWriter& writer) {
  const CatalogTable& table = typed.table;
  const TableShape shape(table);
  write_rows(table, writer);
  if (!typed.type.empty()) write_typed_rows(typed, shape, writer);
  const bool repeats = table.names == CatalogTable::Names::repeated;
  const std::string columns = column_list(table, writer);
  writer.constant(
      fmt::format("extern const CatalogTable {0}_table;\n"
                  "const CatalogTable {0}_table{{{1}, {2}, {3}, {4}, {5}, {6}, "
                  "CatalogTable::Names::{7}, {8}, {0}_catalog}};\n",
                  table.name,
                  cpp_literal(table.name),
                  cpp_literal(table.about),
                  cpp_literal(table.as_of),
                  cpp_literal(table.retrieved),
                  text_list(table.keys, writer),
                  cpp_literal(table.joint),
                  repeats ? "repeated" : "unique",
                  columns));
  if (!typed.type.empty()) write_typed_table(typed, shape, writer);
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
