#include "layers/deb_paths.h"

#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <deque>

namespace mlpack {
namespace {

constexpr int most_followed_links = 40;

void put_front(std::deque<std::string>& parts, std::string_view path) {
  auto place = parts.begin();
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    place = parts.insert(place, std::string(part)) + 1;
  }
}

void go_up(std::string& path) {
  const std::size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash);
}

}  // namespace

std::optional<std::size_t> RootPaths::claim(RecipeEntry entry, std::size_t owner) {
  const auto known = claims_.find(entry.path);
  if (known == claims_.end()) {
    std::string path = entry.path;
    claims_.emplace(std::move(path), Claim{std::move(entry), owner});
    return std::nullopt;
  }
  const RecipeEntry& there = known->second.entry;
  const bool agree =
      there.kind == entry.kind && (entry.kind == EntryKind::directory ||
                                   (entry.kind == EntryKind::symlink && entry.link == there.link));
  return agree ? std::nullopt : std::optional(known->second.owner);
}

void RootPaths::replace(RecipeEntry entry, std::size_t owner) {
  std::string path = entry.path;
  claims_.insert_or_assign(std::move(path), Claim{std::move(entry), owner});
}

void RootPaths::remove_below(const std::string& path) {
  if (path.empty()) return claims_.clear();
  // '0' is what comes after '/'.
  claims_.erase(claims_.lower_bound(path + '/'), claims_.lower_bound(path + '0'));
}

void RootPaths::remove(const std::string& path) {
  remove_below(path);
  claims_.erase(path);
}

std::vector<const RecipeEntry*> RootPaths::children(const std::string& path) const {
  std::vector<const RecipeEntry*> found;
  const auto end = claims_.lower_bound(path + '0');
  for (auto claim = claims_.lower_bound(path + '/'); claim != end; ++claim) {
    if (claim->first.find('/', path.size() + 1) == std::string::npos) {
      found.push_back(&claim->second.entry);
    }
  }
  return found;
}

const RecipeEntry* RootPaths::find(const std::string& path) const {
  const auto found = claims_.find(path);
  return found == claims_.end() ? nullptr : &found->second.entry;
}

std::size_t RootPaths::owner(const std::string& path) const {
  const auto found = claims_.find(path);
  return found == claims_.end() ? unknown : found->second.owner;
}

std::set<std::string, std::less<>> RootPaths::names_among(
    const std::set<std::string, std::less<>>& names) const {
  std::set<std::string, std::less<>> found;
  for (const auto& [path, claim] : claims_) {
    const auto name = names.find(std::string_view(path).substr(path.rfind('/') + 1));
    if (name != names.end() && claim.entry.kind != EntryKind::directory) found.insert(*name);
  }
  return found;
}

std::string RootPaths::resolve_parents(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return path;
  const std::string folder = resolve(path.substr(0, slash));
  return folder.empty() ? path.substr(slash + 1) : folder + path.substr(slash);
}

std::string RootPaths::resolve(const std::string& path) const {
  std::deque<std::string> left;
  put_front(left, path);
  std::string done;
  int links = 0;
  while (!left.empty()) {
    const std::string part = std::move(left.front());
    left.pop_front();
    if (part == "..") {
      go_up(done);
      continue;
    }
    std::string next = done;
    if (!next.empty()) next += '/';
    next += part;
    const RecipeEntry* entry = find(next);
    if (entry == nullptr || entry->kind != EntryKind::symlink) {
      done = next;
      continue;
    }
    if (++links > most_followed_links) {
      fail(Fault::integrity, "the links on the way to `/{}` lead nowhere", printable(path));
    }
    if (entry->link.starts_with('/')) done.clear();
    put_front(left, entry->link);
  }
  return done;
}

}  // namespace mlpack
