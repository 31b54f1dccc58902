#include "cli/diff_packages.h"

#include "cli/result.h"
#include "layers/layer_builder.h"
#include "layers/wheel_record.h"
#include "lib/error.h"
#include "lib/python/name.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view info_suffix = ".dist-info";
constexpr std::string_view whiteout_prefix = ".wh.";

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The folder of `NAME-VERSION.dist-info/FILE`; empty for other paths.
std::string_view info_folder(std::string_view path, std::string_view file) {
  const std::string_view folder = parent_of(path);
  return base_name(path) == file && folder.ends_with(info_suffix) ? folder : std::string_view();
}

// What differs with who installed the package, and where.
bool is_of_installer(std::string_view path) {
  constexpr std::array<std::string_view, 4> files{
      "INSTALLER", "RECORD", "REQUESTED", "direct_url.json"};
  const bool is_info = parent_of(path).ends_with(info_suffix);
  return path.starts_with("../") || path.ends_with(".pyc") ||
         (is_info && std::find(files.begin(), files.end(), base_name(path)) != files.end());
}

std::string size_text(const PackageState& state) {
  return state.bytes ? human_size(*state.bytes) : "?";
}

std::vector<std::string> row_of(const PackageChange& change) {
  const std::string name = printable(change.name);
  const std::string before = printable(change.before.version);
  const std::string after = printable(change.after.version);
  if (before.empty()) return {"  + " + name, after, size_text(change.after)};
  if (after.empty()) return {"  - " + name, before, size_text(change.before)};
  const std::string sizes = change.before.bytes == change.after.bytes
                                ? size_text(change.after)
                                : size_text(change.before) + " => " + size_text(change.after);
  const bool is_same = before == after;
  return {"  ~ " + name, is_same ? before + ", other files" : before + " => " + after, sizes};
}

}  // namespace

std::optional<PackageList::Installed> PackageList::package_of(const std::string& folder) {
  std::string_view name = base_name(folder);
  if (!name.ends_with(info_suffix)) return std::nullopt;
  name.remove_suffix(info_suffix.size());
  const std::size_t dash = name.find('-');
  const bool is_package = dash != std::string_view::npos && dash + 1 < name.size() &&
                          is_project_name(name.substr(0, dash));
  if (!is_package) return std::nullopt;
  return Installed{normalized_name(name.substr(0, dash)), std::string(name.substr(dash + 1))};
}

void PackageList::take_away(const TarEntry& whiteout) {
  const std::string folder(parent_of(whiteout.path));
  const std::string_view name = base_name(whiteout.path).substr(whiteout_prefix.size());
  const bool is_opaque = name.starts_with(whiteout_prefix);
  const std::string gone =
      is_opaque ? folder : (folder.empty() ? "" : folder + "/") + std::string(name);
  const bool was_here = present_.erase(gone) > 0;
  if (gone.empty()) {
    present_.clear();
  } else {  // `0` follows `/`
    present_.erase(present_.lower_bound(gone + "/"), present_.lower_bound(gone + "0"));
  }
  if (is_opaque || was_here) return;
  if (auto package = package_of(gone)) {
    removed_.insert_or_assign(gone, std::move(*package));
  }
}

void PackageList::read_record(const LayerFile& record, Installed& package) const {
  if (!record.text) return;
  try {
    Hasher hasher;
    std::uint64_t bytes = 0;
    for (const auto& [path, line] : parse_record(*record.text, package.name)) {
      bytes += line.size.value_or(0);
      if (is_of_installer(path) || !line.sha256) continue;
      hasher.write(as_bytes(fmt::format("{}\n{}\n", path, line.sha256->hex())));
    }
    package.bytes = bytes;
    package.content = hasher.finish();
  } catch (const Error&) {
    // Another builder's may be anything: then its name and version have to do.
  }
}

void PackageList::add_layer(const std::vector<LayerFile>& files) {
  for (const LayerFile& file : files) {
    if (file.entry.is_whiteout()) take_away(file.entry);
  }
  for (const LayerFile& file : files) {
    const std::string folder(info_folder(file.entry.path, "METADATA"));
    if (auto package = package_of(folder)) present_.insert_or_assign(folder, std::move(*package));
  }
  for (const LayerFile& file : files) {
    const auto found = present_.find(std::string(info_folder(file.entry.path, "RECORD")));
    if (found != present_.end()) read_record(file, found->second);
  }
}

std::map<std::string, PackageList::Summary> PackageList::summaries(const PackageList& own,
                                                                   const PackageList& other) {
  ByFolder all = own.present_;
  // What only the other took away is in layers that both have.
  for (const auto& [folder, package] : other.removed_) {
    if (!own.removed_.contains(folder)) all.emplace(folder, package);
  }
  std::map<std::string, Summary> summaries;
  for (const auto& [folder, package] : all) {
    const auto [at, is_new] = summaries.try_emplace(package.name);
    PackageState& state = at->second.state;
    state.version += (is_new ? "" : ", ") + package.version;
    if (is_new) state.bytes = 0;
    state.bytes =
        state.bytes && package.bytes ? std::optional(*state.bytes + *package.bytes) : std::nullopt;
    at->second.contents.push_back(package.content);
  }
  return summaries;
}

std::vector<PackageChange> PackageList::compare(const PackageList& before,
                                                const PackageList& after) {
  std::map<std::string, PackageChange> changes;
  auto old_packages = summaries(before, after);
  auto new_packages = summaries(after, before);
  for (auto& [name, summary] : old_packages) {
    const auto now = new_packages.find(name);
    const bool is_there = now != new_packages.end();
    const bool is_same = is_there && now->second.state.version == summary.state.version &&
                         now->second.contents == summary.contents;
    if (is_same) continue;
    changes[name] = {name, summary.state, is_there ? now->second.state : PackageState{}};
  }
  for (auto& [name, summary] : new_packages) {
    if (!old_packages.contains(name)) changes[name] = {name, {}, summary.state};
  }
  std::vector<PackageChange> sorted;
  for (auto& item : changes)
    sorted.push_back(std::move(item.second));
  return sorted;
}

std::string package_table(const std::vector<PackageChange>& changes) {
  std::vector<std::vector<std::string>> rows;
  for (const PackageChange& change : changes)
    rows.push_back(row_of(change));
  return rows.empty() ? "" : "packages\n" + columns(rows);
}

}  // namespace mlpack
