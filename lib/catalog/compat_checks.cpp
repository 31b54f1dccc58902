#include "lib/catalog/compat_tables.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace mlpack {
namespace {

using Tables = std::span<const CatalogTable* const>;
using Views = std::vector<std::string_view>;

Views values_of(const CatalogRow& row, const CompatColumn& column) {
  const CatalogField* const field = row.find(column.name);
  if (field == nullptr) return {};
  if (!column.is_list()) return {field->value};
  return {field->parts.begin(), field->parts.end()};
}

class ReferenceCheck {
 public:
  explicit ReferenceCheck(Tables tables) : tables_(tables) {}

  std::vector<RowProblem> run() {
    for (const CatalogTable* table : tables_) {
      const TableShape shape(*table);
      for (const CompatColumn& column : shape.columns) {
        if (!column.refers.empty()) check_column(*table, column);
      }
    }
    return std::move(problems_);
  }

 private:
  using Values = std::set<std::string, std::less<>>;

  void check_column(const CatalogTable& table, const CompatColumn& column) {
    const Values& known = values_behind(column.refers);
    for (const CatalogRow& row : table.rows) {
      for (const std::string_view value : values_of(row, column)) {
        if (is_known(known, value)) continue;
        problems_.push_back(
            {&row,
             fmt::format("{}: `{}` is not in {}", column.name, printable(value), column.refers)});
      }
    }
  }

  // Of `table.column`, by its name.
  const Values& values_behind(const std::string& name) {
    const auto [known, is_new] = values_.try_emplace(name);
    if (!is_new) return known->second;
    for (const CatalogTable* table : tables_) {
      const TableShape shape(*table);
      for (const CompatColumn& column : shape.columns) {
        if (fmt::format("{}.{}", table->name, column.name) != name) continue;
        for (const CatalogRow& row : table->rows) {
          const Views values = values_of(row, column);
          known->second.insert(values.begin(), values.end());
        }
      }
    }
    return known->second;
  }

  // `10.2` stands for its only release, and `12.4.1` is a release of `12.4`.
  static bool is_known(const Values& known, std::string_view value) {
    if (known.contains(value)) return true;
    const std::string begin = fmt::format("{}.", value);
    const auto after = known.lower_bound(begin);
    return after != known.end() && after->starts_with(begin);
  }

  Tables tables_;
  std::map<std::string, Values> values_;
  std::vector<RowProblem> problems_;
};

const CatalogTable* find_in(Tables tables, std::string_view name) {
  for (const CatalogTable* table : tables) {
    if (table->name == name) return table;
  }
  return nullptr;
}

// `fleet` writes NAME:COUNT, and each name has to mean one thing.
class GpuNameCheck {
 public:
  std::vector<RowProblem> run(Tables tables) {
    for (const std::string_view name : {"gpus", "gpu_families"}) {
      const CatalogTable* const table = find_in(tables, name);
      if (table == nullptr) continue;
      for (const CatalogRow& row : table->rows) {
        add(row, row.name);
        const CatalogField* const models = row.find("models");
        if (models != nullptr && models->parts.empty()) {
          problems_.push_back({&row, "a family needs models"});
        }
        const CatalogField* const aliases = row.find("aliases");
        if (aliases == nullptr) continue;
        for (const std::string_view alias : aliases->parts)
          add(row, alias);
      }
    }
    return std::move(problems_);
  }

 private:
  void add(const CatalogRow& row, std::string_view name) {
    const auto [known, is_new] = names_.emplace(name, &row);
    if (name.find(':') != std::string_view::npos) {
      problems_.push_back({&row, fmt::format("the name `{}` holds a colon", printable(name))});
    } else if (!is_new) {
      problems_.push_back({&row,
                           fmt::format("the name `{}` is that of {} `{}`, too",
                                       printable(name),
                                       known->second->table,
                                       printable(known->second->name))});
    }
  }

  std::map<std::string_view, const CatalogRow*> names_;
  std::vector<RowProblem> problems_;
};

}  // namespace

std::vector<RowProblem> check_tables(Tables tables) {
  std::vector<RowProblem> problems = ReferenceCheck(tables).run();
  const std::vector<RowProblem> names = GpuNameCheck().run(tables);
  problems.insert(problems.end(), names.begin(), names.end());
  return problems;
}

}  // namespace mlpack
