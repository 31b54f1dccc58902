#include "cli/layer_jobs.h"
#include "cli/locked_layers.h"
#include "cli/output_checks.h"
#include "cli/plan.h"
#include "layers/compress.h"
#include "lib/lock/agree.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mlpack {
namespace {

PlannedLayer of_blob(const Layer& layer, const std::string& known_by) {
  return {layer.role,
          layer.name,
          std::nullopt,
          std::nullopt,
          layer.descriptor.digest,
          layer.descriptor.size,
          known_by};
}

PlannedLayer of_lock(const LockedLayer& layer) {
  return {layer.role, layer.name, std::nullopt, std::nullopt, layer.digest, layer.size, "lock"};
}

void add_base(std::vector<PlannedLayer>& layers, const FoundBase& base) {
  for (const Descriptor& blob : base.image.layers) {
    layers.push_back(
        {Role::base, base.image.name, std::nullopt, std::nullopt, blob.digest, blob.size, "image"});
  }
  const bool is_unread = base.image.layers.empty() && base.facts.kind == BaseFacts::Kind::image;
  if (is_unread) layers.push_back({Role::base, base.image.name});
}

// Layers of packages as they came out the last time, while the packages are those of the lock.
void add_system(std::vector<PlannedLayer>& layers,
                const FoundBase& base,
                const Spec& spec,
                const std::vector<LockedLayer>& locked) {
  if (!has_system(spec)) return;
  std::size_t found = 0;
  const std::vector<Digest> keys =
      base.locked_system ? base.locked_system->layers : std::vector<Digest>();
  for (const Digest& key : keys) {
    const auto known = std::find_if(
        locked.begin(), locked.end(), [&](const LockedLayer& layer) { return layer.key == key; });
    if (known == locked.end()) continue;
    layers.push_back(of_lock(*known));
    ++found;
  }
  if (found == keys.size() && found > 0) return;
  layers.push_back({Role::system, "packages"});
}

// Of wheels nothing is known before the interpreter and the wheels are looked at.
void add_wheels(std::vector<PlannedLayer>& layers, const Spec& spec) {
  if (spec.python) layers.push_back({Role::python, "wheels"});
}

// Entries that nobody looked at have no layers yet.
bool was_looked_at(const Spec& spec, const std::string& name, const RemoteWeightsByName& remote) {
  const auto entry = std::find_if(spec.weights.begin(), spec.weights.end(), [&](const auto& item) {
    return item.value.name == name;
  });
  return entry == spec.weights.end() || entry->value.kind == SourceKind::path ||
         remote.contains(name);
}

void add_reused(std::vector<PlannedLayer>& layers, const Spec& spec, const ReusedWeights& reused) {
  for (const auto& item : spec.weights) {
    const Weights& wish = item.value;
    if (wish.kind != SourceKind::oci) continue;
    const std::size_t before = layers.size();
    for (const Layer& layer : reused.layers) {
      if (layer.name == wish.name) layers.push_back(of_blob(layer, "image"));
    }
    if (layers.size() == before) layers.push_back({Role::weights, wish.name});
  }
}

PlannedLayer of_job(const PackJob& job,
                    const std::vector<LockedLayer>& locked,
                    const Store& store) {
  PlannedLayer layer{job.recipe.role, job.recipe.name, 0, 0};
  for (const RecipeEntry& entry : job.recipe.entries) {
    if (entry.kind != EntryKind::file) continue;
    ++*layer.files;
    *layer.bytes += entry.size;
  }
  if (const auto known = store.known_layer(layer_key(job.recipe, codec_id(job.compression)))) {
    layer.digest = known->descriptor.digest;
    layer.size = known->descriptor.size;
    layer.known_by = "store";
    return layer;
  }
  const auto recorded = recorded_layers(job, locked, store);
  if (recorded.empty()) return layer;
  layer.digest = recorded.front().digest;
  layer.size = recorded.front().size;
  layer.known_by = "lock";
  return layer;
}

}  // namespace

std::vector<PlannedLayer> plan_layers(const PlanInputs& inputs,
                                      Plan plan,
                                      const FoundBase& base,
                                      const PlannedElsewhere& elsewhere,
                                      Session& session) {
  const Spec& spec = inputs.spec;
  const RemoteWeightsByName& remote = elsewhere.remote;
  const std::vector<LockedLayer>& locked = inputs.lock.layers(plan.platform);
  std::vector<PlannedLayer> layers;
  add_base(layers, base);
  add_system(layers, base, spec, locked);
  add_wheels(layers, spec);
  add_reused(layers, spec, elsewhere.reused);
  for (const PlannedContent& content : plan.weights) {
    if (!was_looked_at(spec, content.name, remote)) layers.push_back({Role::weights, content.name});
  }
  std::erase_if(plan.weights, [&](const PlannedContent& content) {
    return !was_looked_at(spec, content.name, remote);
  });
  // Its blobs are named by digests, for which the files would have to be read.
  plan.store.reset();
  const std::vector<WrittenPlace> nothing;
  const LayerJobs jobs = layer_jobs(
      plan, base, spec, {remote, nothing, inputs.lock.file().path, inputs.network}, session);
  std::transform(
      jobs.jobs.begin(), jobs.jobs.end(), std::back_inserter(layers), [&](const PackJob& job) {
        return of_job(job, locked, session.store);
      });
  return layers;
}

}  // namespace mlpack
