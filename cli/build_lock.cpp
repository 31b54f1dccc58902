#include "cli/build_lock.h"

#include "cli/root_sketch.h"
#include "cli/targets.h"
#include "lib/lock/agree.h"
#include "lib/lock/changes.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mlpack {
namespace {

bool is_recorded(const Decision& decision) {
  // The lock says these elsewhere, and nothing outside of the spec can change the user.
  return decision.what != "platform" && !decision.what.starts_with("weights ") &&
         decision.what != "user";
}

// Compressors come and go, and what is in the registry stays: the record of what holds the same
// files is kept.
LockedLayer kept_record(LockedLayer layer, const std::vector<LockedLayer>& before) {
  const auto same = std::find_if(before.begin(), before.end(), [&](const LockedLayer& other) {
    return other.diff_id == layer.diff_id && other.role == layer.role && other.name == layer.name &&
           other.codec.substr(0, other.codec.find(' ')) ==
               layer.codec.substr(0, layer.codec.find(' '));
  });
  return same == before.end() ? layer : *same;
}

// Layers of packages and weights that are pinned no more.
void drop_old_layers(LockedPlatform& locked, const std::vector<LockedWeights>& weights) {
  std::erase_if(locked.layers, [&](const LockedLayer& layer) {
    if (layer.role == Role::weights) {
      return std::none_of(weights.begin(), weights.end(), [&](const auto& entry) {
        return entry.name == layer.name;
      });
    }
    if (layer.role != Role::system) return false;
    const auto* system = locked.system ? &*locked.system : nullptr;
    return system == nullptr ||
           std::find(system->layers.begin(), system->layers.end(), layer.key) ==
               system->layers.end();
  });
}

bool holds_anything(const LockedPlatform& locked) {
  return locked.base || locked.system || !locked.layers.empty() || !locked.decisions.empty();
}

}  // namespace

BuildLock::BuildLock(const Spec& spec, Use use, Terminal& terminal)
    : spec_(spec),
      use_(use),
      file_(read_lock_file(spec)),
      platforms_(platforms_of(spec, terminal, file_.lock.platform)),
      pins_(agreeing_part(file_.lock, spec, platforms_)),
      now_(pins_) {
  if (spec.platforms.empty()) now_.platform = platforms_.front();
  if (use_ == Use::update) return;
  const auto lines = disagreements(file_.lock, spec, platforms_);
  if (!lines.empty()) refuse_lock(file_, lines);
}

void BuildLock::forget(const std::vector<std::string>& names) {
  const std::map<Platform, LockedPlatform> before = pins_.platforms;
  forget_pins(pins_, names);
  for (const auto& [platform, locked] : before) {
    const bool is_meant =
        std::find(platforms_.begin(), platforms_.end(), platform) != platforms_.end();
    if (!is_meant) pins_.platforms.insert_or_assign(platform, locked);
  }
  now_ = pins_;
  pins_.layer_rules = now_.layer_rules = layer_format;
  pins_.system_rules = now_.system_rules = system_format;
  if (spec_.platforms.empty()) now_.platform = platforms_.front();
}

void BuildLock::drop_other_platforms() {
  keep_platforms(now_, spec_, platforms_);
}

const LockedPlatform* BuildLock::pins(const Platform& platform) const {
  const auto found = pins_.platforms.find(platform);
  return found == pins_.platforms.end() ? nullptr : &found->second;
}

const std::vector<LockedLayer>& BuildLock::layers(const Platform& platform) const {
  static const std::vector<LockedLayer> none;
  const LockedPlatform* locked = pins(platform);
  return locked == nullptr ? none : locked->layers;
}

std::set<std::string> BuildLock::made_weights(LockedLayers& registry) const {
  std::set<std::string> made;
  for (const LockedWeights& weights : pins_.weights) {
    if (weights.kind == LockedWeights::Kind::image) continue;
    const bool is_made =
        std::all_of(platforms_.begin(), platforms_.end(), [&](const Platform& platform) {
          std::vector<LockedLayer> own;
          const auto& all = layers(platform);
          std::copy_if(all.begin(), all.end(), std::back_inserter(own), [&](const auto& layer) {
            return layer.role == Role::weights && layer.name == weights.name;
          });
          return !own.empty() && registry.saves(own);
        });
    if (is_made) made.insert(weights.name);
  }
  return made;
}

