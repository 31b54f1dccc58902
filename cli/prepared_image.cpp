#include "cli/prepared_image.h"

#include "cli/python_torch.h"
#include "cli/root_sketch.h"
#include "cli/runtime_facts.h"
#include "cli/stack.h"
#include "cli/targets.h"
#include "layers/compress.h"
#include "lib/resolve/stack_image.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mlpack {
namespace {

// Whether somebody has the layers of weights that were not looked at.
bool are_made(const ImageInputs& inputs,
              const Platform& platform,
              const LayerJobs& layers,
              const Store& store) {
  return std::all_of(layers.jobs.begin(), layers.jobs.end(), [&](const PackJob& job) {
    const auto found = inputs.weights.find(job.recipe.name);
    const bool is_unseen =
        job.recipe.role == Role::weights && found != inputs.weights.end() && found->second.is_made;
    return !is_unseen || inputs.registry->find(job, inputs.lock.layers(platform)) ||
           store.known_layer(layer_key(job.recipe, codec_id(job.compression)));
  });
}

// nullopt where what the registry has is not what the spec wants now.
std::optional<PreparedImage> prepare_with(const ImageInputs& inputs,
                                          const Platform& platform,
                                          LockedLayers* registry,
                                          Session& session) {
  PreparedImage image;
  const auto torch = torch_wish_of(inputs.resolved.catalog, inputs.resolved.asked, platform);
  const BaseUse use{BaseLayers::leave,
                    BaseUse::Packages::lay_out,
                    inputs.lock.pins(platform),
                    registry,
                    inputs.lock.python(platform, torch)};
  image.base = reaching_base(inputs.resolved.asked, [&] {
    return find_base(inputs.resolved.spec, platform, session, inputs.network, use);
  });
  image.reused = reuse_weights(inputs.resolved.spec,
                               platform,
                               session,
                               inputs.network,
                               {BaseLayers::leave, &inputs.lock.pins()});
  image.base.weights = std::move(image.reused.layers);
  image.plan = plan_image(inputs.resolved, platform, image.base, inputs.weights, session);
  image.plan.reshard_above = inputs.reshard_above;
  const bool fits = !image.base.sketch || covers(*image.base.sketch, paths_asked_for(image.plan));
  if (!fits) return std::nullopt;
  image.layers = layer_jobs(image.plan,
                            image.base,
                            inputs.resolved.spec,
                            {inputs.weights,
                             inputs.written,
                             inputs.lock.file().path,
                             inputs.network,
                             inputs.beside_weights},
                            session);
  if (!inputs.resolved.spec.weights.empty()) {
    image.plan.config.labels.emplace(label::weights_bytes,
                                     std::to_string(image.layers.weight_bytes));
  }
  if (!are_made(inputs, platform, image.layers, session.store)) return std::nullopt;
  return image;
}

}  // namespace

Spec with_chosen_base(const Spec& asked, const Catalog& catalog) {
  if (!needs_stack(asked)) return asked;
  SpecStack found = find_stack(catalog, asked, std::nullopt);
  if (waits_for_base(asked, found)) {
    for (Conflict& conflict : found.resolution.conflicts)
      conflict.fixes.clear();
    found.resolution.together.clear();
  }
  return with_base(asked, require_stack(found));
}

Plan plan_image(const ResolvedSpec& resolved,
                const Platform& platform,
                const FoundBase& base,
                const RemoteWeightsByName& weights,
                Session& session) {
  Plan plan = resolve(resolved.spec,
                      platform,
                      base.facts,
                      creation_time(session.world.environment),
                      runtime_facts(resolved.spec, weights, session));
  for (const auto& [name, found] : weights) {
    plan.decisions.insert(plan.decisions.end(), found.decisions.begin(), found.decisions.end());
  }
  if (!needs_stack(resolved.asked)) return plan;
  const auto config = names_base(resolved.asked) ? std::optional(base.facts.config) : std::nullopt;
  const bool is_pinned = base.wheels == FoundBase::Wheels::pinned;
  const InstalledWheels wheels{
      base.locked_python ? &*base.locked_python : nullptr,
      is_pinned ? InstalledWheels::From::lock : InstalledWheels::From::resolver};
  const SpecStack stack = find_stack(resolved.catalog, resolved.asked, config, {}, wheels);
  apply_stack(resolved.catalog, require_stack(stack), stack.demands, plan);
  warn_of_left_out(resolved.catalog, resolved.asked, plan);
  return plan;
}

PreparedImage prepare_image(ImageInputs& inputs, const Platform& platform, Session& session) {
  auto image = prepare_with(inputs, platform, inputs.registry, session);
  if (!image) {
    inputs.weights = fetch_weights(
        inputs.resolved.spec, session, inputs.network, inputs.bytes, {&inputs.lock.pins(), {}});
    image = prepare_with(inputs, platform, nullptr, session);
  }
  inputs.lock.note(inputs.weights);
  inputs.lock.note(image->reused);
  inputs.lock.note(platform, image->base, image->plan);
  if (image->base.made.empty()) inputs.lock.note_root(platform, image->base.root, image->plan);
  auto& decisions = image->reused.decisions;
  std::move(decisions.begin(), decisions.end(), std::back_inserter(image->plan.decisions));
  return std::move(*image);
}

}  // namespace mlpack
