#include "layers/root_view.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace mlpack {
namespace {

// FHS 3.0; in every image that is a distribution's, with rights that are its own business.
constexpr std::array fhs_folders{"boot",
                                 "dev",
                                 "etc",
                                 "home",
                                 "media",
                                 "mnt",
                                 "opt",
                                 "proc",
                                 "root",
                                 "run",
                                 "srv",
                                 "sys",
                                 "tmp",
                                 "usr",
                                 "usr/bin",
                                 "usr/include",
                                 "usr/lib",
                                 "usr/local",
                                 "usr/local/bin",
                                 "usr/local/etc",
                                 "usr/local/lib",
                                 "usr/local/sbin",
                                 "usr/local/share",
                                 "usr/local/src",
                                 "usr/sbin",
                                 "usr/share",
                                 "usr/src",
                                 "var",
                                 "var/cache",
                                 "var/lib",
                                 "var/local",
                                 "var/log",
                                 "var/mail",
                                 "var/opt",
                                 "var/spool",
                                 "var/tmp"};

// A folder written here would replace the link in layers that are unpacked by themselves.
constexpr std::array<std::pair<const char*, const char*>, 8> usual_links{{{"bin", "usr/bin"},
                                                                          {"lib", "usr/lib"},
                                                                          {"lib32", "usr/lib32"},
                                                                          {"lib64", "usr/lib64"},
                                                                          {"libx32", "usr/libx32"},
                                                                          {"sbin", "usr/sbin"},
                                                                          {"var/lock", "run/lock"},
                                                                          {"var/run", "run"}}};

constexpr int most_links = 40;

std::string joined(const std::string& folder, std::string_view name) {
  if (folder.empty() || name.empty()) return folder + std::string(name);
  return folder + '/' + std::string(name);
}

std::string_view first_part(std::string_view path) {
  return path.substr(0, path.find('/'));
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

RootView RootView::empty() {
  return {};
}

RootView RootView::unknown_image() {
  RootView root;
  root.known_ = false;
  root.folders_.insert(fhs_folders.begin(), fhs_folders.end());
  for (const auto& [path, target] : usual_links) {
    root.doubtful_.emplace(path, target);
    root.redirecting_.emplace(first_part(path));
  }
  return root;
}

void RootView::add_folder(std::string path) {
  folders_.insert(std::move(path));
}

void RootView::add_link(std::string path, std::string target) {
  redirecting_.emplace(first_part(path));
  links_.insert_or_assign(std::move(path), std::move(target));
}

void RootView::add(const LayerRecipe& recipe) {
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.kind == EntryKind::directory) add_folder(entry.path);
    if (entry.kind == EntryKind::symlink) add_link(entry.path, entry.link);
  }
}

bool RootView::has_folder(std::string_view path) const {
  return path.empty() || folders_.contains(path);
}

// Most paths are below a folder such as /app where nothing can redirect them.
bool RootView::may_be_redirected(std::string_view path) const {
  return redirecting_.contains(first_part(path));
}

// Part by part from the root, as the kernel does it; what a link leads to is put in front of the
// parts still to come. Messages speak of `shown`, which ends in `last` behind the folder.
std::string RootView::resolve(std::string_view folder,
                              std::string_view shown,
                              std::string_view last) const {
  std::string resolved;
  std::string rest(folder);
  int followed = 0;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string part = rest.substr(0, slash);
    rest = slash == std::string::npos ? std::string() : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      resolved = parent_of(resolved);
      continue;
    }
    std::string next = joined(resolved, part);
    check_known(next, joined(rest, last), shown);
    const auto link = links_.find(next);
    if (link == links_.end()) {
      resolved = std::move(next);
      continue;
    }
    if (++followed > most_links) {
      fail(Fault::usage, "`/{}`: links of the base lead in circles", printable(shown));
    }
    if (link->second.starts_with('/')) resolved.clear();
    rest.insert(0, link->second + '/');
  }
  return resolved;
}

std::string RootView::resolve_folder(std::string_view path) const {
  if (!may_be_redirected(path)) return std::string(path);
  return resolve(path, path, "");
}

void RootView::check_known(const std::string& folder,
                           const std::string& rest,
                           std::string_view shown) const {
  const auto doubt = doubtful_.find(folder);
  if (doubt == doubtful_.end()) return;
  throw Error(
      Fault::usage,
      fmt::format("`/{}` goes through `/{}`, which in most images is a link to `/{}` that it would "
                  "replace",
                  printable(shown),
                  folder,
                  doubt->second),
      fmt::format("write `/{}`", printable(joined(doubt->second, rest))));
}

std::string RootView::resolve_entry(std::string_view path) const {
  if (!may_be_redirected(path)) return std::string(path);
  const std::size_t slash = path.rfind('/');
  const std::string_view parent = slash == std::string_view::npos ? "" : path.substr(0, slash);
  const std::string_view name = path.substr(slash + 1);
  std::string resolved = joined(resolve(parent, path, name), name);
  check_known(resolved, "", path);
  if (!links_.contains(resolved)) return resolved;
  const std::string end = resolve_folder(resolved);
  if (has_folder(end)) {
    throw Error(Fault::usage,
                fmt::format("`/{}` would replace the base's link to the folder `/{}`",
                            printable(path),
                            printable(end)),
                "choose another target");
  }
  return resolved;
}

}  // namespace mlpack
