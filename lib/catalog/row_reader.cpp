#include "lib/catalog/row_reader.h"

#include "lib/error.h"
#include "lib/text.h"

#include <cstdint>

namespace mlpack {
namespace {

std::optional<unsigned> number_of(std::string_view text) {
  const auto number = parse_number(text, UINT32_MAX);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

// What was checked when it was read is there.
template <class Item>
std::vector<Item> converted_parts(std::span<const std::string_view> parts,
                                  std::optional<Item> (*convert)(std::string_view)) {
  std::vector<Item> items;
  for (const std::string_view part : parts) {
    if (const auto item = convert(part)) items.push_back(*item);
  }
  return items;
}

}  // namespace

Version RowReader::version(std::string_view column) const {
  const auto found = optional_version(column);
  if (!found) missing(column);
  return *found;
}

unsigned RowReader::number(std::string_view column) const {
  const auto found = optional_number(column);
  if (!found) missing(column);
  return *found;
}

std::optional<Version> RowReader::optional_version(std::string_view column) const {
  return Version::parse(row_.at(column));
}

std::optional<unsigned> RowReader::optional_number(std::string_view column) const {
  return number_of(row_.at(column));
}

std::span<const std::string_view> RowReader::texts(std::string_view column) const {
  const CatalogField* const field = row_.find(column);
  return field == nullptr ? std::span<const std::string_view>() : field->parts;
}

std::span<const Version> RowReader::versions(std::string_view column) {
  return pool_.list(converted_parts<Version>(texts(column), Version::parse));
}

std::span<const Version> RowReader::targets(std::string_view column) {
  return pool_.list(converted_parts<Version>(texts(column), version_of_target));
}

std::span<const unsigned> RowReader::numbers(std::string_view column) {
  return pool_.list(converted_parts<unsigned>(texts(column), number_of));
}

void RowReader::missing(std::string_view column) const {
  fail(Fault::internal, "the row {} of {} has no {}", row_.name, row_.table, column);
}

}  // namespace mlpack
