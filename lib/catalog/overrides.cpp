#include "lib/catalog/overrides.h"

#include "lib/catalog/compat_tables.h"
#include "lib/catalog/each_table.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_files = 1000;  // of a folder
constexpr std::uint64_t most_bytes = 1 << 20;

bool is_yaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

// In the order of their names.
std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (is_yaml(entry->path())) files.push_back(entry->path());
    if (files.size() > most_files) {
      fail(Fault::input,
           "`{}` has more than {} files with rows for the catalog",
           printable(folder.string()),
           most_files);
    }
  }
  if (failed) {
    fail(Fault::input,
         "the folder `{}` with rows for the catalog could not be read: {}",
         printable(folder.string()),
         failed.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void add_problem(Problems& problems, const Error& error) {
  if (error.where().empty()) return problems.add({}, error.what(), error.hint());
  const Where& where = error.where().front();
  problems.add({where.line, where.column}, where.message, error.hint());
}

// `FILE:LINE:COLUMN`.
Where place_of(const CatalogRow& row) {
  const auto cut = [](std::string_view& text) {
    const std::size_t colon = text.rfind(':');
    const auto number = parse_number(text.substr(colon + 1), SIZE_MAX);
    text = text.substr(0, colon);
    return static_cast<std::size_t>(number.value_or(0));
  };
  std::string_view text = row.origin;
  const std::size_t column = cut(text);
  const std::size_t line = cut(text);
  return {std::string(text), line, column, {}};
}

// What files change of a table.
struct TableChange {
  std::vector<CatalogRow> rows;
  std::string_view as_of;  // empty: as it was
};

using Changes = std::map<const CatalogTable*, TableChange>;

// Reads the files of one folder, in which a row is there once.
class FolderReader {
 public:
  explicit FolderReader(CatalogPool& pool) : pool_(pool) {}

  void read(const fs::path& path) {
    Problems problems(path, Fault::input);
    const TemplateNode root = parse_template(read_file(path, most_bytes), problems);
    if (root.kind != TemplateNode::Kind::map && !root.is_null()) {
      problems.fatal(root.place, "this must be a map of tables", "write `TABLE: {rows: […]}`");
    }
    for (std::size_t i = 0; i < root.keys.size(); ++i)
      read_table(root, i, problems);
    problems.raise_if_any();
  }

  Changes take() { return std::move(changes_); }

 private:
  void read_table(const TemplateNode& root, std::size_t index, Problems& problems) {
    const Catalog& known = Catalog::built_in();
    const std::string& name = root.keys[index];
    const CatalogTable* const table = known.find_table(name);
    if (table == nullptr || table->name != name) {
      const std::vector<std::string> near = known.near_tables(name);
      problems.add(root.key_places[index],
                   fmt::format("the catalog has no table `{}`", printable(name)),
                   near.empty() ? "`mlpack catalog` lists the tables"
                                : fmt::format("did you mean `{}`?", join(near, "`, `")));
      return;
    }
    try {
      read_rows_of(*table, root.items[index], problems);
    } catch (const Error& error) {
      add_problem(problems, error);
    }
  }

  void read_rows_of(const CatalogTable& table, const TemplateNode& node, Problems& problems) {
    TemplateMap map(node);
    map.allow({"rows", "source", "retrieved", "as_of"});
    TableChange& change = changes_[&table];
    if (map.has("as_of")) change.as_of = pool_.text(map.text("as_of"));
    const auto on_bad_row = [&](const Error& error) { add_problem(problems, error); };
    const TableShape shape(table);
    for (CatalogRow& row : read_rows(shape, map, problems.file(), pool_, on_bad_row)) {
      const auto [first, is_new] = origins_.emplace(std::pair(table.name, row.name), row.origin);
      // In one file it was found already.
      const bool is_repeated = !is_new && !first->second.starts_with(problems.file() + ":") &&
                               table.names == CatalogTable::Names::unique;
      if (is_repeated) {
        const Where where = place_of(row);
        problems.add({where.line, where.column},
                     fmt::format("`{}` of {} is in {}, too",
                                 printable(row.name),
                                 table.name,
                                 printable(first->second)));
      }
      change.rows.push_back(row);
    }
  }

  CatalogPool& pool_;
  Changes changes_;
  std::map<std::pair<std::string_view, std::string_view>, std::string_view> origins_;
};

std::set<std::string_view> names_of(const std::vector<CatalogRow>& rows) {
  std::set<std::string_view> names;
  for (const CatalogRow& row : rows)
    names.insert(row.name);
  return names;
}

// Rows of `later` win.
void merge_into(Changes& changes, Changes later) {
  for (auto& [table, change] : later) {
    TableChange& known = changes[table];
    const std::set<std::string_view> names = names_of(change.rows);
    std::erase_if(known.rows, [&](const CatalogRow& row) { return names.contains(row.name); });
    known.rows.insert(known.rows.end(), change.rows.begin(), change.rows.end());
    if (!change.as_of.empty()) known.as_of = change.as_of;
  }
}

// A table with what changed, and for each of its rows the one that is compiled in, or nullptr.
struct MergedTable {
  CatalogTable table;
  std::vector<const CatalogRow*> before;
};

// A few rows of the user's do not make what is compiled in younger.
std::string_view newest(const MergedTable& merged, std::span<const CatalogRow> rows) {
  std::string_view built_in;
  std::string_view any;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    any = std::max(any, rows[i].retrieved);
    if (merged.before[i] != nullptr) built_in = std::max(built_in, rows[i].retrieved);
  }
  return built_in.empty() ? any : built_in;
}

// The first row that is replaced gives those that replace it their place.
MergedTable merged(const CatalogTable& table, const TableChange& change, CatalogPool& pool) {
  MergedTable result{table, {}};
  std::vector<CatalogRow> rows;
  std::multimap<std::string_view, const CatalogRow*> by_name;
  for (const CatalogRow& row : change.rows)
    by_name.emplace(row.name, &row);
  std::set<std::string_view> placed;
  const auto place = [&](std::string_view name) {
    if (!placed.insert(name).second) return;
    const auto [begin, end] = by_name.equal_range(name);
    for (auto found = begin; found != end; ++found) {
      rows.push_back(*found->second);
      result.before.push_back(nullptr);
    }
  };
  for (const CatalogRow& row : table.rows) {
    if (by_name.contains(row.name)) {
      place(row.name);
    } else {
      rows.push_back(row);
      result.before.push_back(&row);
    }
  }
  for (const CatalogRow& row : change.rows)
    place(row.name);
  result.table.retrieved = newest(result, rows);
  if (!change.as_of.empty()) result.table.as_of = change.as_of;
  result.table.rows = pool.list(std::move(rows));
  return result;
}

using MergedTables = std::map<const CatalogTable*, MergedTable>;

template <class Row>
std::span<const Row> typed_rows(const TypedTable<Row>& table,
                                const MergedTables& changed,
                                CatalogPool& pool) {
  const auto found = changed.find(table.table);
  if (found == changed.end()) return table.rows;
  const MergedTable& merged = found->second;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < merged.before.size(); ++i) {
    const CatalogRow& row = merged.table.rows[i];
    if (merged.before[i] == nullptr) {
      rows.push_back(table.read(row, pool));
    } else {
      rows.push_back(
          table.rows[static_cast<std::size_t>(merged.before[i] - table.table->rows.data())]);
      rows.back().row = &row;
    }
  }
  return pool.list(std::move(rows));
}

