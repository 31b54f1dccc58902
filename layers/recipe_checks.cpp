#include "layers/layer_builder.h"
#include "layers/recipes.h"
#include "layers/reshard.h"
#include "layers/tar_view.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace mlpack {
namespace {

std::string layer_of(const LayerRecipe& layer) {
  return fmt::format("the {} layer `{}`", role_name(layer.role), printable(layer.name));
}

// The file that `entry` is made of, the first where it is of several; `otherwise` where it is of
// none.
std::string source_of(const RecipeEntry& entry, const std::string& otherwise) {
  if (const auto* remote = std::get_if<RemoteContent>(&entry.content)) {
    return fmt::format("`{}` of `{}`", printable(remote->path), printable(remote->source));
  }
  std::string source;
  for_each_range(entry.content, [&](const FileRange& range) {
    if (source.empty()) source = fmt::format("`{}`", printable(range.path));
  });
  return source.empty() ? otherwise : source;
}

[[noreturn]] void refuse(const std::string& message,
                         const std::string& hint,
                         const Origin& first,
                         const Origin& second) {
  std::vector<Where> where;
  for (const Origin* origin : {&first, &second}) {
    if (origin->where.line == 0) continue;
    where.push_back(origin->where);
    where.back().message = where.size() == 1 ? message : "this is the other of the two";
  }
  throw Error(Fault::usage, message, hint, std::move(where));
}

constexpr std::size_t longest_name = 255;  // NAME_MAX of Linux

// Finds what two layers cannot both have.
class Overlaps {
 public:
  Overlaps(const std::vector<LayerRecipe>& layers, const std::vector<Origin>& origins)
      : layers_(layers), origins_(origins) {}

  void check() {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      add_leaves(i);
    }
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      std::string_view checked;  // with all above it: most entries lie beside the one before
      for (const RecipeEntry& entry : layers_[i].entries) {
        check_names(i, entry.path);
        if (entry.kind == EntryKind::directory) check_folder(i, entry.path);
        const std::string_view parent = parent_of(entry.path);
        if (parent == checked) continue;
        for_each_parent(entry.path, [&](std::string_view above) { check_folder(i, above); });
        checked = parent;
      }
    }
  }

 private:
  struct Leaf {
    std::size_t layer;
    const RecipeEntry* entry;
  };

  std::string source_of_leaf(const Leaf& leaf) const {
    return source_of(*leaf.entry, origins_[leaf.layer].source);
  }

  void add_leaves(std::size_t layer) {
    for (const RecipeEntry& entry : layers_[layer].entries) {
      if (entry.kind == EntryKind::directory) continue;
      const Leaf leaf{layer, &entry};
      const auto [found, is_new] = leaves_.try_emplace(entry.path, leaf);
      if (is_new) continue;
      refuse(fmt::format("{} and {} both write `/{}`",
                         source_of_leaf(found->second),
                         source_of_leaf(leaf),
                         printable(entry.path)),
             "exclude it from one of them, or choose another target",
             origins_[found->second.layer],
             origins_[layer]);
    }
  }

  void check_names(std::size_t layer, std::string_view path) const {
    if (path.size() <= longest_name) return;
    for (const std::string_view name : split(path, '/')) {
      if (name.size() <= longest_name) continue;
      const std::string message = fmt::format(
          "a name of {} bytes in the path of {}, which no file system takes: Linux has {} at most",
          name.size(),
          origins_[layer].source,
          longest_name);
      Where where = origins_[layer].where;
      where.message = "a name in a path is too long";
      throw Error(Fault::usage, message, "choose a shorter `target`", {where});
    }
  }

  void check_folder(std::size_t layer, std::string_view path) const {
    const auto leaf = leaves_.find(path);
    if (leaf == leaves_.end()) return;
    refuse(fmt::format("`/{}` is a folder of {} and something else in {}",
                       printable(path),
                       origins_[layer].source,
                       source_of_leaf(leaf->second)),
           "choose another target for one of them",
           origins_[layer],
           origins_[leaf->second.layer]);
  }

  const std::vector<LayerRecipe>& layers_;
  const std::vector<Origin>& origins_;
  std::unordered_map<std::string_view, Leaf> leaves_;  // what is not a folder, by path
};

const RecipeEntry& largest_entry(const LayerRecipe& layer) {
  return *std::max_element(layer.entries.begin(),
                           layer.entries.end(),
                           [](const auto& a, const auto& b) { return a.size < b.size; });
}

std::string remedy(const LayerRecipe& layer, const RecipeEntry& largest, std::uint64_t limit) {
  const LayerRecipe alone{layer.role, layer.name, layer.mtime, {largest}};
  if (TarView(alone).size() <= limit) return "lower `layers.max_size`";
  if (layer.role == Role::weights && would_split(largest, limit)) {
    return "`--reshard` splits the file into shards";
  }
  return "split the file (`max_shard_size` of save_pretrained, say), or use another registry";
}

}  // namespace

void check_overlaps(const std::vector<LayerRecipe>& layers, const std::vector<Origin>& origins) {
  Overlaps(layers, origins).check();
}

std::optional<Error> layer_size_problem(const LayerRecipe& layer,
                                        std::uint64_t limit,
                                        const std::string& registry) {
  const std::uint64_t size = TarView(layer).size();
  if (size <= limit) return std::nullopt;
  const RecipeEntry& largest = largest_entry(layer);
  return Error(Fault::usage,
               fmt::format("{} is {} with {} ({}), and {} takes layers of {} at most",
                           layer_of(layer),
                           human_size(size),
                           source_of(largest, layer_of(layer)),
                           human_size(largest.size),
                           registry,
                           human_size(limit)),
               remedy(layer, largest, limit));
}

}  // namespace mlpack
