#include "layers/deb_root.h"

#include "layers/deb_accounts.h"
#include "layers/deb_groups.h"
#include "layers/deb_paths.h"
#include "layers/deb_stanza.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace mlpack {
namespace {

constexpr const char* search_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
constexpr const char* bundle = "etc/ssl/certs/ca-certificates.crt";

struct MadeFolder {
  const char* path;
  unsigned mode;
};
constexpr std::array<MadeFolder, 11> made_folders{{{"dev", 0755},
                                                   {"proc", 0755},
                                                   {"root", 0700},
                                                   {"run", 0755},
                                                   {"run/lock", 01777},
                                                   {"sys", 0755},
                                                   {"tmp", 01777},
                                                   {"usr", 0755},
                                                   {"var", 0755},
                                                   {"var/tmp", 01777},
                                                   {"etc", 0755}}};

// Folders of the root that are links into /usr since the merge; the first three in any root.
constexpr std::array<std::string_view, 7> merged{
    "bin", "lib", "sbin", "lib32", "lib64", "libo32", "libx32"};
constexpr std::size_t always_merged = 3;

bool lies_in(const std::vector<DebUnit>& units, std::string_view folder) {
  return std::any_of(units.begin(), units.end(), [&](const DebUnit& unit) {
    return std::any_of(
        unit.listing.files.begin(), unit.listing.files.end(), [&](const DebFile& file) {
          return file.path == folder ||
                 (file.path.starts_with(folder) && file.path[folder.size()] == '/');
        });
  });
}

RecipeEntry folder_entry(const std::string& path, unsigned mode) {
  RecipeEntry entry;
  entry.path = path;
  entry.kind = EntryKind::directory;
  entry.mode = mode;
  return entry;
}

RecipeEntry link_entry(const std::string& path, const std::string& target) {
  RecipeEntry entry;
  entry.path = path;
  entry.kind = EntryKind::symlink;
  entry.mode = 0777;
  entry.link = target;
  return entry;
}

RecipeEntry text_entry(const std::string& path, std::string text) {
  RecipeEntry entry;
  entry.path = path;
  entry.size = text.size();
  entry.content = std::move(text);
  return entry;
}

RecipeEntry package_entry(const DebFile& file, const Digest& archive) {
  RecipeEntry entry{
      file.path, file.kind, file.mode, file.uid, file.gid, file.link, file.size, std::string()};
  if (file.size > 0) entry.content = DebMember{archive, file.path};
  return entry;
}

// What the root holds before any package is looked at.
std::vector<RecipeEntry> made_entries(const std::vector<DebUnit>& units) {
  std::vector<RecipeEntry> entries;
  for (const MadeFolder& folder : made_folders)
    entries.push_back(folder_entry(folder.path, folder.mode));
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (i >= always_merged && !lies_in(units, merged[i])) continue;
    const std::string name(merged[i]);
    entries.push_back(folder_entry("usr/" + name, 0755));
    entries.push_back(link_entry(name, "usr/" + name));
  }
  entries.push_back(link_entry("var/run", "/run"));
  entries.push_back(link_entry("var/lock", "/run/lock"));
  entries.push_back(text_entry("etc/hosts", hosts));
  return entries;
}

// One layer in the making: every entry once, folders before what lies in them.
class LayerDraft {
 public:
  LayerDraft(std::string name, const RootPaths& paths) : paths_(paths) {
    recipe_.role = Role::system;
    recipe_.name = std::move(name);
  }

  void add(RecipeEntry entry) {
    if (!written_.insert(entry.path).second) return;
    for (std::size_t slash = entry.path.find('/'); slash != std::string::npos;
         slash = entry.path.find('/', slash + 1)) {
      add_folder(entry.path.substr(0, slash));
    }
    recipe_.entries.push_back(std::move(entry));
  }
  LayerRecipe take() { return std::move(recipe_); }

 private:
  void add_folder(const std::string& path) {
    const RecipeEntry* known = paths_.find(path);
    if (known != nullptr && known->kind != EntryKind::directory) {
      fail(Fault::incompatible, "`/{}` is no folder, but other files lie in it", printable(path));
    }
    if (!written_.insert(path).second) return;
    recipe_.entries.push_back(known != nullptr ? *known : folder_entry(path, 0755));
  }

  const RootPaths& paths_;
  LayerRecipe recipe_;
  std::set<std::string> written_;
};

bool replaces(const DebUnit& unit, const std::string& other) {
  const auto names = dependencies(deb_field(unit.listing.control, "Replaces"));
  return std::any_of(names.begin(), names.end(), [&](const auto& item) {
    return dependency_name(item.front()) == other;
  });
}

class Assembly {
 public:
  Assembly(const std::vector<DebUnit>& units, const Distribution& distribution)
      : units_(units), groups_(group_packages(units, distribution)) {}

  DebianRoot run() {
    for (RecipeEntry& entry : made_entries(units_))
      paths_.claim(std::move(entry), RootPaths::nobody);
    for (const DebGroup& group : groups_) {
      for (const std::size_t unit : group.members)
        claim_files(unit);
    }
    DebianRoot root;
    for (std::size_t group = 0; group < groups_.size(); ++group)
      root.layers.push_back(layer(group));
    root.env = {search_path};
    root.passwd.assign(debian_passwd().begin(), debian_passwd().end());
    root.group.assign(debian_group().begin(), debian_group().end());
    return root;
  }

