#include "lib/catalog/row.h"

#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

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

}  // namespace

const CatalogField* CatalogRow::find(std::string_view field) const {
  for (const CatalogField& candidate : fields) {
    if (candidate.name == field) return &candidate;
  }
  return nullptr;
}

std::string_view CatalogRow::at(std::string_view field) const {
  const CatalogField* const found = find(field);
  return found == nullptr ? std::string_view() : found->value;
}

bool CatalogRow::is_doubtful(std::string_view field) const {
  return std::any_of(unverified.begin(), unverified.end(), [&](std::string_view name) {
    return name == "*" || name == field;
  });
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

}  // namespace mlpack
