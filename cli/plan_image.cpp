#include "cli/plan.h"
#include "cli/python_pins.h"
#include "cli/python_torch.h"
#include "cli/python_twice.h"
#include "cli/runtime_facts.h"
#include "cli/targets.h"
#include "lib/resolve/runtime_image.h"
#include "lib/resolve/runtime_plan.h"
#include "lib/resolve/stack_image.h"
#include "lib/text.h"
#include "registry/remote_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mlpack {
namespace {

constexpr const char* when_online = "plan without `--offline`, or run `mlpack fetch` once";

// A base, and whether its config was read.
struct PlanBase {
  FoundBase found;
  enum class Config { read, unread } config = Config::read;
};

// The image that the spec or its runtime names; empty where it names none, or a layout.
std::string reference_of_base(const PlanInputs& inputs, const Platform& platform) {
  const Base& base = inputs.spec.base.value;
  if (const auto* named = std::get_if<BaseReference>(&base)) return named->reference;
  const bool is_official = std::holds_alternative<BaseAuto>(base) && inputs.spec.runtime;
  return is_official ? base_of_runtime(Catalog::built_in(), inputs.spec, platform) : std::string();
}

// An image of which no more is known than its name, and what the lock has pinned.
FoundBase named_base(const std::string& name,
                     const LockedPlatform* pins,
                     const Platform& platform) {
  FoundBase base;
  base.facts.kind = BaseFacts::Kind::image;
  base.facts.name = name;
  base.facts.config.platform = platform;
  if (pins != nullptr && pins->base && pins->base->reference == name) {
    base.facts.digest = pins->base->digest;
  }
  if (pins != nullptr && pins->system) base.locked_system = *pins->system;
  base.image.config = base.facts.config;
  base.image.name = name;
  base.root = RootView::unknown_image();
  return base;
}

PlanBase find_plan_base(const PlanInputs& inputs, const Platform& platform, Session& session) {
  const LockedPlatform* const pins = inputs.lock.pins(platform);
  const BaseUse use{BaseLayers::leave, BaseUse::Packages::leave, pins, nullptr};
  const auto find = [&] { return find_base(inputs.spec, platform, session, inputs.network, use); };
  if (inputs.network == Offline::no) {
    return {with_hint(Fault::network,
                      "`mlpack plan --offline` plans without it, from the catalog; or name another "
                      "base: its copy in a registry of yours, `oci:DIR`, or `{debian: CODENAME}` "
                      "with what the rest needs",
                      find),
            PlanBase::Config::read};
  }
  const std::string name = reference_of_base(inputs, platform);
  try {
    return {find(), PlanBase::Config::read};
  } catch (const Error& error) {
    // What the store has not is planned with what the catalog knows of the name.
    if (error.fault() != Fault::input || name.empty()) throw;
  }
  return {named_base(name, pins, platform), PlanBase::Config::unread};
}

// What contradicts each other is told with a base that is out of reach, too: nullopt then.
std::optional<PlanBase> base_if_in_reach(const PlanInputs& inputs,
                                         const Platform& platform,
                                         Session& session) {
  if (inputs.found.resolution.conflicts.empty()) return find_plan_base(inputs, platform, session);
  try {
    return find_plan_base(inputs, platform, session);
  } catch (const Error& error) {
    if (error.fault() == Fault::interrupted || error.fault() == Fault::terminated) throw;
    return std::nullopt;
  }
}

bool is_remote_entry(const Weights& weights) {
  return weights.kind != SourceKind::path && weights.kind != SourceKind::oci;
}

// `spec` with those entries of `weights` alone that `holds` for.
template <class Holds>
Spec with_weights(Spec spec, const Holds& holds) {
  std::erase_if(spec.weights, [&](const auto& item) { return !holds(item.value); });
  return spec;
}

// What is known of weights in the network without fetching any of them.
RemoteWeightsByName list_weights(const PlanInputs& inputs, Session& session) {
  const Lock& pins = inputs.lock.pins();
  const RemoteCache cache(session.store.root() / "cache", session.world.stop);
  const auto is_listed = [&](const Weights& weights) {
    if (!is_remote_entry(weights) || inputs.network == Offline::no) return true;
    const auto is_it = [&](const LockedWeights& locked) { return locked.name == weights.name; };
    return std::any_of(pins.weights.begin(), pins.weights.end(), is_it) ||
           cache.listing(weights.source).has_value();
  };
  auto remote = fetch_weights(with_weights(inputs.spec, is_listed),
                              session,
                              inputs.network,
                              RemoteBytes::listed,
                              {&pins, {}});
  // A plan looks at no more of them than it has to.
  for (auto& [name, weights] : remote)
    weights.is_made = true;
  return remote;
}

bool is_at_hand(const RecipeEntry& entry) {
  return !std::holds_alternative<RemoteContent>(entry.content);
}

// The spec for those who look into its files: without entries that nobody can look into now.
Spec readable_spec(const PlanInputs& inputs, const RemoteWeightsByName& remote) {
  return with_weights(inputs.spec, [&](const Weights& weights) {
    if (!is_remote_entry(weights)) return true;
    const auto found = remote.find(weights.name);
    if (found == remote.end()) return false;
    const auto& entries = found->second.entries;
    return inputs.network == Offline::no || std::all_of(entries.begin(), entries.end(), is_at_hand);
  });
}

// Of weights that other images have; empty where offline the store does not know one of them.
ReusedWeights find_reused_weights(const PlanInputs& inputs,
                                  const Platform& platform,
                                  Session& session) {
  const ReuseUse use{BaseLayers::leave, &inputs.lock.pins(), ReuseUse::Files::leave};
  if (inputs.network == Offline::no) {
    return reuse_weights(inputs.spec, platform, session, inputs.network, use);
  }
  try {
    return reuse_weights(inputs.spec, platform, session, inputs.network, use);
  } catch (const Error& error) {
    if (error.fault() != Fault::input) throw;
  }
  return {};
}

// What a base that was not read may well have.
void forget_unread_base(const PlanBase& base, Plan& plan) {
  if (base.config == PlanBase::Config::read) return;
  std::erase_if(plan.warnings, [](const Warning& warning) {
    return warning.what == "the image starts nothing" || warning.what == "the image runs as root";
  });
  std::erase_if(plan.decisions, [](const Decision& decision) {
    return decision.what == "user" && decision.because.front() == "the base runs as root";
  });
  plan.warnings.push_back(
      {fmt::format("the base `{}` was not read", base.found.facts.name),
       "its layers, user, command and environment are not known: what is said of it is what the "
       "catalog knows of its name",
       when_online});
}

void warn_of_families(const PlanInputs& inputs, std::vector<Warning>& warnings) {
  for (const auto& [row, place] : inputs.spec.fleet) {
    if (row.is_cpu()) continue;
    const auto match = inputs.catalog.find_gpu(row.gpu);
    if (match && match->is_family) {
      warnings.push_back({fmt::format("`{}` in `fleet` is taken for {}", row.gpu, match->gpu->name),
                          fmt::format("it stands for several models, and this one has the least "
                                      "memory ({} GB)",
                                      match->gpu->memory_gib),
                          "name the model, as `mlpack catalog gpus` lists it"});
    }
    if (row.driver.empty()) {
      warnings.push_back(
          {fmt::format("no driver is said of `{}` in `fleet`", row.gpu),
           "so no promise about it is made: the image asks for the oldest driver "
           "that runs it",
           fmt::format("write `{{gpu: {}, driver: \"…\"}}`, as `nvidia-smi` has it", row.gpu)});
    }
  }
}

Warning gap_warning(const PlannedLayer& layer) {
  const std::string what =
      fmt::format("`{} {}` was not looked at", role_name(layer.role), layer.name);
  switch (layer.role) {
    case Role::weights:
      return {what,
              "it lies in the network, and neither the lock nor the store knows its files",
              when_online};
    case Role::python:
      return {what,
              "which wheels fit is seen when the interpreter of the base is looked at",
              "`mlpack build` makes it"};
    default:
      return {what,
              "neither the lock knows the packages, nor has anybody made layers of them",
              "`mlpack lock` pins the packages, `mlpack build` makes the layers"};
  }
}

// Of wheels that the lock pins, on a base that is told by its name.
void warn_of_libraries(const PlanInputs& inputs,
                       const Platform& platform,
                       const std::string& base,
                       std::vector<Warning>& warnings) {
  const LockedPlatform* const pins = inputs.lock.pins(platform);
  if (pins == nullptr || !pins->python) return;
  if (auto warning = libraries_twice(*pins->python, base)) warnings.push_back(std::move(*warning));
}

// What neither the lock nor the network says of the layers.
void warn_of_gaps(const PlannedImage& image, std::vector<Warning>& warnings) {
  for (const PlannedLayer& layer : image.layers) {
    if (layer.files || layer.digest || layer.role == Role::base) continue;
    warnings.push_back(gap_warning(layer));
  }
}

std::map<std::string, std::string> frameworks_of(const Stack& stack, const Demands& demands) {
  std::map<std::string, std::string> frameworks;
  for (const Choice& choice : stack.choices) {
    const CatalogRow* const row = choice.because.empty() || choice.because.front().evidence.empty()
                                      ? nullptr
                                      : choice.because.front().evidence.front();
    const auto is_it = [&](const PackageDemand& package) { return package.name == choice.what; };
    const auto& packages = demands.packages;
    const bool is_package = std::any_of(packages.begin(), packages.end(), is_it);
    const bool is_known = row != nullptr && !row->at("torch").empty();
    if (is_known && (is_package || choice.what == demands.runtime))
      frameworks.emplace("torch", row->at("torch"));
    if (is_package) frameworks[choice.what] = choice.chosen;
  }
  return frameworks;
}

// Whose user it is decides what a base that was not read has.
bool is_user_known(const PlanInputs& inputs, const PlanBase& base) {
  const ServingRuntime* const runtime = runtime_of(inputs.spec);
  return base.config == PlanBase::Config::read || !inputs.spec.user.empty() ||
         (runtime != nullptr && !runtime->user.empty());
}

void describe_start(const PlanInputs& inputs,
                    const PlanBase& base,
                    const Plan& plan,
                    PlannedImage& image) {
  const ImageConfig& config = plan.config;
  image.command = config.entrypoint;
  image.command.insert(image.command.end(), config.cmd.begin(), config.cmd.end());
  image.ports = config.exposed_ports;
  image.env.insert(config.env.begin(), config.env.end());
  image.labels.insert(config.labels.begin(), config.labels.end());
  if (is_user_known(inputs, base)) image.user = config.user.empty() ? "root" : config.user;
}

Plan make_plan(const PlanInputs& inputs,
               const Platform& platform,
               const PlanBase& base,
               const PlannedElsewhere& elsewhere,
               Session& session) {
  const Spec readable = readable_spec(inputs, elsewhere.remote);
  Plan plan = resolve(inputs.spec,
                      platform,
                      base.found.facts,
                      creation_time(session.world.environment),
                      runtime_facts(readable, elsewhere.remote, session));
  auto& decisions = plan.decisions;
  for (const auto& [name, found] : elsewhere.remote)
    decisions.insert(decisions.end(), found.decisions.begin(), found.decisions.end());
  const auto& reused = elsewhere.reused.decisions;
  decisions.insert(decisions.end(), reused.begin(), reused.end());
  return plan;
}

// Whether wheels are for the Python and the C library of the base, as far as these are known.
bool are_for_base(const LockedPython& wheels, const SpecStack& stack) {
  const auto& base = stack.demands.base;
  const auto locked = Version::parse(wheels.version);
  const auto python = stack.demands.python ? stack.demands.python
                      : base               ? base->python
                                           : stack.resolution.stack->python;
  if (locked && python && !locked->same_minor(*python)) return false;
  const Distro* const distro = base ? base->distro : nullptr;
  const bool is_known = distro != nullptr && distro->glibc;
  return !is_known || wheels.libc == fmt::format("glibc {}", distro->glibc->text());
}

// The wheels that a build takes from the lock; nullptr where it chooses anew.
const LockedPython* wheels_of_lock(const PlanInputs& inputs,
                                   const Platform& platform,
                                   const PlanBase& base,
                                   const SpecStack& stack) {
  const LockedPlatform* const pins = inputs.lock.pins(platform);
  const bool is_now = inputs.as_of.empty();
  if (!is_now || pins == nullptr || !pins->python || !are_for_base(*pins->python, stack)) {
    return nullptr;
  }
  const TorchWishOf wish = torch_wish_of(inputs.catalog, inputs.asked, platform);
  const bool is_build = wish(base.found.facts.config).build == pins->python->torch;
  return is_build ? &*pins->python : nullptr;
}

// What the image says of its weights; nullopt where nobody looked at all of them.
std::optional<std::uint64_t> weight_bytes(const std::vector<PlannedLayer>& layers) {
  std::uint64_t bytes = 0;
  for (const PlannedLayer& layer : layers) {
    if (layer.role != Role::weights) continue;
    const auto size = layer.bytes ? layer.bytes : layer.size;
    if (!size) return std::nullopt;
    bytes += *size;
  }
  return bytes;
}

// With what the base says, and what the lock pins.
SpecStack stack_on(const PlanInputs& inputs, const Platform& platform, const PlanBase& base) {
  SpecStack stack = inputs.found;
  if (!stack.resolution.stack && stack.resolution.conflicts.empty()) return stack;
  const bool says_more = base.config == PlanBase::Config::read && names_base(inputs.asked);
  const auto config = says_more ? std::optional(base.found.facts.config) : std::nullopt;
  if (says_more) stack = find_stack(inputs.catalog, inputs.asked, config, inputs.as_of);
  if (!stack.resolution.stack) return stack;
  const LockedPython* const wheels = wheels_of_lock(inputs, platform, base, stack);
  if (wheels == nullptr) return stack;
  return find_stack(inputs.catalog, inputs.asked, config, inputs.as_of, {wheels});
}

}  // namespace

