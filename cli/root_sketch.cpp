#include "cli/root_sketch.h"

#include "layers/file_set.h"

#include <algorithm>
#include <set>

namespace mlpack {
namespace {

constexpr std::size_t most_entries = 200;

using Paths = std::set<std::string, std::less<>>;

bool is_at_or_below(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

// On the way to one of `paths`, or below it.
bool concerns(std::string_view entry, const Paths& paths) {
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return is_at_or_below(path, entry) || is_at_or_below(entry, path);
  });
}

void add_target(Paths& paths, const std::string& target) {
  paths.insert(parse_target(target, "the target"));
}

// `path` without its `.` and `..`, as from the root.
std::string normal(const fs::path& path) {
  std::string text = (fs::path("/") / path).lexically_normal().string().substr(1);
  if (text.ends_with('/')) text.pop_back();
  return text;
}

// Where links on the way to paths lead, those paths count too. False where they lead on and on.
bool follow_links(const RootView& root, Paths& paths) {
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [link, target] : root.links()) {
      const Paths now = paths;
      for (const std::string& path : now) {
        if (!is_at_or_below(path, link)) continue;
        const fs::path end =
            target.starts_with('/') ? fs::path(target) : fs::path(link).parent_path() / target;
        grew = paths.insert(normal(end.string() + path.substr(link.size()))).second || grew;
      }
      if (paths.size() > most_entries) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<std::string> paths_asked_for(const Plan& plan) {
  Paths paths{"etc/group", "etc/passwd"};
  for (const auto* contents : {&plan.weights, &plan.files}) {
    for (const PlannedContent& content : *contents)
      add_target(paths, content.tree.target);
  }
  for (const std::string& folder : plan.account.writable)
    add_target(paths, folder);
  if (!plan.account.home.empty()) add_target(paths, plan.account.home);
  return {paths.begin(), paths.end()};
}

std::optional<LockedRoot> sketch_of(const RootView& root, const std::vector<std::string>& paths) {
  Paths all(paths.begin(), paths.end());
  if (all.contains("")) return std::nullopt;  // the root itself: everything
  if (!follow_links(root, all)) return std::nullopt;
  LockedRoot sketch{paths, {}, {}};
  for (const std::string& folder : root.folders()) {
    if (concerns(folder, all)) sketch.folders.push_back(folder);
  }
  for (const auto& [link, target] : root.links()) {
    if (concerns(link, all)) sketch.links.emplace(link, target);
  }
  const bool is_small = sketch.folders.size() + sketch.links.size() <= most_entries;
  return is_small ? std::optional(std::move(sketch)) : std::nullopt;
}

bool covers(const LockedRoot& sketch, const std::vector<std::string>& paths) {
  return std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return std::any_of(sketch.covers.begin(), sketch.covers.end(), [&](const std::string& known) {
      return is_at_or_below(path, known);
    });
  });
}

void add_sketch(const LockedRoot& sketch, RootView& root) {
  for (const std::string& folder : sketch.folders)
    root.add_folder(folder);
  for (const auto& [link, target] : sketch.links)
    root.add_link(link, target);
}

}  // namespace mlpack
