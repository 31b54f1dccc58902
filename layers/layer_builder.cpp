#include "layers/layer_builder.h"

#include "layers/tar_header.h"

#include <algorithm>
#include <utility>

namespace mlpack {

RecipeEntry plain_folder(std::string path) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.kind = EntryKind::directory;
  entry.mode = 0755;
  return entry;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

void sort_by_path(std::vector<RecipeEntry>& entries) {
  const auto before = [](const RecipeEntry& a, const RecipeEntry& b) { return a.path < b.path; };
  if (std::is_sorted(entries.begin(), entries.end(), before)) return;
  std::vector<RecipeEntry*> order;
  order.reserve(entries.size());
  for (RecipeEntry& entry : entries)
    order.push_back(&entry);
  std::sort(
      order.begin(), order.end(), [&](const auto* a, const auto* b) { return before(*a, *b); });
  std::vector<RecipeEntry> sorted;
  sorted.reserve(entries.size());
  for (RecipeEntry* entry : order)
    sorted.push_back(std::move(*entry));
  entries = std::move(sorted);
}

LayerBuilder::LayerBuilder(Role role,
                           std::string name,
                           const RecipeOptions& options,
                           const Folders& folders)
    : options_(options), folders_(folders), size_(tar_end_bytes) {
  recipe_.role = role;
  recipe_.name = std::move(name);
  recipe_.mtime = options.mtime;
}

std::vector<RecipeEntry> LayerBuilder::missing_folders(const RecipeEntry& entry) const {
  std::vector<RecipeEntry> missing;
  if (!complete_.empty() && parent_of(entry.path) == complete_) return missing;
  for_each_parent(entry.path, [&](std::string_view parent) {
    if (here_.contains(parent) || options_.root.has_folder(parent)) return;
    const auto found = folders_.find(parent);
    if (found != folders_.end()) {
      missing.push_back(found->second);
    } else if (options_.root.is_known()) {
      missing.push_back(plain_folder(std::string(parent)));
    }
  });
  return missing;
}

// Wherever in the archive the entry lies.
std::uint64_t LayerBuilder::bound(const RecipeEntry& entry) const {
  const std::uint64_t data = tar_data_size(entry);
  const std::uint64_t alignment = data >= tar_align_from ? tar_alignment : 0;
  return tar_header_size(entry, options_.mtime, 0) + alignment + data + tar_padding(data);
}

bool LayerBuilder::has_room_for(const RecipeEntry& entry) const {
  std::uint64_t size = size_ + bound(entry);
  for (const RecipeEntry& folder : missing_folders(entry)) {
    size += bound(folder);
  }
  return size <= options_.max_size;
}

void LayerBuilder::add(RecipeEntry entry) {
  if (here_.contains(entry.path)) return;
  for (RecipeEntry& folder : missing_folders(entry)) {
    size_ += bound(folder);
    here_.insert(folder.path);
    recipe_.entries.push_back(std::move(folder));
  }
  if (entry.kind == EntryKind::directory) here_.insert(entry.path);
  size_ += bound(entry);
  complete_ = parent_of(entry.path);
  recipe_.entries.push_back(std::move(entry));
}

LayerRecipe LayerBuilder::take() {
  LayerRecipe taken{recipe_.role, recipe_.name, recipe_.mtime, std::move(recipe_.entries)};
  recipe_.entries.clear();
  here_.clear();
  complete_.clear();
  size_ = tar_end_bytes;
  sort_by_path(taken.entries);
  return taken;
}

}  // namespace mlpack
