#include "layers/layer_builder.h"
#include "layers/wheels.h"
#include "lib/error.h"
#include "lib/parallel.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t own_layer_from = std::uint64_t{32} << 20;
constexpr std::uint64_t shared_layer_from = std::uint64_t{1} << 20;
constexpr unsigned shared_layers = 8;

// The layer that a wheel goes to, for itself alone: what else is installed moves nothing.
struct WheelPlace {
  enum class Kind { own, shared, small };
  Kind kind = Kind::small;
  std::string name;
  auto operator<=>(const WheelPlace&) const = default;
};

WheelPlace place_of_wheel(const std::string& package, std::uint64_t size) {
  if (size > own_layer_from) return {WheelPlace::Kind::own, package};
  if (size <= shared_layer_from) return {WheelPlace::Kind::small, "packages"};
  const unsigned number = Digest::of(package).raw()[0] % shared_layers;
  return {WheelPlace::Kind::shared, fmt::format("packages {}", number + 1)};
}

// The wheel that has a path, and what it has there.
struct WheelHolder {
  std::size_t wheel;
  unsigned mode;
  Digest content;
};

WheelHolder holder_of(const RecipeEntry& entry, std::size_t wheel) {
  if (const auto* member = std::get_if<WheelMember>(&entry.content)) {
    return {wheel, entry.mode, member->sha256};
  }
  const auto* text = std::get_if<std::string>(&entry.content);
  return {wheel, entry.mode, Digest::of(text != nullptr ? *text : "")};
}

class LayerPlanner {
 public:
  LayerPlanner(const std::vector<ListedWheel>& wheels,
               const PythonPlaces& places,
               const WheelGround& ground,
               std::uint64_t max_size)
      : wheels_(wheels),
        places_(places),
        taken_(ground.taken.begin(), ground.taken.end()),
        installed_(wheels.size()) {
    options_.max_size = max_size;
    for (const std::string& folder : ground.folders)
      options_.root.add_folder(folder);
  }

  WheelLayers plan(std::size_t jobs) {
    parallel_for(wheels_.size(), jobs, [&](std::size_t wheel) {
      installed_[wheel] = install_wheel(wheels_[wheel], places_);
    });
    std::map<WheelPlace, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < wheels_.size(); ++i)
      groups[place_of_wheel(wheels_[i].listing.name, wheels_[i].wheel.size)].push_back(i);
    for (auto& [place, wheels] : groups) {
      std::sort(wheels.begin(), wheels.end(), [&](std::size_t a, std::size_t b) {
        return wheels_[a].listing.name < wheels_[b].listing.name;
      });
      add_group(place, wheels);
    }
    check_folders();
    add_warnings();
    return std::move(result_);
  }

 private:
  void add_group(const WheelPlace& place, const std::vector<std::size_t>& wheels) {
    std::map<std::string, RecipeEntry> entries;
    for (const std::size_t wheel : wheels) {
      for (RecipeEntry& entry : installed_[wheel]) {
        claim(entry, wheel);
        std::string path = entry.path;
        entries.insert_or_assign(std::move(path), std::move(entry));
      }
    }
    const Folders none;
    LayerBuilder builder(Role::python, place.name, options_, none);
    for (auto& item : entries) {
      if (!builder.empty() && !builder.has_room_for(item.second)) {
        result_.layers.push_back(builder.take());
      }
      builder.add(std::move(item.second));
    }
    if (!builder.empty()) result_.layers.push_back(builder.take());
  }

  void claim(const RecipeEntry& entry, std::size_t wheel) {
    if (taken_.contains(entry.path)) {
      fail(Fault::integrity,
           "the wheel `{}` would replace `/{}`",
           wheels_[wheel].wheel.file,
           printable(entry.path));
    }
    const WheelHolder holder = holder_of(entry, wheel);
    const auto [found, is_new] = holders_.try_emplace(entry.path, holder);
    if (is_new) return add_folders(entry.path, wheel);
    if (found->second.content != holder.content || found->second.mode != holder.mode) {
      auto& conflict = conflicts_[{found->second.wheel, wheel}];
      if (conflict.first++ == 0) conflict.second = entry.path;
    }
    found->second = holder;
  }

  // From the innermost out, as far as they are new.
  void add_folders(std::string_view path, std::size_t wheel) {
    for (path = parent_of(path); !path.empty(); path = parent_of(path)) {
      if (!folders_.emplace(path, wheel).second) return;
    }
  }

  void check_folders() const {
    for (const auto& [path, wheel] : folders_) {
      const auto file = holders_.find(path);
      if (file == holders_.end()) continue;
      fail(Fault::incompatible,
           "`/{}` is a file of `{}` and a folder of `{}`",
           printable(path),
           wheels_[file->second.wheel].listing.name,
           wheels_[wheel].listing.name);
    }
  }

  void add_warnings() {
    for (const auto& [pair, conflict] : conflicts_) {
      const std::uint64_t more = conflict.first - 1;
      result_.warnings.push_back(
          fmt::format("`{}` and `{}` both have `/{}`{}, differently; that of `{}` is installed",
                      wheels_[pair.first].listing.name,
                      wheels_[pair.second].listing.name,
                      printable(conflict.second),
                      more == 0 ? "" : fmt::format(" and {} more", more),
                      wheels_[pair.second].listing.name));
    }
  }

  const std::vector<ListedWheel>& wheels_;
  const PythonPlaces& places_;
  RecipeOptions options_;
  std::unordered_set<std::string> taken_;
  std::vector<std::vector<RecipeEntry>> installed_;  // by wheel
  std::unordered_map<std::string, WheelHolder> holders_;
  std::unordered_map<std::string, std::size_t> folders_;  // with a wheel that has something there
  // Of two wheels: how many files, and the first of them.
  std::map<std::pair<std::size_t, std::size_t>, std::pair<std::uint64_t, std::string>> conflicts_;
  WheelLayers result_;
};

}  // namespace

std::string wheel_layer_name(const std::string& package, std::uint64_t size) {
  return place_of_wheel(package, size).name;
}

WheelLayers wheel_layers(const std::vector<ListedWheel>& wheels,
                         const PythonPlaces& places,
                         const WheelGround& ground,
                         std::uint64_t max_size,
                         std::size_t jobs) {
  return LayerPlanner(wheels, places, ground, max_size).plan(jobs);
}

}  // namespace mlpack
