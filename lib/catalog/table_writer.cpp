#include "lib/catalog/table_writer.h"

#include "lib/text.h"

#include <fmt/format.h>

namespace mlpack {

std::string cpp_literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string TableWriter::list(const std::string& type, const std::vector<std::string>& items) {
  if (items.empty()) return "{}";
  const std::string content = join(items, ", ");
  const auto [known, is_new] =
      lists_.emplace(type + " " + content, fmt::format("list_{}", lists_.size()));
  const std::string& name = known->second;
  if (is_new) {
    text_ += fmt::format(
        "constexpr std::array<{}, {}> {}{{{{{}}}}};\n", type, items.size(), name, content);
  }
  return name;
}

std::string TableWriter::list(const std::vector<std::string>& texts) {
  std::vector<std::string> literals;
  literals.reserve(texts.size());
  for (const std::string& text : texts)
    literals.push_back(cpp_literal(text));
  return list("std::string_view", literals);
}

void TableWriter::array(const std::string& type,
                        const std::string& name,
                        const std::vector<std::string>& rows) {
  text_ += fmt::format("\nconstexpr std::array<{}, {}> {}{{{{\n", type, rows.size(), name);
  for (const std::string& row : rows)
    text_ += "    {" + row + "},\n";
  text_ += "}};\n";
}

void TableWriter::span_of(const std::string& type, const std::string& name) {
  exports_ += fmt::format("const std::span<const {}> {} = {}_rows;\n", type, name, name);
}

std::string TableWriter::finish() const {
  return "// Generated from templates/.\n#include \"lib/catalog/row_reader.h\"\n#include "
         "\"lib/catalog/tables.h\"\n\n#include <array>\n\n"
         "namespace mlpack::tables {\nnamespace {\n\n" +
         text_ + "\n}  // namespace\n\n" + exports_ + "\n}  // namespace mlpack::tables\n";
}

}  // namespace mlpack
