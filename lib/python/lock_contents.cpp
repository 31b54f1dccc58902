#include "lib/python/lock_contents.h"

#include "lib/error.h"
#include "lib/python/name.h"
#include "lib/python/pylock.h"
#include "lib/python/tags.h"
#include "lib/python/toml_text.h"
#include "lib/python/version.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

// Of a lock of a thousand packages, some ten thousand are looked at.
constexpr std::size_t most_dependencies = std::size_t{1} << 20;

using Tables = std::vector<const toml::table*>;
using TableSet = std::set<const toml::table*>;

std::string text_of(const toml::node* node) {
  return node == nullptr ? std::string() : node->value_exact<std::string>().value_or("");
}

const toml::array* array_of(const toml::node* node) {
  return node == nullptr ? nullptr : node->as_array();
}

std::vector<std::string> texts_of(const toml::node* node) {
  std::vector<std::string> texts;
  const toml::array* const list = array_of(node);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
    texts.push_back(text_of(list->get(i)));
  return texts;
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

  bool has_project() const { return project_ != nullptr; }

  // Of a workspace without a project of its own, everything.
  TableSet installed_in(const MarkerEnvironment& asked) {
    found_.clear();
    if (!has_project()) {
      for (const auto& [name, package] : packages_)
        found_.insert(package);
      return std::move(found_);
    }
    seen_.clear();
    looked_at_ = 0;
    const MarkerEnvironment image = with_conflicts(asked);
    need(project_->get("dependencies"), image);
    for (const std::string& extra : asked.extras)
      need(below(*project_, "optional-dependencies", extra), image);
    for (const std::string& group : asked.groups)
      need(below(*project_, "dev-dependencies", group), image);
    while (!open_.empty()) {
      const auto [package, extra] = std::move(open_.back());
      open_.pop_back();
      need(extra.empty() ? package->get("dependencies")
                         : below(*package, "optional-dependencies", extra),
           image);
    }
    return std::move(found_);
  }

 private:
  // Extras and groups of the project that are declared as conflicts are in the markers of all that
  // depends on them: `extra == 'extra-3-app-gpu'`, `extra == 'group-3-app-dev'`.
  MarkerEnvironment with_conflicts(MarkerEnvironment image) const {
    const std::string project = normalized_name(text_of(project_->get("name")));
    const auto name = [&](std::string_view what, const std::string& one) {
      return fmt::format("{}-{}-{}-{}", what, project.size(), project, one);
    };
    std::set<std::string, std::less<>> names;
    for (const std::string& extra : image.extras)
      names.insert(name("extra", extra));
    for (const std::string& group : image.groups)
      names.insert(name("group", group));
    image.extras.merge(names);
    return image;
  }

  // A package, and one of its extras; empty: the package itself.
  using Wanted = std::pair<const toml::table*, std::string>;

  void need(const toml::node* dependencies, const MarkerEnvironment& image) {
    for (const toml::table* dependency : tables_of(dependencies)) {
      const std::string marker = text_of(dependency->get("marker"));
      if (evaluate_marker(marker, image).value_or(true)) take(*dependency);
    }
  }

  // A dependency has a version where the package has several.
  void take(const toml::table& dependency) {
    const std::string version = text_of(dependency.get("version"));
    const auto [first, last] =
        packages_.equal_range(normalized_name(text_of(dependency.get("name"))));
    for (auto at = first; at != last; ++at) {
      count();
      const toml::table& package = *at->second;
      if (!version.empty() && version != text_of(package.get("version"))) continue;
      found_.insert(&package);
      want({&package, {}});
      for (std::string& extra : texts_of(dependency.get("extra")))
        want({&package, std::move(extra)});
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
  TableSet found_;
  std::vector<Wanted> open_;
  std::set<Wanted> seen_;
  std::size_t looked_at_ = 0;
};

std::string file_of(const toml::table& wheel) {
  const std::string name = text_of(wheel.get("filename"));
  if (!name.empty()) return name;
  const std::string path = text_of(wheel.get("path"));
  return path.empty() ? file_in_url(text_of(wheel.get("url"))) : path.substr(path.rfind('/') + 1);
}

void add_tags(std::vector<std::string> tags, PinnedPackage& package) {
  auto& all = package.wheel_tags;
  all.insert(all.end(), tags.begin(), tags.end());
}

PinnedPackage package_of(const toml::table& source) {
  PinnedPackage package{normalized_name(text_of(source.get("name"))),
                        text_of(source.get("version"))};
  if (!PythonVersion::parse(package.version)) package.version.clear();
  for (const toml::table* wheel : tables_of(source.get("wheels"))) {
    if (auto name = parse_wheel_name(file_of(*wheel))) add_tags(std::move(name->tags), package);
  }
  return package;
}

PinnedPackage package_of(const PylockPackage& source) {
  PinnedPackage package{source.name, source.version, source.requires_python};
  for (const PylockWheel& wheel : source.wheels)
    add_tags(wheel.name.tags, package);
  return package;
}

LockContents contents_of(const toml::table& root,
                         const fs::path& path,
                         std::span<const MarkerEnvironment> images) {
  LockContents lock;
  lock.python =
      PythonSpecifiers::parse(text_of(root.get("requires-python"))).value_or(PythonSpecifiers());
  lock.environments = texts_of(root.get("supported-markers"));
  UvLock reader(root, path);
  std::map<const toml::table*, std::size_t> known;
  for (const MarkerEnvironment& image : images) {
    auto& installed = lock.installed.emplace_back();
    for (const toml::table* const source : reader.installed_in(image)) {
      const auto [at, is_new] = known.emplace(source, lock.packages.size());
      installed.push_back(at->second);
      if (!is_new) continue;
      PinnedPackage& package = lock.packages.emplace_back(package_of(*source));
      // Whether it is installed at all is not known.
      if (!reader.has_project()) package.wheel_tags.clear();
    }
  }
  return lock;
}

LockContents contents_of(const Pylock& source, std::span<const MarkerEnvironment> images) {
  LockContents lock{source.requires_python, {}, source.environments};
  for (const PylockPackage& package : source.packages)
    lock.packages.push_back(package_of(package));
  for (MarkerEnvironment image : images) {
    image.groups.insert(source.default_groups.begin(), source.default_groups.end());
    auto& installed = lock.installed.emplace_back();
    for (std::size_t i = 0; i < source.packages.size(); ++i) {
      if (evaluate_marker(source.packages[i].marker, image).value_or(false)) installed.push_back(i);
    }
  }
  return lock;
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

LockContents lock_contents(std::string_view text,
                           const fs::path& path,
                           std::span<const MarkerEnvironment> images) {
  const bool is_of_uv = path.filename() == "uv.lock";
  return is_of_uv ? contents_of(parse_toml(text, path), path, images)
                  : contents_of(parse_pylock(text, path), images);
}

std::vector<LockedVersion> locked_versions(const LockContents& lock,
                                           std::span<const std::size_t> images) {
  std::map<std::string, std::set<std::string>> found;
  for (const std::size_t image : images) {
    for (const std::size_t index : lock.installed[image]) {
      const PinnedPackage& package = lock.packages[index];
      if (!package.version.empty()) found[package.name].insert(package.version);
    }
  }
  std::vector<LockedVersion> packages;
  for (const auto& [name, versions] : found) {
    if (auto version = common_version(versions)) packages.push_back({name, std::move(*version)});
  }
  return packages;
}

}  // namespace mlpack
