#include "cli/build_lock.h"

#include "cli/python_inputs.h"
#include "cli/root_sketch.h"
#include "cli/targets.h"
#include "layers/wheels.h"
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

// `H100:2 driver 550.90.07`
std::string machines_text(const FleetRow& row) {
  if (row.is_cpu()) return "cpu";
  std::string text = row.count > 1 ? fmt::format("{}:{}", row.gpu, row.count) : row.gpu;
  if (!row.driver.empty()) text += " driver " + row.driver;
  return text;
}

// The machines that all was decided for, in whatever order they are listed.
Decision fleet_decision(const Spec& spec) {
  std::vector<std::string> machines;
  for (const auto& [row, place] : spec.fleet)
    machines.push_back(machines_text(row));
  std::sort(machines.begin(), machines.end());
  return {"fleet", join(machines, ", "), {"the spec says so"}};
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
  const auto is_none_of = [](const auto& part, const LockedLayer& layer) {
    return !part ||
           std::find(part->layers.begin(), part->layers.end(), layer.key) == part->layers.end();
  };
  std::erase_if(locked.layers, [&](const LockedLayer& layer) {
    if (layer.role == Role::system) return is_none_of(locked.system, layer);
    if (layer.role == Role::python) return is_none_of(locked.python, layer);
    return std::none_of(weights.begin(), weights.end(), [&](const auto& entry) {
      return entry.name == layer.name;
    });
  });
}

std::vector<Digest>* keys_of(LockedPlatform& locked, Role role) {
  if (role == Role::system && locked.system) return &locked.system->layers;
  if (role == Role::python && locked.python) return &locked.python->layers;
  return nullptr;
}

// An index that the spec names has the build of PyTorch's that it has, whatever was decided.
void tell_of_wheels(std::vector<Decision>& decisions, const LockedPython& python) {
  if (!python.torch.empty()) return;
  for (Decision& decision : decisions) {
    const auto wheel =
        std::find_if(python.wheels.begin(), python.wheels.end(), [&](const LockedWheel& one) {
          return one.name == decision.what;
        });
    if (wheel == python.wheels.end() || wheel->version == decision.chosen) continue;
    const bool is_its_build = decision.chosen.starts_with(wheel->version + "+");
    if (!is_its_build) {
      decision.because = {fmt::format("that is what the index has; {} is what goes with the rest",
                                      decision.chosen)};
    }
    decision.chosen = wheel->version;
  }
}

// A wheel that a folder of wheels had: who has its layer does without.
void keep_absent_wheels(const LockedPython& before, LockedPython& now) {
  for (const LockedWheel& wheel : now.wheels) {
    if (!wheel.path.empty()) continue;
    for (const auto& [path, sha256] : before.files) {
      if (sha256 == wheel.sha256 && path.ends_with(wheel.file)) now.files.emplace(path, sha256);
    }
  }
}

}  // namespace

BuildLock::BuildLock(const Spec& spec, Use use, World& world)
    : spec_(spec),
      use_(use),
      file_(read_lock_file(spec)),
      subject_(lock_subject(spec, file_.lock)),
      platforms_(platforms_of(spec, world.terminal, file_.lock.platform)),
      pins_(agreeing_part(file_.lock, subject_, platforms_)),
      now_(pins_) {
  if (spec.platforms.empty()) now_.platform = platforms_.front();
  if (use_ == Use::update) return;
  const auto lines = disagreements(file_.lock, subject_, platforms_);
  if (!lines.empty()) refuse_lock(file_, lines);
}

void BuildLock::forget(const std::vector<std::string>& names) {
  const std::map<Platform, LockedPlatform> before = pins_.platforms;
  forget_pins(pins_, names);
  upgraded_ = names;
  memo_ = PythonPins::Memo::ignore;
  for (const auto& [platform, locked] : before) {
    const bool is_meant =
        std::find(platforms_.begin(), platforms_.end(), platform) != platforms_.end();
    if (!is_meant) pins_.platforms.insert_or_assign(platform, locked);
  }
  now_ = pins_;
  pins_.layer_rules = now_.layer_rules = layer_format;
  pins_.system_rules = now_.system_rules = system_format;
  pins_.python_rules = now_.python_rules = wheel_format;
  if (spec_.platforms.empty()) now_.platform = platforms_.front();
}

