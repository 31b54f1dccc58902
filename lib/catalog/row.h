#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace mlpack {

// The compatibility data of templates/compat as anyone may look at it: tables of rows of text. What
// code decides with is typed, in compat.h and gpus.h; a typed row leads to its row here. Everything
// lives as long as its Catalog.

struct CatalogField {
  std::string_view name;
  std::string_view value;  // of a list its parts, with commas
  std::span<const std::string_view> parts = {};
};

struct CatalogRow {
  std::string_view table;  // `cuda_toolkits`
  std::string_view name;   // what its key columns say: `12.4.1`, `2.5.1+cu124`
  /// The documents that say so; never empty.
  std::span<const std::string_view> sources;
  std::string_view retrieved;  // when they were read: `2026-11`
  /// The columns that no document confirms; `*`: none of them is confirmed.
  std::span<const std::string_view> unverified;
  /// In the order of the columns; what is not known is left out.
  std::span<const CatalogField> fields;
  /// `mlpack.d/gpus.yaml:4:7`; empty: it is compiled in.
  std::string_view origin = {};

  /// The value of the column `field`; empty where it is not known.
  std::string_view at(std::string_view field) const;
  /// nullptr where it is not known.
  const CatalogField* find(std::string_view field) const;
  bool is_doubtful(std::string_view field) const;
};

struct CatalogColumn {
  std::string_view name;
  std::string_view kind;  // as compat_columns.h reads it
};

struct CatalogTable {
  std::string_view name;
  std::string_view about;      // what a row of it says
  std::string_view as_of;      // the newest release that the sources knew
  std::string_view retrieved;  // of its newest row
  std::span<const std::string_view> keys;
  std::string_view joint;  // what stands between keys in a name
  /// Whether several rows may have one name.
  enum class Names { unique, repeated } names;
  std::span<const CatalogColumn> columns;
  std::span<const CatalogRow> rows;
};

/// The row that is called `name`; else all with `name` in a key column (`vllm`), in a list of other
/// names, or at the beginning of theirs (`12.4`). Upper and lower case matter.
std::vector<const CatalogRow*> find_rows(const CatalogTable& table, std::string_view name);

}  // namespace mlpack
