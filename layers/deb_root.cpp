#include "layers/deb_root.h"

#include "layers/deb_accounts.h"
#include "layers/deb_groups.h"
#include "layers/deb_layer.h"
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

// What the root holds before any package is looked at.
std::vector<RecipeEntry> made_entries(const std::vector<DebUnit>& units) {
  std::vector<RecipeEntry> entries;
  entries.reserve(made_folders.size() + 2 * merged_folders.size() + 3);
  for (const MadeFolder& folder : made_folders)
    entries.push_back(made_folder(folder.path, folder.mode));
  for (std::size_t i = 0; i < merged_folders.size(); ++i) {
    if (i >= always_merged && !lies_in(units, merged_folders[i])) continue;
    const std::string name(merged_folders[i]);
    entries.push_back(made_folder("usr/" + name, 0755));
    entries.push_back(made_link(name, "usr/" + name));
  }
  entries.push_back(made_link("var/run", "/run"));
  entries.push_back(made_link("var/lock", "/run/lock"));
  entries.push_back(made_text("etc/hosts", hosts));
  return entries;
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
        claim_files(paths_, units_, unit);
    }
    DebianRoot root = root_without_layers();
    for (std::size_t group = 0; group < groups_.size(); ++group)
      root.layers.push_back(layer(group));
    return root;
  }

 private:
  LayerRecipe layer(std::size_t group) {
    LayerDraft draft(groups_[group].name, paths_);
    if (group == 0) {
      for (const RecipeEntry& entry : made_entries(units_))
        add_if_owned(draft, entry.path, RootPaths::nobody);
    }
    for (const std::size_t unit : groups_[group].members)
      add_package(draft, unit);
    if (group == 0) add_links(draft, paths_, links_of(groups_.front().members));
    if (group + 1 == groups_.size()) add_links(draft, paths_, all_links());
    return draft.take();
  }

  void add_if_owned(LayerDraft& draft, const std::string& path, std::size_t owner) {
    if (paths_.owner(path) == owner) draft.add(*paths_.find(path));
  }

  void add_package(LayerDraft& draft, std::size_t unit) {
    const DebUnit& package = units_[unit];
    add_files(draft, paths_, units_, unit);
    draft.add(
        made_text("var/lib/dpkg/status.d/" + package.package.name, package.listing.control + "\n"));
    if (package.package.name == "ca-certificates") {
      draft.add(made_text(certificate_bundle, join(certificates_of(units_), "")));
    }
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

  const std::vector<DebUnit>& units_;
  const std::vector<DebGroup> groups_;
  RootPaths paths_;
};

}  // namespace

DebianRoot root_without_layers() {
  DebianRoot root;
  root.env = {search_path};
  root.passwd.assign(debian_passwd().begin(), debian_passwd().end());
  root.group.assign(debian_group().begin(), debian_group().end());
  return root;
}

DebianRoot assemble_root(const std::vector<DebUnit>& units, const Distribution& distribution) {
  return Assembly(units, distribution).run();
}

}  // namespace mlpack
