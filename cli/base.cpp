#include "cli/base.h"

#include "cli/locked_packages.h"
#include "cli/python.h"
#include "cli/root_sketch.h"
#include "layers/archive.h"
#include "layers/deb_image.h"
#include "layers/diff_ids.h"
#include "layers/image_root.h"
#include "layers/pack_text.h"
#include "lib/catalog/catalog.h"
#include "lib/lock/agree.h"
#include "lib/parallel.h"
#include "lib/resolve/runtime_image.h"
#include "lib/text.h"
#include "registry/pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>

namespace mlpack {
namespace {

FoundBase on_image(const Image& image, const std::string& name, std::optional<Digest> digest) {
  FoundBase base;
  base.facts = {BaseFacts::Kind::image, name, digest, image.config};
  base.image = {image.config, image.manifest.layers, name, digest};
  base.root = RootView::unknown_image();
  return base;
}

FoundBase on_reference(const std::string& name,
                       const Platform& platform,
                       Session& session,
                       Offline offline,
                       const LockedPlatform* pins) {
  Reference reference = parse_reference(name).with_default_host().with_default_tag();
  const bool is_pinned = pins != nullptr && pins->base && pins->base->reference == name;
  if (is_pinned) reference = reference.with_digest(pins->base->digest);
  const auto find = [&] {
    return offline == Offline::yes ? stored_base(reference, platform, session.store)
                                   : fetch_base(session.client, reference, platform, session.store);
  };
  const FetchedBase fetched =
      is_pinned ? in_context(fmt::format("`{}` as the lock pins it", name), find) : find();
  session.terminal().detail(fmt::format("base: {}", fetched.reference.text()));
  DiffIds({fetched.image}, session.world.stop);  // throws where it is not what it says
  return on_image(fetched.image, name, fetched.reference.digest());
}

const Image& image_for(const ImageSet& set, const Platform& platform, const std::string& name) {
  const auto fits = [&](const Image* image) {
    const Platform& has = image->config.platform;
    return has == platform || (has.os == platform.os && has.architecture == platform.architecture &&
                               has.variant.empty());
  };
  const auto images = set.runnable();
  const auto found = std::find_if(images.begin(), images.end(), fits);
  if (found != images.end()) return **found;
  std::vector<std::string> platforms;
  platforms.reserve(images.size());
  for (const Image* image : images)
    platforms.push_back(image->platform().text());
  throw Error(Fault::incompatible,
              fmt::format("the base `{}` has no image for {}", name, platform.text()),
              fmt::format("it has: {}", join(platforms, ", ")));
}

// The layers of the image become blobs of the store, wherever they are. Returns how many were not.
std::size_t take_in(const BaseImage& image, const LayerIntake& intake, std::size_t jobs) {
  const auto& layers = image.layers;
  require_room_for(layers, intake.store);
  std::atomic<std::size_t> moved{0};
  parallel_for(layers.size(), jobs, [&](std::size_t i) {
    if (take_layer(intake, layers[i], image.config.diff_ids.at(i))) ++moved;
  });
  return moved;
}

FoundBase on_layout(const BaseLayout& layout,
                    const Platform& platform,
                    Session& session,
                    const BaseUse& use) {
  const std::string name =
      "oci:" + layout.path.string() + (layout.tag.empty() ? "" : ":" + layout.tag);
  const LoadedArchive archive =
      load_archive({ArchiveLocation::Kind::oci_layout, layout.path, layout.tag});
  const Image& image = image_for(archive.images, platform, name);
  FoundBase base = on_image(image, name, image.digest());
  // So that the layout may go away.
  if (use.packages != BaseUse::Packages::leave)
    take_in(base.image, session.intake(archive.open), 1);
  return base;
}

// The packages that the spec names, each with its place.
template <class Wanted>
void add_names(Wanted& wanted, const Spec& spec) {
  for (const auto& [name, place] : spec.system_packages) {
    wanted.packages.push_back(name);
    wanted.places.emplace(name, spec.where(place));
  }
}

const LockedSystem* pinned_system(const BaseUse& use) {
  return use.pins != nullptr && use.pins->system ? &*use.pins->system : nullptr;
}

// The layers of the keys, in their order; nullopt where the lock does not have all of them.
bool add_recorded(const std::vector<Digest>& keys,
                  const LockedPlatform& locked,
                  std::vector<LockedLayer>& layers) {
  for (const Digest& key : keys) {
    const auto found = std::find_if(locked.layers.begin(),
                                    locked.layers.end(),
                                    [&](const LockedLayer& layer) { return layer.key == key; });
    if (found == locked.layers.end()) return false;
    layers.push_back(*found);
  }
  return true;
}

// All layers of packages and wheels that the lock knows; none where it does not know all.
std::vector<LockedLayer> recorded_layers(const FoundBase& base,
                                         const Spec& spec,
                                         const BaseUse& use) {
  const LockedPlatform& locked = *use.pins;
  std::vector<LockedLayer> layers;
  if (base.locked_system && !add_recorded(locked.system->layers, locked, layers)) return {};
  if (!spec.python) return layers;
  if (locked.python->layers.empty()) return {};
  return add_recorded(locked.python->layers, locked, layers) ? layers : std::vector<LockedLayer>{};
}

// What the lock knows of the root, if all that is below and in it is as it was pinned.
const LockedRoot* recorded_root(const FoundBase& base, const Spec& spec, const BaseUse& use) {
  if (use.registry == nullptr || use.pins == nullptr) return nullptr;
  if (base.locked_system && pinned_system(use) == nullptr) return nullptr;
  if (!spec.python) {
    const auto& system = use.pins->system;
    return system && system->root ? &*system->root : nullptr;
  }
  const LockedPython* const python = use.python.locked;
  const bool is_as_pinned =
      python != nullptr && use.pins->python && python->root &&
      (!use.python.torch || use.python.torch(base.facts.config).build == python->torch);
  return is_as_pinned ? &*python->root : nullptr;
}

// Layers that the registry has, so that nobody needs to know what is in the packages.
bool take_made(FoundBase& base, const Spec& spec, const BaseUse& use) {
  const LockedRoot* const root = recorded_root(base, spec, use);
  if (root == nullptr) return false;
  const std::vector<LockedLayer> layers = recorded_layers(base, spec, use);
  if (layers.empty() || !use.registry->saves(layers)) return false;
  for (const LockedLayer& layer : layers) {
    base.made.push_back({layer.role,
                         layer.name,
                         descriptor_of(layer),
                         layer.diff_id,
                         "mlpack: " + layer_label({layer.role, layer.name, 0, {}}),
                         true});
  }
  base.sketch = *root;
  add_sketch(*root, base.root);
  if (!spec.python) return true;
  base.locked_python = *use.python.locked;
  base.wheels = FoundBase::Wheels::pinned;
  return true;
}

// What is the same whatever packages there are.
void lay_root(FoundBase& base, const std::string& codename, DebianRoot root) {
  base.facts.kind = BaseFacts::Kind::debian;
  base.facts.name = codename;
  for (const std::string& line : root.env) {
    const std::size_t equals = line.find('=');
    base.facts.config.set_env(line.substr(0, equals), line.substr(equals + 1));
  }
  base.image.config = base.facts.config;
  base.image.name = codename;
  for (const LayerRecipe& layer : root.layers)
    base.root.add(layer);
  base.system = std::move(root.layers);
  base.passwd = std::move(root.passwd);
  base.group = std::move(root.group);
}

FoundBase on_debian(const BaseDebian& wish,
                    const Spec& spec,
                    const Platform& platform,
                    const DebianContext& context,
                    const BaseUse& use) {
  DebianBase wanted{wish.codename, wish.mirror, wish.security_mirror, wish.snapshot, platform, {}};
  add_names(wanted, spec);
  wanted.packages = lock_packages(spec);
  const LockedSystem* pinned = pinned_system(use);
  FoundBase base;
  base.facts.config.platform = platform;
  if (use.packages == BaseUse::Packages::leave) {
    if (pinned != nullptr) base.locked_system = *pinned;
    if (pinned != nullptr && pinned->root) add_sketch(*pinned->root, base.root);
    lay_root(base, wish.codename, root_without_layers());
    return base;
  }
  const DebianPlan plan =
      pinned != nullptr ? plan_of(*pinned, wanted, context) : resolve_debian(wanted, context);
  base.locked_system =
      pinned != nullptr ? *pinned : locked_system(plan, wanted, lock_packages(spec));
  const bool is_laid_out =
      use.packages == BaseUse::Packages::lay_out && !take_made(base, spec, use);
  lay_root(
      base, plan.codename, is_laid_out ? prepare_debian(plan, context) : root_without_layers());
  return base;
}

FoundBase on_nothing(const Platform& platform) {
  FoundBase base;
  base.facts.name = "scratch";
  base.facts.config.platform = platform;
  base.image.config = base.facts.config;
  base.image.name = "scratch";
  return base;
}

Where place_of_packages(const Spec& spec) {
  return spec.where(spec.system_packages.front().place);
}

void refuse_packages(const Spec& spec) {
  if (spec.system_packages.empty()) return;
  Where where = place_of_packages(spec);
  where.message = "`system_packages` need the list of packages of a base, and this spec has none";
  throw Error(Fault::usage,
              "`system_packages` can only be installed on a distribution",
              "name one as the base, such as `base: {debian: bookworm}`, or an image of one",
              {where});
}

// All that `build --offline` needs of the image beside manifest and config.
void keep_layers(FoundBase& base, Session& session) {
  const LayerIntake intake = session.intake(remote_blobs(session.client, session.store));
  base.layers_fetched = take_in(base.image, intake, session.world.settings.transfers);
}

// Which packages the image lacks: what the lock says, else what its own list leaves.
DebianPlan plan_on_image(FoundBase& base,
                         const Spec& spec,
                         const OpenBlob& open,
                         const DebianContext& context,
                         const BaseUse& use) {
  ImagePackages wanted{base.image.name, base.facts.config.platform, {}};
  add_names(wanted, spec);
  DebianBase release;
  release.platform = wanted.platform;
  if (const LockedSystem* pinned = pinned_system(use)) {
    base.locked_system = *pinned;
    return plan_of(*pinned, release, context);
  }
  if (!base.files) base.files = read_image_root(base.image.layers, open, context);
  DebianPlan plan = at_place(place_of_packages(spec),
                             [&] { return resolve_on_image(wanted, *base.files, context); });
  base.locked_system = locked_system(plan, release, lock_packages(spec));
  return plan;
}

// What the packages add to an image becomes a layer on top of its own.
void add_packages(
    FoundBase& base, const Spec& spec, Session& session, Offline offline, const BaseUse& use) {
  const DebianContext context = session.debian_context(offline);
  const OpenBlob open = session.open_anywhere(offline);
  if (spec.system_packages.empty() && !spec.python) {
    base.files = local_image_root(base.image.layers, open, context);
    return;
  }
  const bool is_laid_out = use.packages == BaseUse::Packages::lay_out;
  if (const LockedSystem* pinned = pinned_system(use)) base.locked_system = *pinned;
  if (is_laid_out && take_made(base, spec, use)) {
    base.files = local_image_root(base.image.layers, open, context);
    return;
  }
  if (spec.python) base.files = read_image_root(base.image.layers, open, context);
  if (spec.system_packages.empty()) return;
  const DebianPlan plan = plan_on_image(base, spec, open, context, use);
  if (!is_laid_out) return;
  if (plan.packages.empty()) return session.terminal().note("the base has all `system_packages`");
  if (!base.files) base.files = read_image_root(base.image.layers, open, context);
  auto layer =
      at_place(place_of_packages(spec), [&] { return layer_on_image(plan, *base.files, context); });
  base.root.add(*layer);
  base.system.push_back(std::move(*layer));
}

std::optional<FoundBase> image_of(const Spec& spec,
                                  const Platform& platform,
                                  Session& session,
                                  Offline offline,
                                  const BaseUse& use) {
  const Base& wish = spec.base.value;
  if (const auto* reference = std::get_if<BaseReference>(&wish)) {
    return on_reference(reference->reference, platform, session, offline, use.pins);
  }
  if (const auto* layout = std::get_if<BaseLayout>(&wish)) {
    return on_layout(*layout, platform, session, use);
  }
  if (std::holds_alternative<BaseAuto>(wish) && spec.runtime) {
    const std::string name = base_of_runtime(Catalog::built_in(), spec, platform);
    return on_reference(name, platform, session, offline, use.pins);
  }
  return std::nullopt;
}

FoundBase base_of(const Spec& spec,
                  const Platform& platform,
                  Session& session,
                  Offline offline,
                  const BaseUse& use) {
  const Base& wish = spec.base.value;
  if (const auto* debian = std::get_if<BaseDebian>(&wish)) {
    return on_debian(*debian, spec, platform, session.debian_context(offline), use);
  }
  refuse_packages(spec);
  if (std::holds_alternative<BaseAuto>(wish)) {
    session.terminal().note("base: scratch, as nothing in the spec needs more");
  }
  return on_nothing(platform);
}

// Says whose wish it is, where not the spec but its machines decide for what is built.
template <class Work>
auto for_fleet(const Spec& spec, const Platform& platform, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& error) {
    const bool is_of_fleet = spec.platforms_from == Spec::PlatformsFrom::fleet;
    if (!is_of_fleet || error.fault() != Fault::incompatible) throw;
    error.set_hint(
        fmt::format("{}{}machines of `fleet` need {}: name a base that has it, or take them out of "
                    "`fleet` and build for them apart",
                    error.hint(),
                    error.hint().empty() ? "" : "; ",
                    platform.text()));
    throw;
  }
}

// A layout is a folder of the user's: what it holds now counts, and what was pinned for another
// image does not.
void note_image(FoundBase& image, const Spec& spec, BaseUse& use) {
  const std::string named = lock_base(spec);
  image.locked = LockedBase{named.empty() ? image.facts.name : named, image.facts.digest.value()};
  const bool is_other =
      use.pins != nullptr && (!use.pins->base || use.pins->base->digest != image.locked->digest);
  if (is_other) use.pins = nullptr;
}

}  // namespace

