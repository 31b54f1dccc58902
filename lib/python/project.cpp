#include "lib/python/project.h"

#include "lib/python/name.h"
#include "lib/python/toml_text.h"
#include "lib/python/version.h"

namespace mlpack {
namespace {

std::string text_at(const toml::table& root, std::string_view path) {
  return root.at_path(path).value<std::string>().value_or("");
}

}  // namespace

ProjectFile parse_project(std::string_view text, const fs::path& path) {
  const toml::table root = parse_toml(text, path);
  ProjectFile project;
  const bool is_poetry = !root.contains("project");
  const std::string name = text_at(root, is_poetry ? "tool.poetry.name" : "project.name");
  if (is_project_name(name)) project.name = normalized_name(name);
  const auto version =
      PythonVersion::parse(text_at(root, is_poetry ? "tool.poetry.version" : "project.version"));
  if (version) project.version = version->text();
  project.python = PythonSpecifiers::parse(text_at(root, "project.requires-python"))
                       .value_or(PythonSpecifiers{});
  if (root.at_path("tool.uv").is_table()) project.uv = ProjectFile::Uv::settings;
  if (root.at_path("tool.uv.workspace").is_table()) project.uv = ProjectFile::Uv::workspace;
  return project;
}

}  // namespace mlpack
