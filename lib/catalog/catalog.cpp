#include "lib/catalog/catalog.h"

#include "lib/catalog/gpus.h"
#include "lib/catalog/tables.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

std::string underscored(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

std::vector<const CatalogRow*> rows_where(const CatalogTable& table, auto&& holds) {
  std::vector<const CatalogRow*> found;
  for (const CatalogRow& row : table.rows) {
    if (holds(row)) found.push_back(&row);
  }
  return found;
}

bool has_key(const CatalogTable& table, const CatalogRow& row, std::string_view value) {
  return std::any_of(table.keys.begin(), table.keys.end(), [&](std::string_view key) {
    return row.at(key) == value;
  });
}

// Lists are shown with a comma and a blank between their parts.
bool lists(std::string_view list, std::string_view name) {
  const std::vector<std::string_view> parts = split(list, ',');
  return std::any_of(
      parts.begin(), parts.end(), [&](std::string_view part) { return trim(part) == name; });
}

// `12.4` begins `12.4.1`, and `H100` begins `H100 PCIe`, but `1` begins neither `12.4.1` nor
// `10.2`.
bool begins(std::string_view name, std::string_view whole) {
  if (!whole.starts_with(name) || whole.size() == name.size()) return false;
  constexpr std::string_view separators = ". -+/:";
  return separators.find(whole[name.size()]) != std::string_view::npos;
}

std::vector<std::string_view> row_names(const CatalogTable& table) {
  std::vector<std::string_view> names;
  for (const CatalogRow& row : table.rows)
    names.push_back(row.name);
  return names;
}

// A slip of the fingers first, then what begins alike or holds what was typed.
std::vector<std::string> near_names(std::string_view name,
                                    const std::vector<std::string_view>& names) {
  constexpr std::size_t most = 3;
  std::vector<std::string> near;
  const auto add = [&near](std::string_view candidate) {
    const bool known = std::find(near.begin(), near.end(), candidate) != near.end();
    if (!known && near.size() < most) near.emplace_back(candidate);
  };
  if (const auto slip = did_you_mean(name.substr(0, 64), names)) add(*slip);
  const std::string wanted = to_lower(name);
  for (const std::string_view candidate : names) {
    if (!wanted.empty() && to_lower(candidate).find(wanted) != std::string::npos) add(candidate);
  }
  return near;
}

}  // namespace

std::string_view CatalogRow::at(std::string_view field) const {
  for (const CatalogField& candidate : fields) {
    if (candidate.name == field) return candidate.value;
  }
  return {};
}

bool CatalogRow::is_doubtful(std::string_view field) const {
  return std::any_of(unverified.begin(), unverified.end(), [&](std::string_view name) {
    return name == "*" || name == field;
  });
}

std::span<const CatalogTable* const> catalog_tables() {
  return tables::catalog;
}

const CatalogTable* find_table(std::string_view name) {
  const std::string wanted = underscored(name);
  for (const CatalogTable* table : catalog_tables()) {
    if (table->name == wanted) return table;
  }
  return nullptr;
}

std::vector<const CatalogRow*> find_rows(const CatalogTable& table, std::string_view name) {
  if (name.empty()) return {};
  auto found = rows_where(table, [&](const CatalogRow& row) { return row.name == name; });
  if (found.empty()) {
    found = rows_where(table, [&](const CatalogRow& row) { return has_key(table, row, name); });
  }
  if (found.empty()) {
    found =
        rows_where(table, [&](const CatalogRow& row) { return lists(row.at("aliases"), name); });
  }
  if (found.empty()) {
    found = rows_where(table, [&](const CatalogRow& row) { return begins(name, row.name); });
  }
  return found;
}

std::vector<std::string> near_rows(const CatalogTable& table, std::string_view name) {
  const std::vector<std::string> gpus =
      table.name == "gpus" ? near_gpus(name, 3) : std::vector<std::string>();
  return gpus.empty() ? near_names(name, row_names(table)) : gpus;
}

std::vector<std::string> near_tables(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CatalogTable* table : catalog_tables())
    names.push_back(table->name);
  return near_names(underscored(name), names);
}

}  // namespace mlpack
