#include "layers/recipes.h"

#include "layers/layer_builder.h"
#include "layers/reshard.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>
#include <utility>

namespace mlpack {
namespace {

// An entry other than a folder, at its place in the image, and the input that brought it.
struct Placed {
  RecipeEntry entry;
  std::size_t input;
};

std::string shown(std::string_view path) {
  return fmt::format("`/{}`", printable(path));
}

// The entries of all inputs where the root says they go, each path once.
class Collection {
 public:
  Collection(const std::vector<TreeInput>& inputs, const RootView& root)
      : inputs_(inputs), root_(root) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      place_all(walk(inputs[i]), i);
    }
    check();
  }

  // `entries` are those of `inputs`, which is one.
  Collection(const std::vector<TreeInput>& inputs,
             std::vector<RecipeEntry> entries,
             const RootView& root)
      : inputs_(inputs), root_(root) {
    place_all(std::move(entries), 0);
    check();
  }

  const Folders& folders() const { return folders_; }

  // Everything that a layer must be told of: other folders come with what is below them.
  std::vector<RecipeEntry> take_items() {
    const auto parents = all_parents();
    std::vector<RecipeEntry> items;
    items.reserve(placed_.size());
    for (Placed& placed : placed_) {
      items.push_back(std::move(placed.entry));
    }
    std::vector<Placed>().swap(placed_);
    for (const auto& [path, folder] : folders_) {
      if (!parents.contains(path)) items.push_back(folder);
    }
    for (const std::string& path : perhaps_the_bases_) {
      if (parents.contains(path)) folders_.erase(path);
    }
    sort_by_path(items);
    return items;
  }

 private:
  void place_all(std::vector<RecipeEntry> entries, std::size_t input) {
    for (RecipeEntry& entry : entries) {
      place(std::move(entry), input);
    }
  }

  void check() {
    const auto before = [](const Placed& a, const Placed& b) {
      return a.entry.path < b.entry.path;
    };
    if (!std::is_sorted(placed_.begin(), placed_.end(), before)) {
      std::stable_sort(placed_.begin(), placed_.end(), before);
    }
    check_unique();
    check_parents();
  }

  // Whether the folders above are those of the entry before.
  bool is_beside_last(std::size_t i) const {
    return i > 0 && parent_of(placed_[i].entry.path) == parent_of(placed_[i - 1].entry.path);
  }

  std::set<std::string, std::less<>> all_parents() const {
    std::set<std::string, std::less<>> parents;
    const auto add = [&](std::string_view parent) {
      if (!parents.contains(parent)) parents.emplace(parent);
    };
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      if (!is_beside_last(i)) for_each_parent(placed_[i].entry.path, add);
    }
    for (const auto& [path, folder] : folders_) {
      for_each_parent(path, add);
    }
    return parents;
  }

  // A target whose rights nobody asked for, where the base may have it with rights of its own.
  bool is_perhaps_the_bases(const RecipeEntry& folder, const TreeInput& input) const {
    return !root_.is_known() && !input.mode && !input.owner &&
           folder.path == parse_target(input.target, "the target");
  }

  void place_folder(RecipeEntry folder, std::size_t input) {
    const bool is_perhaps_known = is_perhaps_the_bases(folder, inputs_[input]);
    folder.path = root_.resolve_folder(folder.path);
    if (root_.has_folder(folder.path)) return;
    std::string path = folder.path;
    if (!folders_.try_emplace(path, std::move(folder)).second) return;
    if (is_perhaps_known) perhaps_the_bases_.insert(path);
    folder_inputs_.try_emplace(std::move(path), input);
  }

  void place(RecipeEntry entry, std::size_t input) {
    if (entry.kind == EntryKind::directory) return place_folder(std::move(entry), input);
    entry.path = root_.resolve_entry(entry.path);
    if (root_.has_folder(entry.path)) {
      throw Error(
          Fault::usage,
          fmt::format(
              "{} would replace a folder of the base by {}", shown(entry.path), source_of(input)),
          fmt::format("end the target in `/` to put it into the folder"));
    }
    placed_.push_back({std::move(entry), input});
  }

  std::string source_of(std::size_t input) const {
    return fmt::format("`{}`", printable(inputs_[input].source.string()));
  }

  void check_unique() const {
    for (std::size_t i = 1; i < placed_.size(); ++i) {
      if (placed_[i].entry.path != placed_[i - 1].entry.path) continue;
      throw Error(Fault::usage,
                  fmt::format("{} and {} both write {}",
                              source_of(placed_[i - 1].input),
                              source_of(placed_[i].input),
                              shown(placed_[i].entry.path)),
                  "exclude it from one of them");
    }
  }

  // Nothing may lie below what is not a folder.
  void check_parents() const {
    std::unordered_map<std::string_view, std::size_t> leaves;
    leaves.reserve(placed_.size());
    for (const Placed& placed : placed_) {
      leaves.emplace(placed.entry.path, placed.input);
    }
    const auto check = [&](std::string_view folder, std::size_t input) {
      const auto leaf = leaves.find(folder);
      if (leaf == leaves.end()) return;
      throw Error(Fault::usage,
                  fmt::format("{} is a folder of {} and something else in {}",
                              shown(folder),
                              source_of(input),
                              source_of(leaf->second)),
                  "choose another target for one of them");
    };
    for (const auto& [path, input] : folder_inputs_) {
      check(path, input);
      for_each_parent(path, [&, i = input](std::string_view parent) { check(parent, i); });
    }
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      if (is_beside_last(i)) continue;
      for_each_parent(placed_[i].entry.path,
                      [&](std::string_view parent) { check(parent, placed_[i].input); });
    }
  }

  const std::vector<TreeInput>& inputs_;
  const RootView& root_;
  std::vector<Placed> placed_;
  Folders folders_;
  std::map<std::string, std::size_t> folder_inputs_;
  std::set<std::string> perhaps_the_bases_;
};

