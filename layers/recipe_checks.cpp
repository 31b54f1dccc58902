#include "layers/layer_builder.h"
#include "layers/recipes.h"
#include "layers/tar_view.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mlpack {
namespace {

std::string layer_of(const LayerRecipe& layer) {
  return fmt::format("the {} layer `{}`", role_name(layer.role), printable(layer.name));
}

std::string source_of(const LayerRecipe& layer, const RecipeEntry& entry) {
  if (const auto* range = std::get_if<FileRange>(&entry.content)) {
    return fmt::format("`{}`", printable(range->path.string()));
  }
  return layer_of(layer);
}

bool is_folder(const RecipeEntry& entry) {
  return entry.kind == EntryKind::directory;
}

struct Leaf {
  const LayerRecipe* layer;
  const RecipeEntry* entry;
};
using Leaves = std::unordered_map<std::string_view, Leaf>;

// What is not a folder, by path; no path twice.
Leaves leaves_of(const std::vector<LayerRecipe>& layers) {
  Leaves leaves;
  for (const LayerRecipe& layer : layers) {
    for (const RecipeEntry& entry : layer.entries) {
      if (is_folder(entry)) continue;
      const auto [found, is_new] = leaves.try_emplace(entry.path, Leaf{&layer, &entry});
      if (is_new) continue;
      throw Error(Fault::usage,
                  fmt::format("{} and {} both write `/{}`",
                              source_of(*found->second.layer, *found->second.entry),
                              source_of(layer, entry),
                              printable(entry.path)),
                  "exclude it from one of them, or choose another target");
    }
  }
  return leaves;
}

void check_folder(const Leaves& leaves, const LayerRecipe& layer, std::string_view path) {
  const auto leaf = leaves.find(path);
  if (leaf == leaves.end()) return;
  throw Error(Fault::usage,
              fmt::format("`/{}` is a folder of {} and something else in {}",
                          printable(path),
                          layer_of(layer),
                          layer_of(*leaf->second.layer)),
              "choose another target for one of them");
}

bool is_plain(const RecipeEntry& folder) {
  return folder.mode == 0755 && folder.uid == 0 && folder.gid == 0;
}

// See fit_layer_count. Layers of packages stay as they are.
void settle_folders(std::vector<LayerRecipe>& layers) {
  std::unordered_set<std::string> special;
  for (LayerRecipe& layer : layers) {
    const auto is_overruled = [&](const RecipeEntry& entry) {
      return is_folder(entry) && is_plain(entry) && special.contains(entry.path);
    };
    if (layer.role != Role::system) std::erase_if(layer.entries, is_overruled);
    for (const RecipeEntry& entry : layer.entries) {
      if (is_folder(entry) && !is_plain(entry)) special.insert(entry.path);
    }
  }
}

LayerRecipe joined(const LayerRecipe& first, const LayerRecipe& second) {
  LayerRecipe both = first;
  for (const RecipeEntry& entry : second.entries) {
    if (std::find(first.entries.begin(), first.entries.end(), entry) == first.entries.end()) {
      both.entries.push_back(entry);
    }
  }
  std::stable_sort(both.entries.begin(), both.entries.end(), [](const auto& a, const auto& b) {
    return a.path < b.path;
  });
  return both;
}

constexpr std::uint64_t not_joinable = std::numeric_limits<std::uint64_t>::max();

// The size of the two layers from `index` on as one.
std::uint64_t joined_size(const std::vector<LayerRecipe>& layers, std::size_t index) {
  const LayerRecipe& first = layers[index];
  const LayerRecipe& second = layers[index + 1];
  const bool same =
      first.role == Role::weights && second.role == Role::weights && first.name == second.name;
  return same ? TarView(joined(first, second)).size() : not_joinable;
}

// Joins the two neighbours that are smallest together; false where none may be joined.
bool join_smallest(std::vector<LayerRecipe>& layers, std::uint64_t max_size) {
  std::size_t best = 0;
  std::uint64_t smallest = not_joinable;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    const std::uint64_t size = joined_size(layers, i);
    if (size < smallest) {
      smallest = size;
      best = i;
    }
  }
  if (smallest > max_size) return false;
  layers[best] = joined(layers[best], layers[best + 1]);
  layers.erase(layers.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  return true;
}

const RecipeEntry& largest_entry(const LayerRecipe& layer) {
  return *std::max_element(layer.entries.begin(),
                           layer.entries.end(),
                           [](const auto& a, const auto& b) { return a.size < b.size; });
}

}  // namespace

void check_overlaps(const std::vector<LayerRecipe>& layers) {
  const Leaves leaves = leaves_of(layers);
  for (const LayerRecipe& layer : layers) {
    for (const RecipeEntry& entry : layer.entries) {
      if (is_folder(entry)) check_folder(leaves, layer, entry.path);
      for_each_parent(entry.path,
                      [&](std::string_view parent) { check_folder(leaves, layer, parent); });
    }
  }
}

std::vector<LayerRecipe> fit_layer_count(std::vector<LayerRecipe> layers,
                                         std::size_t base_layers,
                                         std::uint64_t max_size) {
  settle_folders(layers);
  while (base_layers + layers.size() > max_layers) {
    if (join_smallest(layers, max_size)) continue;
    throw Error(Fault::usage,
                fmt::format("the image would have {} layers, {} of them the base's; container "
                            "runtimes accept {}",
                            base_layers + layers.size(),
                            base_layers,
                            max_layers),
                "raise `layers.max_size`, or make fewer and larger files of the weights");
  }
  return layers;
}

void check_layer_sizes(const std::vector<LayerRecipe>& layers,
                       std::uint64_t limit,
                       const std::string& registry) {
  for (const LayerRecipe& layer : layers) {
    const std::uint64_t size = TarView(layer).size();
    if (size <= limit) continue;
    const RecipeEntry& largest = largest_entry(layer);
    throw Error(
        Fault::usage,
        fmt::format("{} is {} with {} ({}), and {} takes layers of {} at most",
                    layer_of(layer),
                    human_size(size),
                    source_of(layer, largest),
                    human_size(largest.size),
                    registry,
                    human_size(limit)),
        "split the file into shards (`gguf-split`, or `max_shard_size` of save_pretrained)");
  }
}

}  // namespace mlpack
