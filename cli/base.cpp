#include "cli/base.h"

#include "layers/archive.h"
#include "lib/text.h"
#include "registry/pull.h"

#include <fmt/format.h>

#include <algorithm>

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
  for (const Image* image : images)
    platforms.push_back(image->platform().text());
  throw Error(Fault::incompatible,
              fmt::format("the base `{}` has no image for {}", name, platform.text()),
              fmt::format("it has: {}", join(platforms, ", ")));
}

// The blob's bytes become a blob of the store, so that the layout may go away.
void take_in(const Descriptor& blob, const OpenBlob& open, Session& session) {
  if (session.store.has_blob(blob.digest)) return;
  const auto file = session.store.new_blob();
  copy(*open(blob), *file, [&](std::size_t) { session.world.stop.check(); });
  file->commit_as(session.store.blob_path(blob.digest));
}

FoundBase on_layout(const BaseLayout& layout, const Platform& platform, Session& session) {
  const std::string name =
      "oci:" + layout.path.string() + (layout.tag.empty() ? "" : ":" + layout.tag);
  const LoadedArchive archive =
      load_archive({ArchiveLocation::Kind::oci_layout, layout.path, layout.tag});
  const Image& image = image_for(archive.images, platform, name);
  for (const Descriptor& layer : image.manifest.layers)
    take_in(layer, archive.open, session);
  return on_image(image, name, image.digest());
}

FoundBase on_debian(const BaseDebian& wish,
                    const Spec& spec,
                    const Platform& platform,
                    const DebianContext& context) {
  DebianBase wanted{wish.codename, wish.mirror, wish.security_mirror, wish.snapshot, platform, {}};
  for (const auto& package : spec.system_packages)
    wanted.packages.push_back(package.value);
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

// Packages on an image would need its package list, which lies in its layers.
void refuse_packages(const Spec& spec) {
  if (spec.system_packages.empty()) return;
  const Place place = spec.system_packages.front().place;
  throw Error(Fault::usage,
              "`system_packages` can only be installed on a distribution yet",
              "name one as the base, such as `base: {debian: bookworm}`",
              {{spec.file.string(),
                place.line,
                place.column,
                "`system_packages` cannot be built on this base yet"}});
}

FoundBase base_of(const Spec& spec, const Platform& platform, Session& session, Offline offline) {
  const Base& wish = spec.base.value;
  if (!std::holds_alternative<BaseDebian>(wish)) refuse_packages(spec);
  if (const auto* reference = std::get_if<BaseReference>(&wish)) {
    return on_reference(reference->reference, platform, session, offline);
  }
  if (const auto* layout = std::get_if<BaseLayout>(&wish)) {
    return on_layout(*layout, platform, session);
  }
  if (const auto* debian = std::get_if<BaseDebian>(&wish)) {
    return on_debian(*debian, spec, platform, session.debian_context(offline));
  }
  if (std::holds_alternative<BaseAuto>(wish)) {
    session.terminal().note("base: scratch, as nothing in the spec needs more");
  }
  return on_nothing(platform);
}

}  // namespace

FoundBase find_base(const Spec& spec, const Platform& platform, Session& session, Offline offline) {
  return at_place(spec.where(spec.base.place),
                  [&] { return base_of(spec, platform, session, offline); });
}

}  // namespace mlpack
