#include "layers/busybox.h"

#include "layers/deb_image_layer.h"
#include "layers/deb_layer.h"
#include "layers/deb_units.h"
#include "lib/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr const char* package_name = "busybox-static";

constexpr std::array<const char*, 26> programs{
    "[",    "cat",   "cp",   "du",    "echo", "env",  "false",     "find", "grep",
    "head", "ls",    "ln",   "mkdir", "mv",   "pwd",  "printf",    "ps",   "readlink",
    "rm",   "sleep", "stat", "sh",    "tar",  "test", "sha256sum", "true"};

// The file at `place` of the package, which is at usr/`place` since the merge.
RecipeEntry file_of(const DebUnit& unit, const std::string& place) {
  const auto& files = unit.listing.files;
  const auto found = std::find_if(files.begin(), files.end(), [&](const DebFile& file) {
    return file.kind == EntryKind::file && (file.path == place || file.path == "usr/" + place);
  });
  if (found == files.end()) {
    fail(Fault::incompatible,
         "the package `{}` {} holds no `/{}`",
         unit.package.name,
         unit.package.version,
         place);
  }
  RecipeEntry entry;
  entry.path = place;
  entry.mode = found->mode;
  entry.size = found->size;
  if (found->size > 0) entry.content = DebMember{unit.package.sha256, found->path};
  return entry;
}

const DebUnit& only_unit(const std::vector<DebUnit>& units) {
  const auto found = std::find_if(units.begin(), units.end(), [](const DebUnit& unit) {
    return unit.package.name == package_name;
  });
  if (units.size() == 1 && found != units.end()) return *found;
  fail(Fault::incompatible, "the package `{}` does not stand alone", package_name);
}

}  // namespace

LayerRecipe busybox_layer(DebianBase base, const DebianContext& context) {
  base.packages = {package_name};
  base.places.clear();
  base.installed.emplace();  // with nothing there, nothing is always wanted
  const std::vector<DebUnit> units = read_packages(resolve_debian(base, context), context);
  const DebUnit& unit = only_unit(units);
  const RootPaths nothing;
  LayerDraft draft("shell", nothing);
  draft.add(file_of(unit, "bin/busybox"));
  for (const char* program : programs)
    draft.add(made_link(fmt::format("bin/{}", program), "busybox"));
  draft.add(file_of(unit, fmt::format("usr/share/doc/{}/copyright", package_name)));
  draft.add(made_text(fmt::format("{}/{}", dpkg_status_folder, package_name),
                      unit.listing.control + "\n"));
  return draft.take();
}

}  // namespace mlpack
