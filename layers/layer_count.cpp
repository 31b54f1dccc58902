#include "layers/layer_count.h"

#include "layers/tar_view.h"
#include "lib/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>

namespace mlpack {
namespace {

// What container runtimes mount at most.
constexpr std::size_t max_layers = 127;

bool is_plain(const RecipeEntry& folder) {
  return folder.mode == 0755 && folder.uid == 0 && folder.gid == 0;
}

// See fit_layer_count. Layers of packages stay as they are.
void settle_folders(std::vector<PackJob>& jobs) {
  std::unordered_set<std::string> special;
  for (PackJob& job : jobs) {
    const auto is_overruled = [&](const RecipeEntry& entry) {
      return entry.kind == EntryKind::directory && is_plain(entry) && special.contains(entry.path);
    };
    if (job.recipe.role != Role::system) std::erase_if(job.recipe.entries, is_overruled);
    for (const RecipeEntry& entry : job.recipe.entries) {
      if (entry.kind == EntryKind::directory && !is_plain(entry)) special.insert(entry.path);
    }
  }
}

std::string joined_name(const std::string& lower, const std::string& upper) {
  constexpr std::string_view and_others = ", …";
  if (lower == upper || lower.ends_with(and_others)) return lower;
  return lower + std::string(and_others);
}

// Folders that both have are as the upper one has them.
LayerRecipe joined(const LayerRecipe& lower, const LayerRecipe& upper) {
  LayerRecipe both = upper;
  both.name = joined_name(lower.name, upper.name);
  std::unordered_set<std::string_view> above;
  for (const RecipeEntry& entry : upper.entries) {
    above.insert(entry.path);
  }
  for (const RecipeEntry& entry : lower.entries) {
    if (!above.contains(entry.path)) both.entries.push_back(entry);
  }
  std::sort(both.entries.begin(), both.entries.end(), [](const auto& a, const auto& b) {
    return a.path < b.path;
  });
  return both;
}

enum class Names { equal, any };  // of weights that may be joined

bool may_join(const PackJob& lower, const PackJob& upper, Names names) {
  const Role role = lower.recipe.role;
  if (role != upper.recipe.role || lower.compression != upper.compression) return false;
  if (role == Role::files || role == Role::python) return true;
  return role == Role::weights && (names == Names::any || lower.recipe.name == upper.recipe.name);
}

// Joins neighbours, the two that are smallest together first.
class Joiner {
 public:
  Joiner(std::vector<PackJob>& jobs, Names names) : jobs_(jobs), names_(names) {
    for (std::size_t i = 0; i + 1 < jobs_.size(); ++i) {
      sizes_.push_back(size_as_one(i));
    }
  }

  // Until there are at most `most` layers, or no pair fits into `max_size`.
  void join(std::size_t most, std::uint64_t max_size) {
    while (jobs_.size() > most && !sizes_.empty()) {
      const auto best = std::min_element(sizes_.begin(), sizes_.end());
      if (*best > max_size) return;
      join_at(static_cast<std::size_t>(best - sizes_.begin()));
    }
  }

  bool has_pair() const {
    return std::any_of(
        sizes_.begin(), sizes_.end(), [](std::uint64_t size) { return size != not_joinable; });
  }

 private:
  static constexpr std::uint64_t not_joinable = std::numeric_limits<std::uint64_t>::max();

  // Of the layers from `index` on.
  std::uint64_t size_as_one(std::size_t index) const {
    const PackJob& lower = jobs_[index];
    const PackJob& upper = jobs_[index + 1];
    if (!may_join(lower, upper, names_)) return not_joinable;
    return TarView(joined(lower.recipe, upper.recipe)).size();
  }

  void join_at(std::size_t index) {
    const auto at = static_cast<std::ptrdiff_t>(index);
    jobs_[index].recipe = joined(jobs_[index].recipe, jobs_[index + 1].recipe);
    jobs_.erase(jobs_.begin() + at + 1);
    sizes_.erase(sizes_.begin() + at);
    if (index > 0) sizes_[index - 1] = size_as_one(index - 1);
    if (index < sizes_.size()) sizes_[index] = size_as_one(index);
  }

  std::vector<PackJob>& jobs_;
  Names names_;
  std::vector<std::uint64_t> sizes_;  // of each layer and the next as one
};

// Joins until there are at most `most`; an Error where that cannot be, which begins with `message`.
void fit(std::vector<PackJob>& jobs,
         std::size_t most,
         std::uint64_t max_size,
         const std::string& message,
         const std::string& hint) {
  if (jobs.size() <= most) return;
  Joiner(jobs, Names::equal).join(most, max_size);
  Joiner last(jobs, Names::any);
  last.join(most, max_size);
  if (jobs.size() <= most) return;
  throw Error(Fault::usage,
              fmt::format("{}; container runtimes accept {}", message, max_layers),
              last.has_pair() ? "raise `layers.max_size`, so that more files share a layer" : hint);
}

std::size_t room_beside(std::size_t others) {
  return max_layers - std::min(max_layers, others);
}

// In the image of the weights alone.
void fit_weights(std::vector<PackJob>& jobs, std::size_t beside, std::uint64_t max_size) {
  const auto is_weights = [](const PackJob& job) { return job.recipe.role == Role::weights; };
  const auto begin = std::find_if(jobs.begin(), jobs.end(), is_weights);
  const auto end = std::find_if_not(begin, jobs.end(), is_weights);
  std::vector<PackJob> weights(std::make_move_iterator(begin), std::make_move_iterator(end));
  fit(weights,
      room_beside(beside),
      max_size,
      fmt::format("the image of the weights (`--also`) would have {} layers, {} of them not of "
                  "weights",
                  weights.size() + beside,
                  beside),
      "give all `weights` one `compression`, or publish them as a modelpack");
  const auto place = jobs.erase(begin, end);
  jobs.insert(
      place, std::make_move_iterator(weights.begin()), std::make_move_iterator(weights.end()));
}

}  // namespace

std::vector<PackJob> fit_layer_count(std::vector<PackJob> jobs,
                                     const OtherLayers& others,
                                     std::uint64_t max_size) {
  settle_folders(jobs);
  if (others.beside_weights > 0) fit_weights(jobs, others.beside_weights, max_size);
  const std::size_t below = others.base + others.reused;
  const std::string reused =
      others.reused == 0 ? "" : fmt::format(" and {} of weights that are reused", others.reused);
  fit(jobs,
      room_beside(below),
      max_size,
      fmt::format("the image would have {} layers, {} of them the base's{}",
                  below + jobs.size(),
                  others.base,
                  reused),
      others.reused > others.base ? "reuse weights that have fewer layers"
                                  : "choose a base with fewer layers");
  return jobs;
}

}  // namespace mlpack
