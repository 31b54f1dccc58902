#include "lib/catalog/compat_tables.h"

#include "lib/date.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlpack {
namespace {

using Texts = std::vector<std::string>;

Texts sources_of(TemplateMap& map) {
  return map.has("source") ? map.at("source").texts() : Texts();
}

const CompatColumn* find_column(const std::vector<CompatColumn>& columns, std::string_view name) {
  const auto found = std::find_if(
      columns.begin(), columns.end(), [&](const auto& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

// `true` is the whole row.
Texts unverified_of(TemplateMap& map, const std::vector<CompatColumn>& columns) {
  if (!map.has("unverified")) return {};
  Texts names = map.at("unverified").texts();
  if (names == Texts{"true"}) return {"*"};
  for (const std::string& name : names) {
    if (name != "note" && find_column(columns, name) == nullptr) {
      reject(map.node(), fmt::format("unverified: there is no column `{}`", printable(name)));
    }
  }
  return names;
}

// What the rows of a table have in common.
struct RowDefaults {
  Texts sources;
  std::string retrieved;
  std::string origin;
};

class RowsReader {
 public:
  RowsReader(const TableShape& shape, RowDefaults defaults, CatalogPool& pool)
      : shape_(shape), defaults_(std::move(defaults)), pool_(pool) {
    for (const CompatColumn& column : shape.columns)
      known_keys_.push_back(column.name);
    known_keys_.insert(known_keys_.end(), {"note", "source", "retrieved", "unverified"});
  }

  CatalogRow read(TemplateMap& map) {
    map.allow(known_keys_);
    CatalogRow row{};
    row.table = shape_.table->name;
    Texts sources = sources_of(map);
    if (sources.empty()) sources = defaults_.sources;
    if (sources.empty()) reject(map.node(), "a row needs a source");
    row.sources = pool_.texts(std::move(sources));
    std::string retrieved = map.has("retrieved") ? map.text("retrieved") : defaults_.retrieved;
    if (retrieved.empty()) reject(map.node(), "a row needs `retrieved`, when its source was read");
    if (!parse_date(retrieved)) reject(map.node(), "retrieved must be a date");
    row.retrieved = pool_.text(std::move(retrieved));
    row.unverified = pool_.texts(unverified_of(map, shape_.columns));
    row.fields = pool_.list(fields_of(map));
    row.name = name_of(map, row);
    row.origin = pool_.text(origin_of(map.node()));
    check_name(map, row);
    return row;
  }

 private:
  std::string origin_of(const TemplateNode& node) const {
    return fmt::format("{}:{}:{}", defaults_.origin, node.place.line, node.place.column);
  }

  std::vector<CatalogField> fields_of(TemplateMap& map) {
    std::vector<CatalogField> fields;
    for (const CompatColumn& column : shape_.columns) {
      if (map.has(column.name)) {
        add_field(column, map.at(column.name), fields);
      } else if (!column.is_optional) {
        reject(map.node(), "missing " + column.name);
      }
    }
    if (map.has("note")) fields.push_back({"note", pool_.text(map.text("note"))});
    return fields;
  }

  void add_field(const CompatColumn& column,
                 const TemplateNode& value,
                 std::vector<CatalogField>& fields) {
    Texts parts = column.parts(value);
    if (value.is_null()) return;
    const std::string_view name = pool_.text(column.name);
    if (!column.is_list()) {
      fields.push_back({name, pool_.text(std::move(parts.front()))});
    } else {
      const std::string shown = parts.empty() ? "(none)" : join(parts, ", ");
      fields.push_back({name, pool_.text(shown), pool_.texts(std::move(parts))});
    }
  }

  std::string_view name_of(const TemplateMap& map, const CatalogRow& row) {
    Texts names;
    for (const std::string_view key : shape_.table->keys) {
      const CompatColumn* const column = find_column(shape_.columns, key);
      if (column == nullptr) reject(map.node(), fmt::format("no column is called {}", key));
      const CatalogField* const field = row.find(key);
      if (field == nullptr || column->is_list()) {
        reject(map.node(), fmt::format("{} is a key: it must be one value", key));
      }
      names.emplace_back(field->value);
    }
    return pool_.text(join(names, shape_.table->joint));
  }

  void check_name(const TemplateMap& map, const CatalogRow& row) {
    const bool is_new = names_.insert(row.name).second;
    if (is_new || shape_.table->names == CatalogTable::Names::repeated) return;
    reject(map.node(), fmt::format("`{}` is there twice", printable(row.name)));
  }

  const TableShape& shape_;
  RowDefaults defaults_;
  CatalogPool& pool_;
  Texts known_keys_;
  std::set<std::string_view> names_;
};

}  // namespace

TableShape::TableShape(const CatalogTable& of) : table(&of) {
  for (const CatalogColumn& column : of.columns) {
    columns.emplace_back(std::string(column.name), column.kind);
  }
}

std::vector<CatalogRow> read_rows(const TableShape& shape,
                                  TemplateMap& map,
                                  const std::string& origin,
                                  CatalogPool& pool,
                                  const OnBadRow& on_bad_row) {
  RowDefaults defaults{sources_of(map), "", origin};
  if (map.has("retrieved")) defaults.retrieved = map.text("retrieved");
  RowsReader reader(shape, std::move(defaults), pool);
  std::vector<CatalogRow> rows;
  const TemplateNode& list = map.at("rows");
  if (list.kind != TemplateNode::Kind::list) reject(list, "rows must be a list");
  for (const TemplateNode& item : list.items) {
    try {
      TemplateMap row(item);
      rows.push_back(reader.read(row));
    } catch (const Error& error) {
      on_bad_row(error);
    }
  }
  return rows;
}

CompatTable::CompatTable(const std::string& name,
                         const TemplateNode& node,
                         const std::string& origin,
                         CatalogPool& pool)
    : table{} {
  TemplateMap map(node);
  table.name = pool.text(name);
  table.about = pool.text(map.text("about"));
  table.as_of = pool.text(map.text("as_of"));
  if (map.has("type")) type = map.text("type");
  table.keys = pool.texts(map.list("key"));
  table.joint = pool.text(map.has("join") ? map.text("join") : "-");
  const bool repeats = map.has("repeats") && map.text("repeats") == "true";
  table.names = repeats ? CatalogTable::Names::repeated : CatalogTable::Names::unique;
  std::vector<CatalogColumn> columns;
  const TemplateNode& kinds = map.at("columns");
  for (std::size_t i = 0; i < kinds.keys.size(); ++i) {
    at_node(kinds.items[i], [&] { CompatColumn(kinds.keys[i], kinds.items[i].text); });
    columns.push_back({pool.text(kinds.keys[i]), pool.text(kinds.items[i].text)});
  }
  table.columns = pool.list(std::move(columns));
  std::vector<CatalogRow> rows =
      read_rows(TableShape(table), map, origin, pool, [](const Error& error) { throw error; });
  if (rows.empty()) reject(node, "a table needs rows");
  for (const CatalogRow& row : rows)
    table.retrieved = std::max(table.retrieved, row.retrieved);
  table.rows = pool.list(std::move(rows));
  map.finish();
}

}  // namespace mlpack
