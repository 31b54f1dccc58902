#include "cli/catalog_folders.h"
#include "cli/commands.h"
#include "cli/result.h"
#include "cli/targets.h"
#include "lib/date.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

namespace mlpack {
namespace {

using CatalogJson = nlohmann::ordered_json;
using CatalogRows = std::vector<const CatalogRow*>;

constexpr std::size_t catalog_width = 100;  // of a table's lines
constexpr std::size_t widest_cell = 28;     // but for the last of a line
constexpr std::size_t narrowest_cell = 12;  // that a cell is cut to

// Counted from the year 0.
std::int64_t month_of_now(const World& world) {
  using std::chrono::system_clock;
  const bool is_given = world.environment("SOURCE_DATE_EPOCH").has_value();
  const std::int64_t seconds =
      is_given ? creation_time(world.environment) : system_clock::to_time_t(system_clock::now());
  const std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  const std::chrono::year_month_day date(day);
  return std::int64_t{12} * static_cast<int>(date.year()) + static_cast<unsigned>(date.month()) - 1;
}

// `2026-11`; what is read in the future is no older than today.
std::int64_t age_in_months(std::string_view date, const World& world) {
  const Date read = parse_date(date).value_or(Date{});
  const std::int64_t then = std::int64_t{12} * read.year + std::max(read.month, 1U) - 1;
  return std::max<std::int64_t>(month_of_now(world) - then, 0);
}

std::string age_text(std::string_view date, const World& world) {
  const std::int64_t months = age_in_months(date, world);
  if (months == 0) return "this month";
  return months == 1 ? "1 month ago" : fmt::format("{} months ago", months);
}

const CatalogTable& require_table(const Catalog& catalog, const std::string& name) {
  if (const CatalogTable* const table = catalog.find_table(name)) return *table;
  const std::vector<std::string> near = catalog.near_tables(name);
  throw Error(Fault::usage,
              fmt::format("the catalog has no table `{}`", printable(name)),
              near.empty() ? "`mlpack catalog` lists the tables"
                           : fmt::format("did you mean `{}`?", join(near, "`, `")));
}

CatalogRows require_rows(const Catalog& catalog,
                         const CatalogTable& table,
                         const std::string& name) {
  CatalogRows rows = find_rows(table, name);
  if (!rows.empty()) return rows;
  const std::vector<std::string> near = catalog.near_rows(table, name);
  throw Error(Fault::usage,
              fmt::format("the table `{}` has no row `{}`", table.name, printable(name)),
              near.empty() ? fmt::format("`mlpack catalog {}` lists its rows", table.name)
                           : fmt::format("did you mean `{}`?", join(near, "`, `")));
}

// Of the rows that are not compiled in.
std::size_t count_own(const CatalogTable& table) {
  return static_cast<std::size_t>(std::count_if(
      table.rows.begin(), table.rows.end(), [](const auto& row) { return !row.origin.empty(); }));
}

std::string row_count(const CatalogTable& table) {
  const std::size_t own = count_own(table);
  return own == 0 ? std::to_string(table.rows.size())
                  : fmt::format("{} ({} yours)", table.rows.size(), own);
}

std::string tables_text(const Catalog& catalog, const World& world) {
  std::vector<std::vector<std::string>> lines{{"TABLE", "ROWS", "READ", "AGE", "A ROW SAYS"}};
  for (const CatalogTable* table : catalog.tables()) {
    lines.push_back({std::string(table->name),
                     row_count(*table),
                     std::string(table->retrieved),
                     age_text(table->retrieved, world),
                     std::string(table->about)});
  }
  return columns(lines);
}

// At most `width` bytes, never half a character.
std::string cut_text(std::string_view text, std::size_t width) {
  if (text.size() <= width) return std::string(text);
  std::size_t end = width - 2;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return std::string(text.substr(0, end)) + "..";
}

std::string value_text(const CatalogRow& row, std::string_view field) {
  const std::string value = printable(row.at(field));
  return value.empty() || !row.is_doubtful(field) ? value : value + " ?";
}

std::string name_text(const CatalogRow& row) {
  return printable(row.name) + (row.origin.empty() ? "" : " (yours)");
}

// 0 where no row has a value.
std::size_t widest_value(const CatalogRows& rows, std::string_view field) {
  std::size_t width = 0;
  for (const CatalogRow* row : rows)
    width = std::max(width, value_text(*row, field).size());
  return width == 0 ? 0 : std::max(width, field.size());
}

// Whether a row of the user's stands for one that is compiled in.
bool is_replaced(const CatalogRow& row) {
  const CatalogTable* const table = Catalog::built_in().find_table(row.table);
  if (table == nullptr || row.origin.empty()) return false;
  return std::any_of(table->rows.begin(), table->rows.end(), [&](const CatalogRow& known) {
    return known.name == row.name;
  });
}

// A column for each field, as long as there is room; what is a key is in the name already.
std::string rows_text(const CatalogTable& table, const CatalogRows& rows) {
  std::vector<std::vector<std::string>> lines{{"NAME"}};
  std::size_t used = 4;
  for (const CatalogRow* row : rows) {
    lines.push_back({name_text(*row)});
    used = std::max(used, lines.back()[0].size());
  }
  for (const CatalogColumn& column : table.columns) {
    const std::string_view field = column.name;
    const bool is_key = std::find(table.keys.begin(), table.keys.end(), field) != table.keys.end();
    const std::size_t wanted = widest_value(rows, field);
    const std::size_t room = catalog_width - std::min(used, catalog_width);
    if (is_key || wanted == 0 || room < std::min(wanted, narrowest_cell) + 2) continue;
    const bool is_last = field == table.columns.back().name;
    const std::size_t width = std::min({wanted, room - 2, is_last ? catalog_width : widest_cell});
    std::string heading(field);
    std::transform(heading.begin(), heading.end(), heading.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    lines[0].push_back(cut_text(heading, width));
    for (std::size_t i = 0; i < rows.size(); ++i)
      lines[i + 1].push_back(cut_text(value_text(*rows[i], field), width));
    used += width + 2;
  }
  return columns(lines);
}

// Where a row of the user's comes from, and whether it stands for one that is compiled in.
std::string origin_text(const CatalogRow& row) {
  return fmt::format("{}, {}",
                     printable(row.origin),
                     is_replaced(row) ? "in place of the row that is compiled in" : "added");
}

std::string row_text(const CatalogRow& row, const World& world) {
  std::string text = fmt::format("{} {}\n\n", row.table, printable(row.name));
  std::vector<std::vector<std::string>> lines;
  for (const CatalogField& field : row.fields) {
    const std::string doubt = row.is_doubtful(field.name) ? " (unverified)" : "";
    lines.push_back({"  " + std::string(field.name), printable(field.value) + doubt});
  }
  text += columns(lines);
  text += fmt::format("\nread {} ({}) in\n", row.retrieved, age_text(row.retrieved, world));
  for (const std::string_view source : row.sources)
    text += fmt::format("  {}\n", printable(source));
  if (!row.origin.empty()) text += fmt::format("\nfrom {}\n", origin_text(row));
  return text;
}

CatalogJson table_json(const CatalogTable& table, const World& world) {
  return {{"name", table.name},
          {"about", table.about},
          {"rows", table.rows.size()},
          {"ownRows", count_own(table)},
          {"asOf", table.as_of},
          {"retrieved", table.retrieved},
          {"ageMonths", age_in_months(table.retrieved, world)}};
}

CatalogJson row_json(const CatalogRow& row, const World& world) {
  CatalogJson fields = CatalogJson::object();
  for (const CatalogField& field : row.fields)
    fields[std::string(field.name)] = field.value;
  const auto origin =
      row.origin.empty() ? CatalogJson(nullptr) : CatalogJson(printable(row.origin));
  return {{"table", row.table},
          {"name", row.name},
          {"origin", origin},
          {"replaces", is_replaced(row)},
          {"fields", fields},
          {"unverified", std::vector<std::string>(row.unverified.begin(), row.unverified.end())},
          {"sources", std::vector<std::string>(row.sources.begin(), row.sources.end())},
          {"retrieved", row.retrieved},
          {"ageMonths", age_in_months(row.retrieved, world)}};
}

void show_tables(const Catalog& catalog, World& world) {
  if (!world.json()) return world.terminal.result(tables_text(catalog, world));
  CatalogJson tables = CatalogJson::array();
  for (const CatalogTable* table : catalog.tables())
    tables.push_back(table_json(*table, world));
  world.terminal.result(json_line({{"schema", 1}, {"tables", tables}}));
}

void show_rows(const CatalogTable& table, const CatalogRows& rows, World& world) {
  if (!world.json()) {
    const std::string text =
        rows.size() == 1 ? row_text(*rows.front(), world) : rows_text(table, rows);
    return world.terminal.result(text);
  }
  CatalogJson list = CatalogJson::array();
  for (const CatalogRow* row : rows)
    list.push_back(row_json(*row, world));
  world.terminal.result(json_line({{"schema", 1}, {"table", table.name}, {"rows", list}}));
}

void show_table(const CatalogTable& table, World& world) {
  CatalogRows rows;
  for (const CatalogRow& row : table.rows)
    rows.push_back(&row);
  show_rows(table, rows, world);
}

// What is called so, or begins so, in any table.
CatalogRows search(const Catalog& catalog, const std::string& name) {
  CatalogRows found;
  for (const CatalogTable* table : catalog.tables()) {
    const CatalogRows rows = find_rows(*table, name);
    found.insert(found.end(), rows.begin(), rows.end());
  }
  return found;
}

// Of several tables, whose columns differ.
std::string found_text(const CatalogRows& rows) {
  std::vector<std::vector<std::string>> lines{{"TABLE", "NAME", "READ", "IN"}};
  for (const CatalogRow* row : rows) {
    lines.push_back({std::string(row->table),
                     name_text(*row),
                     std::string(row->retrieved),
                     cut_text(printable(row->sources.front()), catalog_width / 2)});
  }
  return columns(lines);
}

void show_found(const CatalogRows& rows, World& world) {
  if (!world.json()) {
    return world.terminal.result(rows.size() == 1 ? row_text(*rows.front(), world)
                                                  : found_text(rows));
  }
  CatalogJson list = CatalogJson::array();
  for (const CatalogRow* row : rows)
    list.push_back(row_json(*row, world));
  world.terminal.result(json_line({{"schema", 1}, {"rows", list}}));
}

}  // namespace

Command catalog_command() {
  using Count = ArgumentInfo::Count;
  struct Words {
    std::vector<std::string> table;
    std::vector<std::string> name;
  };
  const auto declare = [](ArgumentList& list) -> Action {
    const auto words = std::make_shared<Words>();
    list.positional({"TABLE",
                     "",
                     "the table to show, or a NAME to look for in all of them",
                     {},
                     Count::optional},
                    words->table);
    list.positional({"NAME", "", "the row to show with its sources", {}, Count::optional},
                    words->name);
    return [words](World& world) {
      const Catalog catalog = catalog_in(fs::path(), world);
      if (words->table.empty()) return show_tables(catalog, world);
      const bool is_search =
          words->name.empty() && catalog.find_table(words->table.front()) == nullptr;
      const CatalogRows found = is_search ? search(catalog, words->table.front()) : CatalogRows();
      if (!found.empty()) return show_found(found, world);
      const CatalogTable& table = require_table(catalog, words->table.front());
      if (words->name.empty()) return show_table(table, world);
      show_rows(table, require_rows(catalog, table, words->name.front()), world);
    };
  };
  return {
      "catalog",
      "show the compatibility data, its sources and its age",
      "Without arguments the tables are listed; with TABLE its rows; with NAME one row and "
      "where it comes from. A NAME that several rows begin with or share lists them; one in place "
      "of "
      "TABLE is looked for in all tables. What no "
      "document confirms is marked `?`. Rows of ./mlpack.d and of --catalog DIR are shown where "
      "they replace what is compiled in or add to it.",
      declare,
      {}};
}

}  // namespace mlpack
