#include "lib/python/uv_lock.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace mlpack;

namespace {

using Texts = std::vector<std::string>;

// As uv 0.13 writes it, without what is not read.
constexpr const char* workspace_lock = R"(version = 1
revision = 5
requires-python = ">=3.11"

[manifest]
members = ["lib", "root"]
constraints = [{ name = "foo", specifier = ">=1,<2" }]

[[package]]
name = "ext"
version = "1"
source = { editable = "../ext" }

[[package]]
name = "six"
version = "1.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "lib"
version = "1"
source = { editable = "packages/lib" }

[[package]]
name = "root"
version = "1"
source = { virtual = "." }

[package.metadata]
requires-dist = [
    { name = "ext", editable = "../ext" },
    { name = "lib", extras = ["q"], marker = "python_full_version < '3.13' and extra == 'fast'", editable = "packages/lib" },
    { name = "root", extras = ["fast"], marker = "extra == 'all'" },
    { name = "six", specifier = ">=1,<2.0" },
]
provides-extras = ["fast", "all"]

[package.metadata.requires-dev]
all = [{ name = "six", specifier = "==1.*" }]
dev = [{ name = "six", specifier = "==1.*" }]
)";

constexpr const char* root_project = R"([project]
name = "root"
version = "1"
dependencies = ["Six <2.0, >= 1", "ext>=0.5"]
[project.optional-dependencies]
fast = ["lib[q] > 3 ; python_version < '3.13'"]
all = ["root[fast]"]
[dependency-groups]
dev = ["six==1.*"]
all = [{include-group = "dev"}]
[tool.uv]
constraint-dependencies = ["foo>=1,<2"]
)";

Texts differences(const std::map<std::string, std::string>& files) {
  Texts texts;
  for (const Where& where :
       uv_lock_differences(workspace_lock, "/ws/uv.lock", [&](const fs::path& path) {
         const auto found = files.find(path.string());
         return found == files.end() ? std::nullopt : std::optional(found->second);
       })) {
    texts.push_back(where.file + ": " + where.message);
  }
  return texts;
}

std::string with(std::string text, const std::string& old, const std::string& now) {
  return text.replace(text.find(old), old.size(), now);
}

}  // namespace

TEST_CASE("a uv.lock says which folders it was made of") {
  CHECK(uv_lock_folders(workspace_lock, "/ws/uv.lock") ==
        std::vector<fs::path>{"/ext", "/ws/packages/lib", "/ws"});
}

TEST_CASE("a uv.lock agrees with the projects that it was made of") {
  const std::string lib = "[project]\nname = \"lib\"\nversion = \"1\"\n";
  CHECK(differences({}).empty());
  CHECK(
      differences({{"/ws/pyproject.toml", root_project}, {"/ws/packages/lib/pyproject.toml", lib}})
          .empty());
}

TEST_CASE("what a project asks for since a uv.lock was made is told") {
  const auto told = [](const std::string& old, const std::string& now) {
    return differences({{"/ws/pyproject.toml", with(root_project, old, now)}});
  };
  const std::string at = "/ws/pyproject.toml: ";
  CHECK(told("\"ext>=0.5\"", "\"ext\", \"new==1\"") == Texts{at + "the lock is without `new==1`"});
  CHECK(told(", \"ext>=0.5\"", "") == Texts{at + "the lock alone has `ext`"});
  CHECK(told("<2.0", "<3.0") ==
        Texts{at + "the lock is without `six<3.0,>=1`", at + "the lock alone has `six<2.0,>=1`"});
  CHECK(told("dev = [\"six==1.*\"]", "dev = []") ==
        Texts{at + "the lock alone has `six==1.*` of the group all",
              at + "the lock alone has `six==1.*` of the group dev"});
  CHECK(told("fast = [", "fast = [\"new\", ") ==
        Texts{at + "the lock is without `new` of the extra fast"});
  CHECK(told("foo>=1,<2", "foo>=1,<3") ==
        Texts{at + "the lock is without `foo<3,>=1` of the constraints",
              at + "the lock alone has `foo<2,>=1` of the constraints"});
  CHECK(told("version = \"1\"", "dynamic = [\"dependencies\"]") == Texts{});
}
