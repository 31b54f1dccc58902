#include "lib/catalog/compat_columns.h"

#include "lib/catalog/version.h"
#include "lib/date.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>

namespace mlpack {
namespace {

bool contains(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool fits(const CompatColumn& column, const std::string& part) {
  const std::string& kind = column.kind;
  if (kind == "version" || kind == "versions") return Version::parse(part).has_value();
  if (kind == "number" || kind == "numbers") return parse_number(part, UINT32_MAX).has_value();
  if (kind == "targets") return version_of_target(part).has_value();
  if (kind == "date") return parse_date(part).has_value();
  if (kind == "flag") return part == "true" || part == "false";
  if (kind == "enum") return contains(column.values, part);
  return !part.empty();
}

// What a value must be, where the name of the kind does not say it.
std::string wrong_part(const CompatColumn& column, const std::string& part) {
  const std::string shown = printable(part.substr(0, 60));
  if (column.kind == "enum") {
    return fmt::format("{}: `{}` is none of {}", column.name, shown, join(column.values, ", "));
  }
  std::string kind = column.kind;
  if (column.is_list()) kind.pop_back();
  return fmt::format("{}: `{}` is no {}", column.name, shown, kind);
}

}  // namespace

CompatColumn::CompatColumn(std::string column_name, std::string_view description)
    : name(std::move(column_name)) {
  const std::vector<std::string_view> words = split(description, ' ');
  kind = words.front();
  if (kind.ends_with('?')) {
    is_optional = true;
    kind.pop_back();
  }
  const std::vector<std::string> kinds{"text",
                                       "texts",
                                       "version",
                                       "versions",
                                       "number",
                                       "numbers",
                                       "targets",
                                       "date",
                                       "flag",
                                       "enum"};
  if (!contains(kinds, kind)) fail(Fault::input, "no column is of the kind {}", kind);
  for (const std::string_view word : std::span(words).subspan(1)) {
    if (kind == "enum" && type.empty()) {
      type = word;
    } else if (kind == "enum") {
      values.emplace_back(word);
    } else if (word == "shown") {
      is_shown = true;
    } else if (word.starts_with('@')) {
      refers = word.substr(1);
    } else {
      fail(Fault::input, "`{}` says nothing of a column", word);
    }
  }
}

std::vector<std::string> CompatColumn::parts(const TemplateNode& value) const {
  if (value.is_null() && !is_optional) reject(value, name + " must not be null");
  if (!value.is_null() && is_list() != (value.kind == TemplateNode::Kind::list)) {
    reject(value, fmt::format("{} must be {}", name, is_list() ? "a list" : "one value"));
  }
  std::vector<std::string> found = value.texts();
  for (const std::string& part : found) {
    if (!fits(*this, part)) reject(value, wrong_part(*this, part));
  }
  return found;
}

bool CompatColumn::is_list() const {
  return kind.ends_with('s');
}

}  // namespace mlpack
