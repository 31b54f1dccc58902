#include "lib/python/project.h"

#include "lib/python/toml_text.h"

namespace mlpack {

PythonSpecifiers project_python(std::string_view text, const fs::path& path) {
  const toml::table root = parse_toml(text, path);
  const auto wanted = root["project"]["requires-python"].value<std::string>();
  return PythonSpecifiers::parse(wanted.value_or("")).value_or(PythonSpecifiers{});
}

}  // namespace mlpack
