#include "lib/catalog/compat_tables.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
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
      reject(map.node(), fmt::format("unverified: there is no column `{}`", name));
    }
  }
  return names;
}

CompatRow::Cell cell_of(TemplateMap& map, const CompatColumn& column) {
  if (!map.has(column.name)) {
    if (!column.is_optional) reject(map.node(), "missing " + column.name);
    return std::nullopt;
  }
  const TemplateNode& value = map.at(column.name);
  Texts parts = column.parts(value);
  return value.is_null() ? std::nullopt : CompatRow::Cell(std::move(parts));
}

// What the rows of a table have in common.
struct RowDefaults {
  Texts sources;
  std::string retrieved;
  std::string joint;
};

CompatRow read_row(TemplateMap& map, const CompatTable& table, const RowDefaults& defaults) {
  CompatRow row{&map.node(), "", sources_of(map), defaults.retrieved, {}, {}, ""};
  if (row.sources.empty()) row.sources = defaults.sources;
  if (row.sources.empty()) reject(map.node(), "a row needs a source");
  if (map.has("retrieved")) row.retrieved = map.text("retrieved");
  if (!is_template_date(row.retrieved)) reject(map.node(), "retrieved must be a date");
  row.unverified = unverified_of(map, table.columns);
  if (map.has("note")) row.note = map.text("note");
  for (const CompatColumn& column : table.columns)
    row.cells.push_back(cell_of(map, column));
  map.finish();
  Texts names;
  for (const std::string& key : table.keys) {
    const CompatColumn* const column = find_column(table.columns, key);
    if (column == nullptr) reject(map.node(), "no column is called " + key);
    const auto& cell = row.cells[static_cast<std::size_t>(column - table.columns.data())];
    if (!cell || column->is_list()) reject(map.node(), key + " is a key: it must be one value");
    names.push_back(cell->front());
  }
  row.name = join(names, defaults.joint);
  return row;
}

// The values of every column, by `table.column`.
using Values = std::map<std::string, std::set<std::string>>;

Values values_of(const std::vector<CompatTable>& tables) {
  Values values;
  for (const CompatTable& table : tables) {
    for (const CompatRow& row : table.rows) {
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        auto& known = values[table.name + "." + table.columns[i].name];
        for (const std::string& value : row.cells[i].value_or(Texts()))
          known.insert(value);
      }
    }
  }
  return values;
}

// `10.2` stands for its only release, and `12.4.1` is a release of `12.4`.
bool is_known(const std::set<std::string>& known, const std::string& value) {
  if (known.contains(value)) return true;
  const auto after = known.lower_bound(value + ".");
  return after != known.end() && after->starts_with(value + ".");
}

void check_row(const CompatTable& table, const CompatRow& row, const Values& values) {
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const std::string& refers = table.columns[i].refers;
    if (refers.empty()) continue;
    const auto known = values.find(refers);
    if (known == values.end()) reject(*row.node, "there is no column " + refers);
    for (const std::string& value : row.cells[i].value_or(Texts())) {
      if (is_known(known->second, value)) continue;
      reject(*row.node, fmt::format("`{}` of {} is not in {}", value, table.name, refers));
    }
  }
}

}  // namespace

CompatTable::CompatTable(std::string table_name, const TemplateNode& node)
    : name(std::move(table_name)) {
  TemplateMap map(node);
  about = map.text("about");
  as_of = map.text("as_of");
  if (map.has("type")) type = map.text("type");
  keys = map.list("key");
  const TemplateNode& descriptions = map.at("columns");
  for (std::size_t i = 0; i < descriptions.keys.size(); ++i)
    columns.emplace_back(descriptions.keys[i], descriptions.items[i]);
  const std::string joint = map.has("join") ? map.text("join") : "-";
  const RowDefaults defaults{sources_of(map), map.text("retrieved"), joint};
  const bool repeats = map.has("repeats") && map.text("repeats") == "true";
  std::set<std::string> names;
  for (TemplateMap& row : map.rows("rows")) {
    rows.push_back(read_row(row, *this, defaults));
    retrieved = std::max(retrieved, rows.back().retrieved);
    if (!names.insert(rows.back().name).second && !repeats) {
      reject(row.node(), fmt::format("`{}` is there twice", rows.back().name));
    }
  }
  if (rows.empty()) reject(node, "a table needs rows");
  map.finish();
}

void check_references(const std::vector<CompatTable>& tables) {
  const Values values = values_of(tables);
  for (const CompatTable& table : tables) {
    for (const CompatRow& row : table.rows)
      check_row(table, row, values);
  }
}

}  // namespace mlpack
