#include "cli/also_layers.h"

#include "cli/build.h"
#include "layers/busybox.h"
#include "lib/oci/model_links.h"
#include "lib/resolve/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <variant>

namespace mlpack {
namespace {

constexpr const char* usual_release = "bookworm";

DebianBase release_of(const Spec& spec, const Platform& platform) {
  DebianBase base;
  base.platform = platform;
  const auto* own = std::get_if<BaseDebian>(&spec.base.value);
  if (own == nullptr) {
    base.codename = usual_release;
    return base;
  }
  base.codename = own->codename;
  base.mirror = own->mirror;
  base.security_mirror = own->security_mirror;
  base.snapshot = own->snapshot;
  return base;
}

// One blob whatever the spec says of its own layers, and one that every runtime reads.
Layer pack(LayerRecipe recipe, const AlsoContext& context) {
  return pack_layer({std::move(recipe), Compression::gzip}, context.store, context.pack);
}

LayerRecipe links_of(const Spec& spec, const BuiltImage& built) {
  std::vector<WeightsPlace> places;
  places.reserve(spec.weights.size());
  for (const auto& weights : spec.weights)
    places.push_back({weights.value.name, weights.value.target});
  return model_links(built.weights, places);
}

}  // namespace

Shells find_shells(const Spec& spec,
                   const std::vector<AlsoWish>& wishes,
                   const std::vector<Platform>& platforms,
                   const DebianContext& context) {
  Shells shells;
  const bool wanted = std::any_of(wishes.begin(), wishes.end(), [](const AlsoWish& wish) {
    return wish.kind == AlsoKind::weights_image;
  });
  if (!wanted) return shells;
  return in_context("a weights-image has a shell (a weights-volume has none)", [&] {
    for (const Platform& platform : platforms)
      shells.emplace(platform.text(), busybox_layer(release_of(spec, platform), context));
    return shells;
  });
}

Image make_weights_image(AlsoKind kind,
                         const Spec& spec,
                         const BuiltImage& built,
                         const AlsoContext& context) {
  const Platform platform = built.image.platform();
  WeightsImageFacts facts;
  facts.platform = platform;
  facts.created = built.image.config.created;
  facts.labels = labels_of_weights(spec);
  facts.user = built.image.config.user;
  if (kind == AlsoKind::weights_image) {
    facts.shell = pack(context.shells.at(platform.text()), context);
  }
  LayerRecipe links = links_of(spec, built);
  if (!links.entries.empty()) facts.links = pack(std::move(links), context);
  return weights_image(built.weights, facts);
}

std::vector<std::string> licenses_of_weights(const Spec& spec) {
  std::set<std::string> licenses;
  for (const auto& weights : spec.weights) {
    if (!weights.value.license.empty()) licenses.insert(weights.value.license);
  }
  return {licenses.begin(), licenses.end()};
}

std::map<std::string, std::string> labels_of_weights(const Spec& spec) {
  std::map<std::string, std::string> labels{{std::string(label::name), spec.name}};
  const auto licenses = licenses_of_weights(spec);
  if (!licenses.empty()) {
    labels[std::string(label::licenses)] = fmt::format("{}", fmt::join(licenses, " AND "));
  }
  for (const auto& [key, value] : spec.labels)
    labels[key] = value;
  return labels;
}

}  // namespace mlpack