// A row that is compiled in may lean on one that was replaced by something else.
void require_consistent(std::span<const CatalogTable* const> tables,
                        std::span<const fs::path> folders) {
  std::vector<Where> places;
  for (const RowProblem& problem : check_tables(tables)) {
    const CatalogRow& row = *problem.row;
    Where where = row.origin.empty() ? Where{folders.back(), 0, 0, {}} : place_of(row);
    where.message =
        row.origin.empty()
            ? fmt::format(
                  "with these rows `{}` of {} is wrong: {}", row.name, row.table, problem.message)
            : problem.message;
    places.push_back(std::move(where));
  }
  if (places.empty()) return;
  throw Error(Fault::input,
              fmt::format("the catalog with the rows of `{}` does not hold together",
                          printable(folders.back().string())),
              "see `mlpack catalog TABLE` for what is there",
              std::move(places));
}

Catalog changed_catalog(const Changes& changes,
                        std::span<const fs::path> folders,
                        const std::shared_ptr<CatalogPool>& pool) {
  MergedTables changed;
  for (const auto& [table, change] : changes)
    changed.emplace(table, merged(*table, change, *pool));
  CatalogData data;
  data.other_vendors = tables::other_vendors;
  std::vector<const CatalogTable*> all;
  for (const CatalogTable* table : tables::catalog) {
    const auto found = changed.find(table);
    all.push_back(found == changed.end() ? table : pool->keep(found->second.table));
  }
  data.all = pool->list(std::move(all));
  require_consistent(data.all, folders);
  each_typed_table(
      data, [&](auto& rows, const auto& table) { rows = typed_rows(table, changed, *pool); });
  return Catalog(data, pool);
}

}  // namespace

Catalog load_catalog(std::span<const fs::path> folders) {
  const auto pool = std::make_shared<CatalogPool>();
  Changes changes;
  for (const fs::path& folder : folders) {
    FolderReader reader(*pool);
    for (const fs::path& file : yaml_files(folder))
      reader.read(file);
    merge_into(changes, reader.take());
  }
  return changes.empty() ? Catalog::built_in() : changed_catalog(changes, folders, pool);
}

}  // namespace mlpack