FoundBase find_base(const Spec& spec,
                    const Platform& platform,
                    Session& session,
                    Offline offline,
                    const BaseUse& use) {
  FoundBase base = at_place(spec.where(spec.base.place), [&] {
    auto image =
        for_fleet(spec, platform, [&] { return image_of(spec, platform, session, offline, use); });
    if (!image) return base_of(spec, platform, session, offline, use);
    BaseUse packages = use;
    note_image(*image, spec, packages);
    if (use.layers == BaseLayers::keep) keep_layers(*image, session);
    if (use.packages == BaseUse::Packages::leave) {
      if (const LockedSystem* pinned = pinned_system(packages)) image->locked_system = *pinned;
      return std::move(*image);
    }
    add_packages(*image, spec, session, offline, packages);
    return std::move(*image);
  });
  if (!spec.python || use.packages == BaseUse::Packages::leave) return base;
  if (base.sketch) {
    set_python_variables(spec, base.facts.config);
    return base;
  }
  const PythonTask task{spec, platform, use.python, offline};
  at_place(spec.where(spec.python->place), [&] {
    const bool is_laid_out = use.packages == BaseUse::Packages::lay_out;
    is_laid_out ? add_python(base, task, session) : choose_python(base, task, session);
  });
  return base;
}

}  // namespace mlpack