PlanOutcome plan_image_of(const PlanInputs& inputs, const Platform& platform, Session& session) {
  const auto found = base_if_in_reach(inputs, platform, session);
  if (!found) return {std::nullopt, inputs.found.resolution};
  const PlanBase& base = *found;
  SpecStack stack = stack_on(inputs, platform, base);
  if (!stack.resolution.conflicts.empty()) {
    return {std::nullopt, std::move(stack.resolution)};
  }
  const PlannedElsewhere elsewhere{list_weights(inputs, session),
                                   find_reused_weights(inputs, platform, session)};
  Plan plan = make_plan(inputs, platform, base, elsewhere, session);
  if (stack.resolution.stack) {
    apply_stack(inputs.catalog, *stack.resolution.stack, stack.demands, plan);
  }
  warn_of_left_out(inputs.catalog, inputs.asked, plan);
  forget_unread_base(base, plan);

  PlannedImage image{inputs.spec.name, platform, base.found.facts.name};
  image.base_digest = base.found.facts.digest;
  if (stack.resolution.stack) image.stack = *stack.resolution.stack;
  image.runtime = stack.demands.runtime;
  image.frameworks = frameworks_of(image.stack, stack.demands);
  describe_start(inputs, base, plan, image);
  image.decisions = plan_decisions(inputs, stack, image.base, plan);
  image.warnings = plan.warnings;
  image.layers = plan_layers(inputs, std::move(plan), base.found, elsewhere, session);
  const auto bytes = weight_bytes(image.layers);
  if (bytes && !inputs.spec.weights.empty()) {
    image.labels.emplace(label::weights_bytes, std::to_string(*bytes));
  }
  image.fits = plan_fits(inputs.spec, inputs.catalog, elsewhere.remote, inputs.network, session);
  warn_of_families(inputs, image.warnings);
  warn_of_gaps(image, image.warnings);
  warn_of_libraries(inputs, platform, image.base, image.warnings);
  return {std::move(image), {}};
}

}  // namespace mlpack
