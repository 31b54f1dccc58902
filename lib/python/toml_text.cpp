#include "lib/python/toml_text.h"

#include "lib/text.h"

#include <fmt/format.h>

namespace mlpack {

toml::table parse_toml(std::string_view text, const fs::path& path) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    const std::string why(error.description());
    throw Error(Fault::input,
                fmt::format("`{}` is no TOML", printable(path.string())),
                {},
                {{path.string(), at.line, at.column, printable(why)}});
  }
}

Where toml_where(const toml::node& node, const fs::path& path) {
  const toml::source_position at = node.source().begin;
  return {path.string(), at.line, at.column, {}};
}

}  // namespace mlpack
