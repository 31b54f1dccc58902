#include "lib/python/uv_lock.h"

#include "lib/python/name.h"
#include "lib/python/requirement.h"
#include "lib/python/toml_text.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t deepest_group = 20;

std::string text_in(const toml::table& table, std::string_view key) {
  return table[key].value<std::string>().value_or("");
}

template <typename Use>
void for_each_in(const toml::node_view<const toml::node> list, const Use& use) {
  const toml::array* const items = list.as_array();
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i)
    use(*items->get(i));
}

// The folder of a package that is on disk, as the lock names it.
std::optional<std::string> folder_of(const toml::table& package) {
  for (const char* const kind : {"virtual", "editable", "directory"}) {
    if (auto folder = package["source"][kind].value<std::string>()) return folder;
  }
  return std::nullopt;
}

fs::path folder_at(const fs::path& lock, const std::string& folder) {
  const fs::path path = (lock.parent_path() / folder / ".").lexically_normal();
  return path.has_parent_path() && !path.has_filename() ? path.parent_path() : path;
}

// Something that is needed, wherever that is said.
struct Need {
  std::string group;  // `extra fast`, `group dev`; empty: always
  std::string name;
  std::string versions;  // normal form
  enum class From { index, elsewhere } from = From::index;

  bool is_met_by(const Need& other) const {
    if (std::tie(group, name) != std::tie(other.group, other.name)) return false;
    const bool is_elsewhere = from == From::elsewhere || other.from == From::elsewhere;
    return is_elsewhere || versions == other.versions;
  }
  std::string shown() const {
    return fmt::format("`{}{}`{}{}",
                       printable(name),
                       printable(versions),
                       group.empty() ? "" : " of the ",
                       printable(group));
  }
};

using Needs = std::vector<Need>;

void add_requirement(const toml::node& node, const std::string& group, Needs& needs) {
  const auto read = parse_requirement(node.value<std::string>().value_or(""));
  if (!read) return;
  needs.push_back({group,
                   read->name,
                   read->versions.text(),
                   read->url.empty() ? Need::From::index : Need::From::elsewhere});
}

// Of dependency groups (PEP 735), which name each other.
void add_group(const toml::table& groups,
               const std::string& name,
               const std::string& as,
               std::size_t depth,
               Needs& needs) {
  if (depth == deepest_group) return;
  for (const auto& [key, items] : groups) {
    if (normalized_name(key.str()) != name) continue;
    for_each_in(toml::node_view<const toml::node>(items), [&](const toml::node& item) {
      const toml::table* const table = item.as_table();
      if (table == nullptr) return add_requirement(item, as, needs);
      const std::string other = text_in(*table, "include-group");
      if (!other.empty()) add_group(groups, normalized_name(other), as, depth + 1, needs);
    });
  }
}

Needs needs_of_project(const toml::table& root) {
  Needs needs;
  const auto add_all = [&](const auto& list, const std::string& group) {
    for_each_in(list, [&](const toml::node& item) { add_requirement(item, group, needs); });
  };
  add_all(root["project"]["dependencies"], "");
  if (const auto* const extras = root["project"]["optional-dependencies"].as_table()) {
    for (const auto& [name, items] : *extras)
      add_all(toml::node_view<const toml::node>(items), "extra " + normalized_name(name.str()));
  }
  if (const auto* const groups = root["dependency-groups"].as_table()) {
    for (const auto& [name, items] : *groups) {
      const std::string normal = normalized_name(name.str());
      add_group(*groups, normal, "group " + normal, 0, needs);
    }
  }
  add_all(root["tool"]["uv"]["dev-dependencies"], "group dev");
  return needs;
}

// `extra == 'fast'`, where uv puts it: at the end.
std::string extra_of(const std::string& marker) {
  constexpr std::string_view mark = "extra == '";
  const std::size_t at = marker.rfind(mark);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + mark.size();
  return "extra " + normalized_name(marker.substr(begin, marker.find('\'', begin) - begin));
}

void add_locked(const toml::node& node, const std::string& group, Needs& needs) {
  const toml::table* const table = node.as_table();
  if (table == nullptr) return;
  const auto versions = PythonSpecifiers::parse(text_in(*table, "specifier"));
  Need need{group, normalized_name(text_in(*table, "name")), versions ? versions->text() : "", {}};
  if (group.empty()) need.group = extra_of(text_in(*table, "marker"));
  for (const char* const source : {"git", "url", "path", "directory", "editable", "virtual"}) {
    if (table->contains(source)) need.from = Need::From::elsewhere;
  }
  needs.push_back(std::move(need));
}