void BuildLock::keep_weights(LockedWeights weights) {
  const auto found = std::find_if(now_.weights.begin(), now_.weights.end(), [&](const auto& other) {
    return other.name == weights.name;
  });
  if (found == now_.weights.end()) {
    now_.weights.push_back(std::move(weights));
    return;
  }
  if (found->revision != weights.revision || found->files != weights.files) {
    for (auto& [platform, locked] : now_.platforms) {
      std::erase_if(locked.layers, [&](const LockedLayer& layer) {
        return layer.role == Role::weights && layer.name == weights.name;
      });
    }
  }
  *found = std::move(weights);
}

void BuildLock::note(const RemoteWeightsByName& weights) {
  for (const auto& [name, found] : weights)
    keep_weights(found.locked);
}

void BuildLock::note(const ReusedWeights& weights) {
  for (const LockedWeights& locked : weights.locked)
    keep_weights(locked);
}

void BuildLock::note(const Platform& platform, const FoundBase& base, const Plan& plan) {
  LockedPlatform& locked = now_.platforms[platform];
  locked.base = base.locked;
  locked.decisions.clear();
  std::copy_if(plan.decisions.begin(),
               plan.decisions.end(),
               std::back_inserter(locked.decisions),
               is_recorded);
  std::optional<LockedSystem> before = std::move(locked.system);
  locked.system = base.locked_system;
  const bool is_same = before && locked.system && before->packages == locked.system->packages;
  if (!is_same) return;
  locked.system->layers = std::move(before->layers);
  locked.system->root = std::move(before->root);
}

void BuildLock::note_layers(const Platform& platform,
                            const std::vector<PackJob>& jobs,
                            const std::vector<Layer>& packed,
                            const Store& store) {
  LockedPlatform& locked = now_.platforms[platform];
  const std::vector<LockedLayer> before = std::move(locked.layers);
  locked.layers.clear();
  const bool is_laid_out = std::any_of(
      jobs.begin(), jobs.end(), [](const PackJob& job) { return job.recipe.role == Role::system; });
  if (!is_laid_out && locked.system) {
    std::copy_if(before.begin(), before.end(), std::back_inserter(locked.layers), [](auto& layer) {
      return layer.role == Role::system;
    });
  }
  if (is_laid_out && locked.system) locked.system->layers.clear();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto made = locked_layer(jobs[i], packed[i], store);
    if (!made) continue;
    *made = kept_record(std::move(*made), before);
    if (made->role == Role::system && locked.system) locked.system->layers.push_back(made->key);
    locked.layers.push_back(std::move(*made));
  }
}

void BuildLock::note_root(const Platform& platform, const RootView& root, const Plan& plan) {
  auto& system = now_.platforms[platform].system;
  if (system && !system->packages.empty()) system->root = sketch_of(root, paths_asked_for(plan));
}

Lock BuildLock::result() const {
  Lock lock = now_;
  const auto place_of = [&](const LockedWeights& weights) {
    return std::find_if(spec_.weights.begin(), spec_.weights.end(), [&](const auto& item) {
      return item.value.name == weights.name;
    });
  };
  std::sort(lock.weights.begin(), lock.weights.end(), [&](const auto& a, const auto& b) {
    return place_of(a) < place_of(b);
  });
  for (auto& [platform, locked] : lock.platforms)
    drop_old_layers(locked, lock.weights);
  std::erase_if(lock.platforms, [](const auto& entry) { return !holds_anything(entry.second); });
  return lock;
}

void BuildLock::finish(Session& session) const {
  const Lock lock = result();
  if (use_ == Use::locked) {
    const auto lines = changes(file_.lock, lock);
    if (!lines.empty()) refuse_lock(file_, lines);
    return;
  }
  const LockUpdate update = update_lock_file(file_, lock, session);
  if (!update.problem.empty()) {
    return session.terminal().warn(
        fmt::format("cannot write `{}`: {}; what was chosen is not pinned",
                    printable(file_.path.string()),
                    update.problem));
  }
  if (!update.written) return;
  for (const std::string& note : lock_notes(file_, update.changes))
    session.terminal().note(note);
}

}  // namespace mlpack
