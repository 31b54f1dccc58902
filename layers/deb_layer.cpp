#include "layers/deb_layer.h"

#include "layers/deb_stanza.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

RecipeEntry package_entry(const DebFile& file, const Digest& archive) {
  RecipeEntry entry{
      file.path, file.kind, file.mode, file.uid, file.gid, file.link, file.size, std::string()};
  if (file.size > 0) entry.content = DebMember{archive, file.path};
  return entry;
}

bool replaces(const DebUnit& unit, const std::string& other) {
  const auto names = dependencies(deb_field(unit.listing.control, "Replaces"));
  return std::any_of(names.begin(), names.end(), [&](const auto& item) {
    return dependency_name(item.front()) == other;
  });
}

// A package holds a path that the base image has.
void settle_with_base(const RecipeEntry& entry, const RecipeEntry& there, const DebUnit& unit) {
  const bool folders = entry.kind == EntryKind::directory || there.kind == EntryKind::directory;
  if (!folders && entry.path.starts_with("etc/")) return;
  throw Error(Fault::incompatible,
              fmt::format("the package `{}` would replace `/{}` of the base",
                          unit.package.name,
                          printable(entry.path)),
              "the base has that from somewhere else: leave the package out");
}

// Two packages, or one and what is made or the base's, hold one path.
void settle(RootPaths& paths,
            const RecipeEntry& entry,
            const std::vector<DebUnit>& units,
            std::size_t unit,
            std::size_t other) {
  if (other == RootPaths::nobody) {
    if (entry.kind != EntryKind::directory) paths.replace(entry, unit);
    return;
  }
  if (other == RootPaths::the_base) {
    return settle_with_base(entry, *paths.find(entry.path), units[unit]);
  }
  const DebPackage& package = units[unit].package;
  const DebPackage& owner = units[other].package;
  if (replaces(units[unit], owner.name)) return paths.replace(entry, unit);
  if (replaces(units[other], package.name)) return;
  fail(Fault::incompatible,
       "the packages `{}` and `{}` both hold `/{}`",
       owner.name,
       package.name,
       printable(entry.path));
}

void check_hardlink(const RecipeEntry& entry,
                    const RootPaths& paths,
                    const std::vector<DebUnit>& units,
                    std::size_t unit) {
  if (entry.kind != EntryKind::hardlink || paths.owner(entry.path) != unit) return;
  if (paths.owner(entry.link) == unit) return;
  fail(Fault::incompatible,
       "`/{}` of the package `{}` is a hard link to `/{}`, which another package replaces",
       printable(entry.path),
       units[unit].package.name,
       printable(entry.link));
}

}  // namespace

RecipeEntry made_folder(const std::string& path, unsigned mode) {
  RecipeEntry entry;
  entry.path = path;
  entry.kind = EntryKind::directory;
  entry.mode = mode;
  return entry;
}

RecipeEntry made_link(const std::string& path, const std::string& target) {
  RecipeEntry entry;
  entry.path = path;
  entry.kind = EntryKind::symlink;
  entry.mode = 0777;
  entry.link = target;
  return entry;
}

RecipeEntry made_text(const std::string& path, std::string text) {
  RecipeEntry entry;
  entry.path = path;
  entry.size = text.size();
  entry.content = std::move(text);
  return entry;
}

bool lies_in(const std::vector<DebUnit>& units, std::string_view folder) {
  return std::any_of(units.begin(), units.end(), [&](const DebUnit& unit) {
    return std::any_of(
        unit.listing.files.begin(), unit.listing.files.end(), [&](const DebFile& file) {
          return file.path == folder ||
                 (file.path.starts_with(folder) && file.path[folder.size()] == '/');
        });
  });
}

LayerDraft::LayerDraft(std::string name, const RootPaths& paths) : paths_(paths) {
  recipe_.role = Role::system;
  recipe_.name = std::move(name);
}

void LayerDraft::add(RecipeEntry entry) {
  if (!written_.insert(entry.path).second) return;
  for (std::size_t slash = entry.path.find('/'); slash != std::string::npos;
       slash = entry.path.find('/', slash + 1)) {
    add_folder(entry.path.substr(0, slash));
  }
  recipe_.entries.push_back(std::move(entry));
}

void LayerDraft::add_folder(const std::string& path) {
  const RecipeEntry* known = paths_.find(path);
  if (known != nullptr && known->kind != EntryKind::directory) {
    fail(Fault::incompatible, "`/{}` is no folder, but other files lie in it", printable(path));
  }
  if (!written_.insert(path).second) return;
  recipe_.entries.push_back(known != nullptr ? *known : made_folder(path));
}

void claim_files(RootPaths& paths, const std::vector<DebUnit>& units, std::size_t unit) {
  for (const DebFile& file : units[unit].listing.files) {
    RecipeEntry entry = package_entry(file, units[unit].package.sha256);
    entry.path = paths.resolve_parents(entry.path);
    if (entry.kind == EntryKind::hardlink) entry.link = paths.resolve_parents(entry.link);
    if (entry.kind == EntryKind::directory) entry.path = paths.resolve(entry.path);
    const auto other = paths.claim(entry, unit);
    if (other) settle(paths, entry, units, unit, *other);
  }
}

void add_files(LayerDraft& draft,
               const RootPaths& paths,
               const std::vector<DebUnit>& units,
               std::size_t unit) {
  for (const DebFile& file : units[unit].listing.files) {
    const std::string path = file.kind == EntryKind::directory ? paths.resolve(file.path)
                                                               : paths.resolve_parents(file.path);
    const RecipeEntry* entry = paths.find(path);
    if (entry == nullptr) continue;
    check_hardlink(*entry, paths, units, unit);
    const bool folder = entry->kind == EntryKind::directory;
    if (folder || paths.owner(path) == unit) draft.add(*entry);
  }
}

void add_links(LayerDraft& draft,
               const RootPaths& paths,
               const std::map<std::string, std::string>& links) {
  for (const auto& [link, target] : links) {
    const std::string path = paths.resolve_parents(link.substr(1));
    if (paths.find(path) == nullptr) draft.add(made_link(path, target));
  }
}

std::vector<std::string> certificates_of(const std::vector<DebUnit>& units) {
  std::map<std::string, std::string> all;
  for (const DebUnit& unit : units)
    all.insert(unit.listing.certificates.begin(), unit.listing.certificates.end());
  std::vector<std::string> texts;
  for (auto& [path, content] : all) {
    texts.push_back(std::move(content));
    if (!texts.back().ends_with('\n')) texts.back() += '\n';
  }
  return texts;
}

}  // namespace mlpack
