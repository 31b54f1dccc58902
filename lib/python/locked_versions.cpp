#include "lib/python/locked_versions.h"

#include "lib/error.h"
#include "lib/python/name.h"
#include "lib/python/pylock.h"
#include "lib/python/toml_text.h"
#include "lib/python/version.h"
#include "lib/text.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

// Of a lock of a thousand packages, some ten thousand are looked at.
constexpr std::size_t most_dependencies = std::size_t{1} << 20;

using Versions = std::map<std::string, std::set<std::string>>;
using Tables = std::vector<const toml::table*>;

std::string text_of(const toml::node* node) {
  return node == nullptr ? std::string() : node->value_exact<std::string>().value_or("");
}

const toml::array* array_of(const toml::node* node) {
  return node == nullptr ? nullptr : node->as_array();
}

Tables tables_of(const toml::node* node) {
  Tables tables;
  const toml::array* const list = array_of(node);
  if (list == nullptr) return tables;
  for (const toml::node& item : *list) {
    if (item.as_table() != nullptr) tables.push_back(item.as_table());
  }
  return tables;
}

// `key` of the table that `table` has at `group`.
const toml::node* below(const toml::table& table, std::string_view group, std::string_view key) {
  const toml::node* const node = table.get(group);
  return node == nullptr || node->as_table() == nullptr ? nullptr : node->as_table()->get(key);
}

void note_version(const toml::table& package, Versions& found) {
  std::string version = text_of(package.get("version"));
  if (!PythonVersion::parse(version)) return;
  found[normalized_name(text_of(package.get("name")))].insert(std::move(version));
}

// From the project in the folder of a uv.lock to all that it needs.
class UvLock {
 public:
  UvLock(const toml::table& root, const fs::path& path) : path_(path) {
    for (const toml::table* package : tables_of(root.get("package"))) {
      packages_.emplace(normalized_name(text_of(package->get("name"))), package);
      const bool is_here = text_of(below(*package, "source", "virtual")) == "." ||
                           text_of(below(*package, "source", "editable")) == ".";
      if (is_here) project_ = package;
    }
  }

  // Of a workspace without a project of its own, everything.
  void add_for(const MarkerEnvironment& image, Versions& found) {
    if (project_ == nullptr) {
      for (const auto& [name, package] : packages_)
        note_version(*package, found);
      return;
    }
    seen_.clear();
    looked_at_ = 0;
    need(project_->get("dependencies"), image, found);
    for (const std::string& extra : image.extras)
      need(below(*project_, "optional-dependencies", extra), image, found);
    for (const std::string& group : image.groups)
      need(below(*project_, "dev-dependencies", group), image, found);
    while (!open_.empty()) {
      const auto [package, extra] = std::move(open_.back());
      open_.pop_back();
      need(extra.empty() ? package->get("dependencies")
                         : below(*package, "optional-dependencies", extra),
           image,
           found);
    }
  }

 private:
  // A package, and one of its extras; empty: the package itself.
  using Wanted = std::pair<const toml::table*, std::string>;

  void need(const toml::node* dependencies, const MarkerEnvironment& image, Versions& found) {
    for (const toml::table* dependency : tables_of(dependencies)) {
      const std::string marker = text_of(dependency->get("marker"));
      if (evaluate_marker(marker, image).value_or(true)) take(*dependency, found);
    }
  }

  // A dependency has a version where the package has several.
  void take(const toml::table& dependency, Versions& found) {
    const std::string version = text_of(dependency.get("version"));
    const auto [first, last] =
        packages_.equal_range(normalized_name(text_of(dependency.get("name"))));
    for (auto at = first; at != last; ++at) {
      count();
      const toml::table& package = *at->second;
      if (!version.empty() && version != text_of(package.get("version"))) continue;
      note_version(package, found);
      want({&package, {}});
      const toml::array* const extras = array_of(dependency.get("extra"));
      for (std::size_t i = 0; extras != nullptr && i < extras->size(); ++i)
        want({&package, text_of(extras->get(i))});
    }
  }

  void want(Wanted wanted) {
    count();
    if (seen_.insert(wanted).second) open_.push_back(std::move(wanted));
  }

  void count() {
    if (++looked_at_ <= most_dependencies) return;
    fail(Fault::input,
         "`{}` has more than {} dependencies",
         printable(path_.string()),
         most_dependencies);
  }

  const fs::path& path_;
  std::multimap<std::string, const toml::table*> packages_;
  const toml::table* project_ = nullptr;
  std::vector<Wanted> open_;
  std::set<Wanted> seen_;
  std::size_t looked_at_ = 0;
};

void add_pylock(const Pylock& lock, MarkerEnvironment image, Versions& found) {
  image.groups.insert(lock.default_groups.begin(), lock.default_groups.end());
  for (const PylockPackage& package : lock.packages) {
    const bool is_installed = evaluate_marker(package.marker, image).value_or(false);
    if (is_installed && !package.version.empty()) found[package.name].insert(package.version);
  }
}

Versions versions_in(std::string_view text,
                     const fs::path& path,
                     const std::vector<MarkerEnvironment>& images) {
  Versions found;
  if (path.filename() != "uv.lock") {
    const Pylock lock = parse_pylock(text, path);
    for (const MarkerEnvironment& image : images)
      add_pylock(lock, image, found);
    return found;
  }
  const toml::table root = parse_toml(text, path);
  UvLock lock(root, path);
  for (const MarkerEnvironment& image : images)
    lock.add_for(image, found);
  return found;
}

// `2.9.0` of `2.9.0+cu128` and `2.9.0`; nullopt where they are of several releases.
std::optional<std::string> common_version(const std::set<std::string>& versions) {
  if (versions.size() == 1) return *versions.begin();
  std::optional<PythonVersion> common;
  for (const std::string& text : versions) {
    const PythonVersion version = PythonVersion::parse(text)->public_version();
    if (common && !(*common == version)) return std::nullopt;
    common = version;
  }
  return common->text();
}

}  // namespace

std::vector<LockedVersion> locked_versions(std::string_view text,
                                           const fs::path& path,
                                           const std::vector<MarkerEnvironment>& images) {
  std::vector<LockedVersion> packages;
  for (const auto& [name, versions] : versions_in(text, path, images)) {
    if (auto version = common_version(versions)) packages.push_back({name, std::move(*version)});
  }
  return packages;
}

}  // namespace mlpack
