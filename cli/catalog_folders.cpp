#include "cli/catalog_folders.h"

#include "lib/catalog/overrides.h"
#include "lib/error.h"
#include "lib/spec/spec.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <vector>

namespace mlpack {
namespace {

void require_folder(const fs::path& path, const std::string& what) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return;
  const std::string name = printable(path.string());
  const bool is_there = fs::exists(path, failed);
  throw Error(Fault::input,
              is_there ? fmt::format("{} `{}` is no folder", what, name)
                       : fmt::format("{} `{}` does not exist", what, name),
              "it is a folder with YAML files: `TABLE: {rows: […]}`, see mlpack-catalog(1)");
}

}  // namespace

Catalog catalog_in(const fs::path& folder, const World& world) {
  std::vector<fs::path> folders;
  const fs::path beside = folder / "mlpack.d";
  std::error_code failed;
  if (fs::exists(fs::symlink_status(beside, failed))) {
    require_folder(beside, "the catalog beside the spec");
    folders.push_back(beside);
  }
  if (!world.settings.catalog.empty()) {
    require_folder(world.settings.catalog, "the folder of `--catalog`");
    folders.push_back(world.settings.catalog);
  }
  return load_catalog(folders);
}

Catalog catalog_of_spec(const std::string& path, const World& world) {
  return catalog_in(spec_file(path).parent_path(), world);
}

}  // namespace mlpack
