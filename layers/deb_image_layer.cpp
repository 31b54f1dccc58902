#include "layers/deb_image_layer.h"

#include "layers/deb_accounts.h"
#include "layers/deb_alternatives_db.h"
#include "layers/deb_layer.h"
#include "layers/deb_stanza.h"
#include "layers/image_root.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <span>

namespace mlpack {
namespace {

constexpr const char* info_folder = "var/lib/dpkg/info/";
constexpr const char* alternatives_folder = "var/lib/dpkg/alternatives/";

bool is_folder(const RecipeEntry* entry) {
  return entry != nullptr && entry->kind == EntryKind::directory;
}

// An image from before the merge has files in /lib itself; its folders stay what they are.
bool is_merged(const RootPaths& root) {
  const auto end = merged_folders.begin() + always_merged;
  return std::none_of(merged_folders.begin(), end, [&](std::string_view name) {
    return is_folder(root.find(std::string(name)));
  });
}

// The paragraph as dpkg's database has it.
std::string status_of(const std::string& control) {
  constexpr std::string_view status = "Status: install ok installed\n";
  const std::size_t field = control.starts_with("Package:") ? 0 : control.find("\nPackage:") + 1;
  std::string text = control;
  text.insert(control.find('\n', field) + 1, status);
  return text;
}

// The files of a package, as dpkg lists them.
std::string file_list(const DebListing& listing) {
  std::string text = "/.\n";
  for (const DebFile& file : listing.files)
    text += "/" + file.path + "\n";
  return text;
}

// The third of the fields of a line of passwd or group.
std::string_view number_in(std::string_view line) {
  const auto fields = split(line, ':');
  return fields.size() > 2 ? fields[2] : std::string_view();
}

// `table` with those of the distribution's `lines` that have one of `numbers`, unless it has them.
std::string with_accounts(std::string table,
                          std::span<const std::string_view> lines,
                          const std::set<std::uint64_t>& numbers) {
  std::set<std::string> known;
  for (const std::string_view line : split(table, '\n'))
    known.emplace(number_in(line));
  for (const std::string_view line : lines) {
    const std::string number(number_in(line));
    if (numbers.count(parse_number(number, UINT32_MAX).value_or(0)) == 0 ||
        known.count(number) != 0)
      continue;
    if (!table.empty() && !table.ends_with('\n')) table += '\n';
    table.append(line).push_back('\n');
  }
  return table;
}

class ImageAssembly {
 public:
  ImageAssembly(const std::vector<DebUnit>& units, RootPaths root)
      : units_(units), root_(std::move(root)) {
    const auto status = text_in(root_, dpkg_status);
    status_ = deb_paragraphs(status.value_or(""));
  }

  LayerRecipe run() {
    claim_merged_links();
    for (std::size_t unit = 0; unit < units_.size(); ++unit)
      claim_files(root_, units_, unit);
    LayerDraft draft("packages", root_);
    for (const std::string& link : merged_links_)
      draft.add(*root_.find(link));
    for (std::size_t unit = 0; unit < units_.size(); ++unit)
      add_files(draft, root_, units_, unit);
    add_lists(draft);
    add_alternatives(draft);
    add_certificates(draft);
    add_accounts(draft);
    return draft.take();
  }

 private:
  // Whether dpkg itself keeps the list of packages.
  bool has_database() const { return !status_.empty(); }

  // Where the image lacks such a link and the packages are in need of it, as in any root.
  void claim_merged_links() {
    if (!is_merged(root_)) return;
    for (const std::string_view folder : merged_folders) {
      const std::string name(folder);
      const std::string in_usr = "usr/" + name;
      if (root_.find(name) != nullptr) continue;
      if (!lies_in(units_, name) && !lies_in(units_, in_usr)) continue;
      if (root_.find(in_usr) == nullptr) root_.claim(made_folder(in_usr), RootPaths::nobody);
      root_.claim(made_link(name, in_usr), RootPaths::nobody);
      merged_links_.push_back(name);
    }
  }

  // A file of the image's bookkeeping: where its links lead, once in the layer.
  void add_text(LayerDraft& draft, const std::string& path, std::string text) const {
    draft.add(made_text(root_.resolve_parents(path), std::move(text)));
  }

  void add_lists(LayerDraft& draft) const {
    if (!has_database()) {
      for (const DebUnit& unit : units_)
        add_text(draft,
                 fmt::format("{}/{}", dpkg_status_folder, unit.package.name),
                 unit.listing.control + "\n");
      return;
    }
    add_text(draft, dpkg_status, new_status());
    for (const DebUnit& unit : units_)
      add_text(draft, info_folder + info_name(unit) + ".list", file_list(unit.listing));
  }

