#include "layers/field_text.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {

void FieldWriter::add(std::string_view field) {
  text_ += fmt::format("{}:{}", field.size(), field);
}

void FieldWriter::add(std::uint64_t number) {
  add(std::string_view(std::to_string(number)));
}

std::string FieldReader::text() {
  const std::size_t colon = std::min(text_.find(':'), text_.size());
  const auto length = parse_number(text_.substr(0, colon), text_.size());
  if (!length || text_.size() - colon < *length + 1) {
    good_ = false;
    text_ = {};
    return {};
  }
  std::string field(text_.substr(colon + 1, *length));
  text_.remove_prefix(colon + 1 + *length);
  return field;
}

std::uint64_t FieldReader::number(std::uint64_t max) {
  const auto value = parse_number(text(), max);
  if (!value) good_ = false;
  return value.value_or(0);
}

}  // namespace mlpack