// Fills layers one after the other; a file that is larger than a layer may be lies alone.
std::vector<LayerRecipe> fill(std::vector<RecipeEntry> items, LayerBuilder builder) {
  std::vector<LayerRecipe> layers;
  for (RecipeEntry& item : items) {
    if (!builder.empty() && !builder.has_room_for(item)) layers.push_back(builder.take());
    builder.add(std::move(item));
  }
  if (!builder.empty()) layers.push_back(builder.take());
  return layers;
}

std::vector<std::string> warnings_for(const std::vector<RecipeEntry>& items,
                                      Role role,
                                      const RecipeOptions& options) {
  std::vector<std::string> warnings = case_collisions(items);
  for (const RecipeEntry& item : items) {
    if (item.size <= options.max_size) continue;
    const bool can_split = role == Role::weights && would_split(item, options.max_size);
    warnings.push_back(
        fmt::format("{} is {}, larger than `layers.max_size` ({}): its layer is too{}",
                    shown(item.path),
                    human_size(item.size),
                    human_size(options.max_size),
                    can_split ? "; `--reshard` splits the file into shards" : ""));
  }
  return warnings;
}

}  // namespace

Recipes files_recipes(const std::string& name,
                      const std::vector<TreeInput>& inputs,
                      const RecipeOptions& options) {
  Collection collection(inputs, options.root);
  std::vector<RecipeEntry> items = collection.take_items();
  std::vector<std::string> warnings = warnings_for(items, Role::files, options);
  const LayerBuilder builder(Role::files, name, options, collection.folders());
  return {fill(std::move(items), builder), std::move(warnings)};
}

Recipes weights_recipes(const std::string& name,
                        const TreeInput& input,
                        const RecipeOptions& options) {
  return weights_recipes(name, input, walk(input), options);
}

Recipes weights_recipes(const std::string& name,
                        const TreeInput& input,
                        std::vector<RecipeEntry> entries,
                        const RecipeOptions& options) {
  const std::vector<TreeInput> inputs{input};
  Collection collection(inputs, std::move(entries), options.root);
  std::vector<RecipeEntry> items = collection.take_items();
  const auto is_file = [](const RecipeEntry& item) { return item.kind == EntryKind::file; };
  if (std::none_of(items.begin(), items.end(), is_file)) {
    throw Error(Fault::input,
                fmt::format("`{}` holds no weights", printable(input.source.string())),
                "put them there, or take the entry out of the spec");
  }
  Recipes recipes{{}, warnings_for(items, Role::weights, options)};
  const auto small = std::stable_partition(items.begin(), items.end(), [](const auto& item) {
    return item.kind == EntryKind::file && item.size >= shard_bytes;
  });
  LayerBuilder builder(Role::weights, name, options, collection.folders());
  for (auto shard = items.begin(); shard != small; ++shard) {
    builder.add(std::move(*shard));
    recipes.layers.push_back(builder.take());
  }
  for (LayerRecipe& layer :
       fill({std::make_move_iterator(small), std::make_move_iterator(items.end())}, builder)) {
    recipes.layers.push_back(std::move(layer));
  }
  return recipes;
}

}  // namespace mlpack
