#include "cli/base.h"

#include "cli/python.h"
#include "layers/archive.h"
#include "layers/deb_image.h"
#include "layers/diff_ids.h"
#include "layers/image_root.h"
#include "lib/catalog/catalog.h"
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
                       Offline offline) {
  const Reference reference = parse_reference(name).with_default_host().with_default_tag();
  const FetchedBase fetched = offline == Offline::yes
                                  ? stored_base(reference, platform, session.store)
                                  : fetch_base(session.client, reference, platform, session.store);
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

FoundBase on_layout(const BaseLayout& layout, const Platform& platform, Session& session) {
  const std::string name =
      "oci:" + layout.path.string() + (layout.tag.empty() ? "" : ":" + layout.tag);
  const LoadedArchive archive =
      load_archive({ArchiveLocation::Kind::oci_layout, layout.path, layout.tag});
  const Image& image = image_for(archive.images, platform, name);
  FoundBase base = on_image(image, name, image.digest());
  // So that the layout may go away.
  take_in(base.image, session.intake(archive.open, Fault::input), 1);
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

FoundBase on_debian(const BaseDebian& wish,
                    const Spec& spec,
                    const Platform& platform,
                    const DebianContext& context) {
  DebianBase wanted{wish.codename, wish.mirror, wish.security_mirror, wish.snapshot, platform, {}};
  add_names(wanted, spec);
  // The interpreter, and what wheels of machine code may rely on (PEP 600) beside its libraries.
  if (spec.python) wanted.packages.insert(wanted.packages.end(), {"python3", "libstdc++6"});
  const DebianPlan plan = resolve_debian(wanted, context);
  DebianRoot root = prepare_debian(plan, context);
  FoundBase base;
  base.facts.kind = BaseFacts::Kind::debian;
  base.facts.name = plan.codename;
  base.facts.config.platform = platform;
  for (const std::string& line : root.env) {
    const std::size_t equals = line.find('=');
    base.facts.config.set_env(line.substr(0, equals), line.substr(equals + 1));
  }
  base.image.config = base.facts.config;
  base.image.name = plan.codename;
  for (const LayerRecipe& layer : root.layers)
    base.root.add(layer);
  base.system = std::move(root.layers);
  base.passwd = std::move(root.passwd);
  base.group = std::move(root.group);
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

// What the packages add to an image becomes a layer on top of its own.
void add_packages(FoundBase& base, const Spec& spec, Session& session, Offline offline) {
  const DebianContext context = session.debian_context(offline);
  const OpenBlob open = session.open_anywhere(offline);
  if (spec.system_packages.empty() && !spec.python) {
    base.files = local_image_root(base.image.layers, open, context);
    return;
  }
  base.files = read_image_root(base.image.layers, open, context);
  if (spec.system_packages.empty()) return;
  ImagePackages wanted{base.image.name, base.facts.config.platform, {}};
  add_names(wanted, spec);
  auto layer = at_place(place_of_packages(spec),
                        [&] { return install_on_image(wanted, *base.files, context); });
  if (!layer) return session.terminal().note("the base has all `system_packages`");
  base.root.add(*layer);
  base.system.push_back(std::move(*layer));
}

std::optional<FoundBase> image_of(const Spec& spec,
                                  const Platform& platform,
                                  Session& session,
                                  Offline offline) {
  const Base& wish = spec.base.value;
  if (const auto* reference = std::get_if<BaseReference>(&wish)) {
    return on_reference(reference->reference, platform, session, offline);
  }
  if (const auto* layout = std::get_if<BaseLayout>(&wish)) {
    return on_layout(*layout, platform, session);
  }
  if (std::holds_alternative<BaseAuto>(wish) && spec.runtime) {
    const std::string name = base_of_runtime(Catalog::built_in(), spec, platform);
    return on_reference(name, platform, session, offline);
  }
  return std::nullopt;
}

FoundBase base_of(const Spec& spec, const Platform& platform, Session& session, Offline offline) {
  const Base& wish = spec.base.value;
  if (const auto* debian = std::get_if<BaseDebian>(&wish)) {
    return on_debian(*debian, spec, platform, session.debian_context(offline));
  }
  refuse_packages(spec);
  if (std::holds_alternative<BaseAuto>(wish)) {
    session.terminal().note("base: scratch, as nothing in the spec needs more");
  }
  return on_nothing(platform);
}

}  // namespace

FoundBase find_base(const Spec& spec,
                    const Platform& platform,
                    Session& session,
                    Offline offline,
                    BaseLayers layers) {
  FoundBase base = at_place(spec.where(spec.base.place), [&] {
    auto image = image_of(spec, platform, session, offline);
    if (!image) return base_of(spec, platform, session, offline);
    if (layers == BaseLayers::keep) keep_layers(*image, session);
    add_packages(*image, spec, session, offline);
    return std::move(*image);
  });
  if (spec.python) {
    at_place(spec.where(spec.python->place),
             [&] { add_python(base, spec, platform, session, offline); });
  }
  return base;
}

}  // namespace mlpack
