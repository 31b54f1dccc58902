#include "layers/deb_image.h"

#include "layers/deb_image_layer.h"
#include "layers/deb_stanza.h"
#include "layers/deb_units.h"
#include "layers/image_root.h"
#include "lib/catalog/distributions.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

constexpr const char* other_base = "take a base of Debian or Ubuntu, or one that has the packages";

// The value of `NAME=value` in os-release(5), without its quotes; empty where there is none.
std::string os_field(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name) || line.substr(name.size(), 1) != "=") continue;
    std::string_view value = trim(line.substr(name.size() + 1));
    const bool quoted = value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
                        value.front() == value.back();
    if (quoted) value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

std::string os_release(const RootPaths& root, const std::string& base) {
  for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
    if (const auto text = text_in(root, path)) return *text;
  }
  throw Error(Fault::incompatible,
              fmt::format("nothing in the base `{}` says which distribution it is of: it has no "
                          "/etc/os-release",
                          base),
              other_base);
}

// As people know it: `Alpine Linux v3.20`.
std::string title_of(const std::string& release) {
  for (const char* field : {"PRETTY_NAME", "NAME", "ID"}) {
    const std::string value = os_field(release, field);
    if (!value.empty()) return printable(value);
  }
  return "a distribution without a name";
}

bool is_of(const Distribution& row, const std::string& release) {
  const bool ubuntu = row.family == Distribution::Family::ubuntu;
  if (os_field(release, "ID") != (ubuntu ? "ubuntu" : "debian")) return false;
  const std::string codename = os_field(release, "VERSION_CODENAME");
  return codename.empty() ? os_field(release, "VERSION_ID") == row.version
                          : codename == row.codename;
}

bool is_installed(const std::string& paragraph) {
  const std::string_view status = deb_field(paragraph, "Status");
  const std::string_view state = status.substr(std::min(status.rfind(' ') + 1, status.size()));
  return state != "not-installed" && state != "config-files" && state != "half-installed";
}

// Only the package manager's own architecture satisfies a dependency, unless the package says so.
bool counts(const std::string& paragraph, const std::string& architecture) {
  const std::string_view own = deb_field(paragraph, "Architecture");
  return is_installed(paragraph) && !deb_field(paragraph, "Package").empty() &&
         !deb_field(paragraph, "Version").empty() &&
         (own.empty() || own == "all" || own == architecture ||
          deb_field(paragraph, "Multi-Arch") == "foreign");
}

}  // namespace

std::string codename_of_image(const RootPaths& root, const std::string& base) {
  const std::string release = os_release(root, base);
  const auto rows = distributions();
  const auto found = std::find_if(
      rows.begin(), rows.end(), [&](const Distribution& row) { return is_of(row, release); });
  if (found != rows.end()) return std::string(found->codename);
  const std::string id = os_field(release, "ID");
  if (id != "debian" && id != "ubuntu") {
    throw Error(
        Fault::incompatible,
        fmt::format(
            "the base `{}` is {}, whose packages mlpack cannot install", base, title_of(release)),
        other_base);
  }
  std::vector<std::string_view> names;
  for (const Distribution& row : rows)
    names.push_back(row.codename);
  throw Error(
      Fault::incompatible,
      fmt::format(
          "the base `{}` is {}, a release that mlpack does not know", base, title_of(release)),
      fmt::format("it knows {}", fmt::join(names, ", ")));
}

std::vector<std::string> packages_of_image(const RootPaths& root,
                                           const std::string& base,
                                           const Platform& platform) {
  std::string text = text_in(root, dpkg_status).value_or("");
  for (const RecipeEntry* entry : root.children(root.resolve(dpkg_status_folder)))
    text += "\n\n" + text_in(root, entry->path).value_or("");
  std::vector<std::string> found = deb_paragraphs(text);
  const std::string architecture = debian_architecture(platform);
  std::erase_if(found,
                [&](const std::string& paragraph) { return !counts(paragraph, architecture); });
  if (found.empty()) {
    throw Error(Fault::incompatible,
                fmt::format("the base `{}` has no list of its packages: nothing is installed by "
                            "/{} or /{}",
                            base,
                            dpkg_status,
                            dpkg_status_folder),
                "without it nobody knows what is missing: take a base that kept its list");
  }
  return found;
}

DebianPlan resolve_on_image(const ImagePackages& wanted,
                            const RootPaths& root,
                            const DebianContext& context) {
  DebianBase base;
  base.codename = codename_of_image(root, wanted.base);
  base.platform = wanted.platform;
  base.packages = wanted.packages;
  base.places = wanted.places;
  base.installed = packages_of_image(root, wanted.base, wanted.platform);
  return resolve_debian(base, context);
}

std::optional<LayerRecipe> layer_on_image(const DebianPlan& plan,
                                          const RootPaths& root,
                                          const DebianContext& context) {
  if (plan.packages.empty()) return std::nullopt;
  return assemble_on_image(read_packages(plan, context), root);
}

}  // namespace mlpack
