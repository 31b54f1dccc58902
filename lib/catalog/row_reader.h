#pragma once

#include "lib/catalog/catalog_pool.h"
#include "lib/catalog/row.h"
#include "lib/catalog/version.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mlpack {

/// The values of a row that was read and checked, as a typed row has them: for the functions that
/// the generator writes of each table (compat_writer.cpp). Lists go to the pool.
class RowReader {
 public:
  RowReader(const CatalogRow& row, CatalogPool& pool) : row_(row), pool_(pool) {}

  // Fault::internal where the value is not there.
  Version version(std::string_view column) const;
  unsigned number(std::string_view column) const;
  template <class Enum>
  Enum choice(std::string_view column,
              std::initializer_list<std::pair<std::string_view, Enum>> choices) const {
    for (const auto& [name, value] : choices) {
      if (name == row_.at(column)) return value;
    }
    missing(column);
  }

  // nullopt, empty or false where the value is not there.
  std::optional<Version> optional_version(std::string_view column) const;
  std::optional<unsigned> optional_number(std::string_view column) const;
  bool flag(std::string_view column) const { return row_.at(column) == "true"; }
  std::string_view text(std::string_view column) const { return row_.at(column); }
  std::span<const std::string_view> texts(std::string_view column) const;
  std::span<const Version> versions(std::string_view column);
  std::span<const Version> targets(std::string_view column);
  std::span<const unsigned> numbers(std::string_view column);

 private:
  [[noreturn]] void missing(std::string_view column) const;

  const CatalogRow& row_;
  CatalogPool& pool_;
};

}  // namespace mlpack
