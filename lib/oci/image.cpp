#include "lib/oci/image.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

constexpr std::array roles{
    Role::base, Role::system, Role::python, Role::weights, Role::files, Role::config};

void check_layer_count(std::size_t layers, std::size_t diff_ids, const std::string& what) {
  if (layers != diff_ids) {
    fail(Fault::integrity,
         "manifest of `{}` has {} layers but its config has {} diff ids",
         what,
         layers,
         diff_ids);
  }
}

void check_config(const Manifest& manifest, std::string_view bytes, const std::string& what) {
  const Digest digest = Digest::of(bytes);
  if (digest != manifest.config.digest) {
    fail(Fault::integrity,
         "config of `{}` is `{}`, not `{}` as its manifest says",
         what,
         digest.text(),
         manifest.config.digest.text());
  }
  if (bytes.size() != manifest.config.size) {
    fail(Fault::integrity,
         "config of `{}` is {} bytes, not {} as its manifest says",
         what,
         bytes.size(),
         manifest.config.size);
  }
}

// Steps that made a layer, in order.
std::vector<History> layer_steps(const std::vector<History>& history) {
  std::vector<History> steps;
  std::copy_if(history.begin(), history.end(), std::back_inserter(steps), [](const History& step) {
    return !step.empty_layer;
  });
  return steps;
}

// Artifactory refuses a config whose history does not have an entry for each layer (jib#534), so a
// base that lacks some gets new ones.
std::vector<History> base_history(const BaseImage& base) {
  const auto& history = base.config.history;
  if (layer_steps(history).size() == base.layers.size()) return history;
  const History step{base.config.created, "base " + printable(base.name), "", false};
  return std::vector<History>(base.layers.size(), step);
}

// The bytes of a layer are the same under Docker's types; an OCI manifest names OCI's.
Descriptor as_oci_layer(Descriptor layer) {
  const std::optional<Compression> compression = layer_compression(layer.media_type);
  if (!compression) fail(Fault::internal, "`{}` is no type of a layer", layer.media_type);
  layer.media_type = layer_media_type(*compression);
  layer.platform.reset();
  return layer;
}

Descriptor annotated(const Layer& layer) {
  Descriptor descriptor = as_oci_layer(layer.descriptor);
  descriptor.annotations[std::string(annotation::role)] = role_name(layer.role);
  if (!layer.name.empty()) {
    descriptor.annotations[std::string(annotation::name)] = printable(layer.name);
  }
  return descriptor;
}

History step_of(const Layer& layer, const std::string& created) {
  const std::string what = fmt::format("mlpack {} {}", role_name(layer.role), layer.name);
  const std::string& by = layer.created_by.empty() ? what : layer.created_by;
  return {created, printable(trim(by)), "", false};
}

std::string annotation_of(const Descriptor& descriptor, std::string_view key) {
  const auto found = descriptor.annotations.find(std::string(key));
  return found == descriptor.annotations.end() ? std::string() : found->second;
}

Role role_of(const Descriptor& descriptor) {
  const std::string name = annotation_of(descriptor, annotation::role);
  const auto* const role =
      std::find_if(roles.begin(), roles.end(), [&](Role r) { return role_name(r) == name; });
  return role == roles.end() ? Role::base : *role;
}

ImageConfig config_of(const Manifest& manifest, const std::string& bytes, const std::string& what) {
  if (manifest.is_artifact()) {
    ImageConfig none;
    none.platform = {"unknown", "unknown", ""};
    return none;
  }
  ImageConfig config = parse_config(bytes, what);
  check_layer_count(manifest.layers.size(), config.diff_ids.size(), what);
  return config;
}

}  // namespace

std::uint64_t Image::total_size() const {
  std::uint64_t total = manifest_bytes.size() + config_bytes.size();
  for (const Descriptor& layer : manifest.layers)
    total += layer.size;
  return total;
}

Image make_image(std::string manifest_bytes,
                 std::string_view content_type,
                 std::string config_bytes,
                 const std::string& what,
                 Artifacts artifacts) {
  Manifest manifest = parse_manifest(manifest_bytes, content_type, what, artifacts);
  check_config(manifest, config_bytes, what);
  ImageConfig config = config_of(manifest, config_bytes, what);
  std::string media_type = manifest.media_type;
  return {std::move(config_bytes),
          std::move(manifest_bytes),
          std::move(media_type),
          std::move(config),
          std::move(manifest)};
}

Image assemble(const BaseImage& base,
               const std::vector<Layer>& layers,
               ImageConfig config,
               Annotations annotations) {
  check_layer_count(base.layers.size(), base.config.diff_ids.size(), base.name);
  config.diff_ids = base.config.diff_ids;
  config.history = base_history(base);
  std::vector<Descriptor> descriptors;
  descriptors.reserve(base.layers.size() + layers.size());
  for (const Descriptor& layer : base.layers)
    descriptors.push_back(as_oci_layer(layer));
  for (const Layer& layer : layers) {
    descriptors.push_back(annotated(layer));
    config.diff_ids.push_back(layer.diff_id);
    config.history.push_back(step_of(layer, config.created));
  }
  std::string config_bytes = write_config(config);
  const Descriptor config_descriptor{
      std::string(media_type::oci_config), Digest::of(config_bytes), config_bytes.size(), {}, {}};
  Manifest manifest{std::string(media_type::oci_manifest),
                    config_descriptor,
                    std::move(descriptors),
                    std::move(annotations)};
  std::string manifest_bytes = write_manifest(manifest);
  return {std::move(config_bytes),
          std::move(manifest_bytes),
          std::string(media_type::oci_manifest),
          std::move(config),
          std::move(manifest)};
}

std::vector<Layer> layers_of(const Image& image) {
  const std::vector<History> steps = layer_steps(image.config.history);
  const bool has_steps = steps.size() == image.manifest.layers.size();
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const Descriptor& descriptor = image.manifest.layers[i];
    layers.push_back({role_of(descriptor),
                      annotation_of(descriptor, annotation::name),
                      descriptor,
                      image.config.diff_ids[i],
                      has_steps ? steps[i].created_by : std::string(),
                      false});
  }
  return layers;
}

}  // namespace mlpack