 private:
  void claim_files(std::size_t unit) {
    const DebPackage& package = units_[unit].package;
    for (const DebFile& file : units_[unit].listing.files) {
      RecipeEntry entry = package_entry(file, package.sha256);
      entry.path = paths_.resolve_parents(entry.path);
      if (entry.kind == EntryKind::hardlink) entry.link = paths_.resolve_parents(entry.link);
      if (entry.kind == EntryKind::directory) entry.path = paths_.resolve(entry.path);
      const auto other = paths_.claim(entry, unit);
      if (other) settle(entry, unit, *other);
    }
  }

  // Two packages hold one path.
  void settle(const RecipeEntry& entry, std::size_t unit, std::size_t other) {
    if (other == RootPaths::nobody) {
      if (entry.kind != EntryKind::directory) paths_.replace(entry, unit);
      return;
    }
    const DebPackage& package = units_[unit].package;
    const DebPackage& owner = units_[other].package;
    if (replaces(units_[unit], owner.name)) return paths_.replace(entry, unit);
    if (replaces(units_[other], package.name)) return;
    fail(Fault::incompatible,
         "the packages `{}` and `{}` both hold `/{}`",
         owner.name,
         package.name,
         printable(entry.path));
  }

  LayerRecipe layer(std::size_t group) {
    LayerDraft draft(groups_[group].name, paths_);
    if (group == 0) {
      for (const RecipeEntry& entry : made_entries(units_))
        add_if_owned(draft, entry.path, RootPaths::nobody);
    }
    for (const std::size_t unit : groups_[group].members)
      add_package(draft, unit);
    if (group == 0) add_links(draft, links_of(groups_.front().members));
    if (group + 1 == groups_.size()) add_links(draft, all_links());
    return draft.take();
  }

  void add_if_owned(LayerDraft& draft, const std::string& path, std::size_t owner) {
    if (paths_.owner(path) == owner) draft.add(*paths_.find(path));
  }

  void add_package(LayerDraft& draft, std::size_t unit) {
    const DebUnit& package = units_[unit];
    for (const DebFile& file : package.listing.files) {
      const std::string path = file.kind == EntryKind::directory
                                   ? paths_.resolve(file.path)
                                   : paths_.resolve_parents(file.path);
      const RecipeEntry* entry = paths_.find(path);
      if (entry == nullptr) continue;
      check_hardlink(*entry, unit);
      const bool folder = entry->kind == EntryKind::directory;
      if (folder || paths_.owner(path) == unit) draft.add(*entry);
    }
    draft.add(text_entry("var/lib/dpkg/status.d/" + package.package.name,
                         package.listing.control + "\n"));
    if (package.package.name == "ca-certificates") draft.add(text_entry(bundle, certificates()));
  }

  void check_hardlink(const RecipeEntry& entry, std::size_t unit) const {
    if (entry.kind != EntryKind::hardlink || paths_.owner(entry.path) != unit) return;
    if (paths_.owner(entry.link) == unit) return;
    fail(Fault::incompatible,
         "`/{}` of the package `{}` is a hard link to `/{}`, which another package replaces",
         printable(entry.path),
         units_[unit].package.name,
         printable(entry.link));
  }

  std::string certificates() const {
    std::map<std::string, std::string> all;
    for (const DebUnit& unit : units_)
      all.insert(unit.listing.certificates.begin(), unit.listing.certificates.end());
    std::string text;
    for (const auto& [path, content] : all) {
      text += content;
      if (!text.ends_with('\n')) text += '\n';
    }
    return text;
  }

  using Links = std::map<std::string, std::string>;

  // The links of the alternatives that `members` offer, as if nothing else were installed.
  Links links_of(const std::vector<std::size_t>& members) const {
    const std::set<std::size_t> installed(members.begin(), members.end());
    std::vector<Alternative> alternatives;
    for (const std::size_t unit : installed) {
      const auto& own = units_[unit].listing.alternatives;
      alternatives.insert(alternatives.end(), own.begin(), own.end());
    }
    return alternative_links(alternatives, [&](const std::string& path) {
      return installed.count(paths_.owner(paths_.resolve_parents(path.substr(1)))) != 0;
    });
  }

  // A layer above the base repeats a link of the base only where it leads elsewhere, so that the
  // base is the same whatever lies on it.
  Links all_links() const {
    std::vector<std::size_t> everything(units_.size());
    for (std::size_t unit = 0; unit < units_.size(); ++unit)
      everything[unit] = unit;
    Links links = links_of(everything);
    for (const auto& [link, target] : links_of(groups_.front().members)) {
      const auto found = links.find(link);
      if (found != links.end() && found->second == target) links.erase(found);
    }
    return links;
  }

  // A path that a package holds stays the package's, as update-alternatives has it.
  void add_links(LayerDraft& draft, const Links& links) const {
    for (const auto& [link, target] : links) {
      const std::string path = paths_.resolve_parents(link.substr(1));
      if (paths_.find(path) == nullptr) draft.add(link_entry(path, target));
    }
  }

  const std::vector<DebUnit>& units_;
  const std::vector<DebGroup> groups_;
  RootPaths paths_;
};

}  // namespace

DebianRoot assemble_root(const std::vector<DebUnit>& units, const Distribution& distribution) {
  return Assembly(units, distribution).run();
}

}  // namespace mlpack