Needs needs_of_lock(const toml::table& package) {
  Needs needs;
  const auto metadata = package["metadata"];
  for_each_in(metadata["requires-dist"],
              [&](const toml::node& item) { add_locked(item, {}, needs); });
  if (const auto* const groups = metadata["requires-dev"].as_table()) {
    for (const auto& [name, items] : *groups) {
      const std::string group = "group " + normalized_name(name.str());
      for_each_in(toml::node_view<const toml::node>(items),
                  [&](const toml::node& item) { add_locked(item, group, needs); });
    }
  }
  return needs;
}

bool is_dynamic(const toml::table& root) {
  bool found = !root["project"].is_table();
  for_each_in(root["project"]["dynamic"], [&](const toml::node& item) {
    const std::string name = item.value<std::string>().value_or("");
    found = found || name == "dependencies" || name == "optional-dependencies";
  });
  return found;
}

// A project may name itself, for its extras.
void compare_needs(
    Needs wanted, Needs locked, const std::string& self, const Where& where, auto& lines) {
  const auto is_self = [&](const Need& need) { return need.name == self; };
  std::erase_if(wanted, is_self);
  std::erase_if(locked, is_self);
  const auto add_missing = [&](const Needs& of, const Needs& in, const char* words) {
    for (const Need& need : of) {
      const bool is_there = std::any_of(
          in.begin(), in.end(), [&](const Need& other) { return need.is_met_by(other); });
      if (is_there) continue;
      lines.push_back(where);
      lines.back().message = fmt::format("{} {}", words, need.shown());
    }
  };
  add_missing(wanted, locked, "the lock is without");
  add_missing(locked, wanted, "the lock alone has");
}

constexpr std::array<std::pair<const char*, const char*>, 2> uv_rules{
    {{"constraint-dependencies", "constraints"}, {"override-dependencies", "overrides"}}};

void compare_rules(const toml::table& project,
                   const toml::table& lock,
                   const Where& where,
                   std::vector<Where>& lines) {
  for (const auto& rule : uv_rules) {
    const char* const said = rule.first;
    const char* const locked = rule.second;
    Needs wanted;
    Needs has;
    for_each_in(project["tool"]["uv"][said],
                [&](const toml::node& item) { add_requirement(item, locked, wanted); });
    for_each_in(lock["manifest"][locked],
                [&](const toml::node& item) { add_locked(item, locked, has); });
    compare_needs(std::move(wanted), std::move(has), {}, where, lines);
  }
}

}  // namespace

std::vector<fs::path> uv_lock_folders(std::string_view text, const fs::path& path) {
  const toml::table root = parse_toml(text, path);
  std::vector<fs::path> folders;
  for_each_in(root["package"], [&](const toml::node& node) {
    const toml::table* const package = node.as_table();
    const auto folder = package == nullptr ? std::nullopt : folder_of(*package);
    if (folder) folders.push_back(folder_at(path, *folder));
  });
  return folders;
}

std::vector<Where> uv_lock_differences(std::string_view text,
                                       const fs::path& path,
                                       const TextOf& text_of) {
  const toml::table root = parse_toml(text, path);
  std::vector<Where> lines;
  const fs::path own = folder_at(path, ".") / "pyproject.toml";
  if (const auto project = text_of(own)) {
    compare_rules(parse_toml(*project, own), root, {own.string(), 0, 0, {}}, lines);
  }
  for_each_in(root["package"], [&](const toml::node& node) {
    const toml::table* const package = node.as_table();
    const auto folder = package == nullptr ? std::nullopt : folder_of(*package);
    if (!folder) return;
    const fs::path file = folder_at(path, *folder) / "pyproject.toml";
    const auto said = text_of(file);
    if (!said) return;
    const toml::table project = parse_toml(*said, file);
    if (is_dynamic(project)) return;
    compare_needs(needs_of_project(project),
                  needs_of_lock(*package),
                  normalized_name(text_in(*package, "name")),
                  {file.string(), 0, 0, {}},
                  lines);
  });
  return lines;
}

}  // namespace mlpack
