#include "tests/unit/store/sample.h"

namespace mlpack::test {

Descriptor layer_of(std::string_view bytes) {
  return {std::string(media_type::oci_layer), Digest::of(bytes), bytes.size(), {}, {}};
}

Image image_of(const std::vector<std::string>& layers, std::string_view platform) {
  std::vector<Layer> made;
  for (const std::string& bytes : layers) {
    made.push_back({Role::files, "", layer_of(bytes), Digest::of(bytes), "test", false});
  }
  ImageConfig config;
  config.platform = Platform::parse(platform).value();
  return assemble({}, made, config, {});
}

Image put_named(Store& store, std::string_view text, const std::vector<std::string>& layers) {
  Image image = image_of(layers);
  for (const std::string& bytes : layers)
    store.put_blob(bytes);
  store.put_image(image);
  store.tag(name(text), descriptor_of(image));
  return image;
}

Descriptor descriptor_of(const Image& image) {
  return {image.media_type, image.digest(), image.manifest_bytes.size(), {}, {}};
}

Reference name(std::string_view text) {
  return parse_reference(text);
}

LayerRecipe recipe_over(const fs::path& path) {
  RecipeEntry entry;
  entry.path = path.filename().string();
  const FileIdentity identity = identity_of(open_regular(path));
  entry.size = identity.size;
  entry.content = FileRange{path, identity, 0};
  LayerRecipe recipe;
  recipe.entries.push_back(entry);
  return recipe;
}

}  // namespace mlpack::test
