#include "lib/oci/model_links.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

constexpr std::string_view models = "models";

// Folders that a shell or a runtime of containers needs for itself.
constexpr std::array<std::string_view, 9> of_others{
    "bin", "dev", "etc", "mnt", "proc", "run", "sys", "usr", "var"};

std::string without_slashes(std::string_view target) {
  while (target.starts_with('/'))
    target.remove_prefix(1);
  while (target.ends_with('/'))
    target.remove_suffix(1);
  return std::string(target);
}

bool is_in(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

class Links {
 public:
  explicit Links(const std::vector<WeightLayer>& weights) : weights_(weights) {
    for (const WeightLayer& layer : weights) {
      for (const RecipeEntry& entry : layer.recipe.entries)
        take(entry.path);
    }
    taken_.insert(of_others.begin(), of_others.end());
  }

  // Every name in the only entry's target: itself, where it is a file.
  void add_names(const WeightsPlace& place) {
    const std::string folder = without_slashes(place.target);
    std::set<std::string> paths;
    for (const WeightLayer& layer : weights_) {
      if (layer.recipe.name != place.name) continue;
      for (const RecipeEntry& entry : layer.recipe.entries) {
        if (entry.path == folder && entry.kind != EntryKind::directory) paths.insert(folder);
        if (!is_in(entry.path, folder)) continue;
        paths.insert(entry.path.substr(0, entry.path.find('/', folder.size() + 1)));
      }
    }
    for (const std::string& path : paths)
      add_in_models(name_of(path), path);
    for (const std::string& path : paths)
      add(name_of(path), path);
  }

  void add_elsewhere(const WeightsPlace& place) {
    const std::string folder = without_slashes(place.target);
    if (folder != models && !is_in(folder, models)) add_in_models(name_of(folder), folder);
  }

  // Folders before what lies in them.
  std::vector<RecipeEntry> take_entries() {
    std::sort(entries_.begin(), entries_.end(), [](const RecipeEntry& a, const RecipeEntry& b) {
      return a.path < b.path;
    });
    return std::move(entries_);
  }

 private:
  void take(const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1))
      taken_.insert(path.substr(0, slash));
    taken_.insert(path);
  }

  void add_in_models(const std::string& name, const std::string& path) {
    const std::string link = std::string(models) + "/" + name;
    if (taken_.count(link) != 0) return;
    if (taken_.insert(std::string(models)).second) {
      RecipeEntry folder;
      folder.path = models;
      folder.kind = EntryKind::directory;
      folder.mode = 0755;
      entries_.push_back(std::move(folder));
    }
    add(link, is_in(path, models) ? path.substr(models.size() + 1) : "../" + path);
  }

  void add(const std::string& path, const std::string& target) {
    if (!taken_.insert(path).second) return;
    RecipeEntry link;
    link.path = path;
    link.kind = EntryKind::symlink;
    link.mode = 0777;
    link.link = target;
    entries_.push_back(std::move(link));
  }

  const std::vector<WeightLayer>& weights_;
  std::set<std::string, std::less<>> taken_;
  std::vector<RecipeEntry> entries_;
};

}  // namespace

LayerRecipe model_links(const std::vector<WeightLayer>& weights,
                        const std::vector<WeightsPlace>& places) {
  Links links(weights);
  if (places.size() == 1) {
    links.add_names(places.front());
  } else {
    for (const WeightsPlace& place : places)
      links.add_elsewhere(place);
  }
  LayerRecipe recipe;
  recipe.role = Role::config;
  recipe.name = "links";
  recipe.entries = links.take_entries();
  return recipe;
}

}  // namespace mlpack