  // A package that was removed and left its configuration has a paragraph still.
  std::string new_status() const {
    std::string text;
    for (const std::string& paragraph : status_) {
      const bool replaced = std::any_of(units_.begin(), units_.end(), [&](const DebUnit& unit) {
        return deb_field(paragraph, "Package") == unit.package.name &&
               !deb_field(paragraph, "Status").ends_with(" installed");
      });
      if (!replaced) text += paragraph + "\n";
    }
    for (const DebUnit& unit : units_)
      text += status_of(unit.listing.control) + "\n";
    return text;
  }

  // With the file `format` in it, the folder has packages of several architectures side by side.
  std::string info_name(const DebUnit& unit) const {
    const std::string& name = unit.package.name;
    const bool same = deb_field(unit.listing.control, "Multi-Arch") == "same";
    const bool by_architecture = root_.find(std::string(info_folder) + "format") != nullptr;
    return same && by_architecture ? name + ":" + unit.package.architecture : name;
  }

  bool exists(const std::string& path) const {
    return root_.find(root_.resolve_parents(path.substr(1))) != nullptr;
  }

  void add_alternatives(LayerDraft& draft) const {
    std::map<std::string, std::vector<Alternative>> by_name;
    for (const DebUnit& unit : units_) {
      for (const Alternative& alternative : unit.listing.alternatives) {
        if (exists(alternative.path)) by_name[alternative.name].push_back(alternative);
      }
    }
    for (auto& [name, choices] : by_name)
      add_choices(draft, name, std::move(choices));
  }

  // Where the image has the name without the list of its choices, its choice stays.
  void add_choices(LayerDraft& draft,
                   const std::string& name,
                   std::vector<Alternative> choices) const {
    const std::string file = alternatives_folder + name;
    const auto text = text_in(root_, file);
    const auto known = text ? parse_alternative_group(name, *text) : std::nullopt;
    if (!known && root_.find("etc/alternatives/" + name) != nullptr) return;
    AlternativeGroup group = known.value_or(AlternativeGroup{});
    std::move(choices.begin(), choices.end(), std::back_inserter(group.choices));
    if (has_database()) add_text(draft, file, write_alternative_group(group));
    if (group.mode == AlternativeGroup::Mode::manual) return;
    const auto links =
        alternative_links(group.choices, [&](const std::string& path) { return exists(path); });
    for (const auto& [link, target] : links)
      add_link(draft, link, target);
  }

  // A link of the image's alternatives may lead elsewhere now; what else is there stays.
  void add_link(LayerDraft& draft, const std::string& link, const std::string& target) const {
    const std::string path = root_.resolve_parents(link.substr(1));
    const RecipeEntry* there = root_.find(path);
    if (there != nullptr && (there->kind != EntryKind::symlink || there->link == target ||
                             root_.owner(path) != RootPaths::the_base)) {
      return;
    }
    draft.add(made_link(path, target));
  }

  void add_certificates(LayerDraft& draft) const {
    const bool wanted = std::any_of(units_.begin(), units_.end(), [](const DebUnit& unit) {
      return unit.package.name == "ca-certificates";
    });
    const std::string before = text_in(root_, certificate_bundle).value_or("");
    if (before.empty() && !wanted) return;
    std::string bundle = before;
    for (const std::string& certificate : certificates_of(units_)) {
      if (bundle.find(certificate) != std::string::npos) continue;
      if (!bundle.empty() && !bundle.ends_with('\n')) bundle += '\n';
      bundle += certificate;
    }
    if (bundle != before) add_text(draft, certificate_bundle, bundle);
  }

  void add_accounts(LayerDraft& draft) const {
    std::set<std::uint64_t> users;
    std::set<std::uint64_t> groups;
    for (const DebUnit& unit : units_) {
      for (const DebFile& file : unit.listing.files) {
        users.insert(file.uid);
        groups.insert(file.gid);
      }
    }
    add_table(draft, "etc/passwd", debian_passwd(), users);
    add_table(draft, "etc/group", debian_group(), groups);
  }

  // Everybody knows root, with and without a table.
  void add_table(LayerDraft& draft,
                 const char* path,
                 std::span<const std::string_view> lines,
                 std::set<std::uint64_t> numbers) const {
    numbers.erase(0);
    const std::string before = text_in(root_, path).value_or("");
    std::string after = with_accounts(before, lines, numbers);
    if (after != before) add_text(draft, path, std::move(after));
  }

  const std::vector<DebUnit>& units_;
  RootPaths root_;
  std::vector<std::string> status_;  // the paragraphs of dpkg's database
  std::vector<std::string> merged_links_;
};

}  // namespace

LayerRecipe assemble_on_image(const std::vector<DebUnit>& units, RootPaths root) {
  return ImageAssembly(units, std::move(root)).run();
}

}  // namespace mlpack