void BuildLock::drop_other_platforms() {
  keep_platforms(now_, spec_, platforms_);
}

const LockedPlatform* BuildLock::pins(const Platform& platform) const {
  const auto found = pins_.platforms.find(platform);
  return found == pins_.platforms.end() ? nullptr : &found->second;
}

PythonPins BuildLock::python(const Platform& platform, TorchWishOf torch) const {
  PythonPins python;
  python.torch = std::move(torch);
  python.memo = memo_;
  const LockedPlatform* const pinned = pins(platform);
  if (pinned != nullptr && pinned->python) python.locked = &*pinned->python;
  const auto before = file_.lock.platforms.find(platform);
  if (before == file_.lock.platforms.end() || !before->second.python) return python;
  if (upgraded_ && upgraded_->empty()) return python;
  const std::vector<std::string> names = upgraded_.value_or(std::vector<std::string>{});
  const auto is_named = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is_named("python")) return python;
  python.preferred = before->second.python->wheels;
  std::erase_if(python.preferred, [&](const LockedWheel& wheel) { return is_named(wheel.name); });
  python.upgraded = names;
  return python;
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
  if (!spec_.fleet.empty()) locked.decisions.push_back(fleet_decision(spec_));
  std::copy_if(plan.decisions.begin(),
               plan.decisions.end(),
               std::back_inserter(locked.decisions),
               is_recorded);
  if (base.locked_python) tell_of_wheels(locked.decisions, *base.locked_python);
  keep_python(platform, base.locked_python);
  std::optional<LockedSystem> before = std::move(locked.system);
  locked.system = base.locked_system;
  const bool is_same = before && locked.system && before->packages == locked.system->packages;
  if (!is_same) return;
  locked.system->layers = std::move(before->layers);
  locked.system->root = std::move(before->root);
}

void BuildLock::keep_python(const Platform& platform, std::optional<LockedPython> python) {
  std::optional<LockedPython>& locked = now_.platforms[platform].python;
  std::optional<LockedPython> before = std::move(locked);
  locked = std::move(python);
  if (!locked) return;
  locked->asked = lock_python(spec_);
  locked->files = subject_.python_files;
  locked->files.merge(used_python_files(spec_, *locked));
  if (before) keep_absent_wheels(*before, *locked);
  const bool is_same = before && before->wheels == locked->wheels && before->asked == locked->asked;
  if (!is_same) return;
  locked->layers = std::move(before->layers);
  locked->root = std::move(before->root);
}

void BuildLock::note_layers(const Platform& platform,
                            const std::vector<PackJob>& jobs,
                            const std::vector<Layer>& packed,
                            const Store& store) {
  LockedPlatform& locked = now_.platforms[platform];
  const std::vector<LockedLayer> before = std::move(locked.layers);
  locked.layers.clear();
  for (const Role role : {Role::system, Role::python}) {
    const bool is_laid_out = std::any_of(
        jobs.begin(), jobs.end(), [&](const PackJob& job) { return job.recipe.role == role; });
    auto* const keys = keys_of(locked, role);
    if (keys == nullptr) continue;
    if (is_laid_out) {
      keys->clear();
      continue;
    }
    std::copy_if(before.begin(), before.end(), std::back_inserter(locked.layers), [&](auto& layer) {
      return layer.role == role;
    });
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto made = locked_layer(jobs[i], packed[i], store);
    if (!made) continue;
    *made = kept_record(std::move(*made), before);
    if (auto* const keys = keys_of(locked, made->role)) keys->push_back(made->key);
    locked.layers.push_back(std::move(*made));
  }
}

void BuildLock::note_root(const Platform& platform, const RootView& root, const Plan& plan) {
  auto& [base, decisions, system, python, layers] = now_.platforms[platform];
  const auto sketch = sketch_of(root, paths_asked_for(plan));
  const bool has_packages = system && !system->packages.empty();
  if (has_packages) system->root = python ? std::nullopt : sketch;
  if (python) python->root = sketch;
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
    if (lock.empty()) return;
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
