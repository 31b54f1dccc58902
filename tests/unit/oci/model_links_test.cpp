#include "lib/oci/model_links.h"

#include <doctest/doctest.h>

#include <map>

using namespace mlpack;

namespace {

using Links = std::map<std::string, std::string>;

// A layer of the entry `name`; paths that end in a slash are folders.
WeightLayer layer_of(const std::string& name, const std::vector<std::string>& paths) {
  const Descriptor descriptor{std::string(media_type::oci_layer), Digest::of(name), 1, {}, {}};
  WeightLayer made{{Role::weights, name, descriptor, Digest::of(name), "", false},
                   {Role::weights, name, 0, {}}};
  for (std::string path : paths) {
    RecipeEntry entry;
    if (path.ends_with('/')) {
      path.pop_back();
      entry.kind = EntryKind::directory;
    }
    entry.path = path;
    made.recipe.entries.push_back(entry);
  }
  return made;
}

Links links_of(const std::vector<WeightLayer>& weights, const std::vector<WeightsPlace>& places) {
  Links links;
  for (const RecipeEntry& entry : model_links(weights, places).entries)
    links[entry.path] = entry.kind == EntryKind::directory ? "/" : entry.link;
  return links;
}

}  // namespace

TEST_CASE("the only model is found in /models and at the root, file by file") {
  const std::vector<WeightLayer> weights{
      layer_of("tiny", {"models/", "models/tiny/", "models/tiny/a.safetensors"}),
      layer_of("tiny", {"models/tiny/config.json", "models/tiny/1_Pooling/config.json"})};
  CHECK(links_of(weights, {{"tiny", "/models/tiny"}}) ==
        Links{{"models/a.safetensors", "tiny/a.safetensors"},
              {"models/config.json", "tiny/config.json"},
              {"models/1_Pooling", "tiny/1_Pooling"},
              {"a.safetensors", "models/tiny/a.safetensors"},
              {"config.json", "models/tiny/config.json"},
              {"1_Pooling", "models/tiny/1_Pooling"}});
  CHECK(links_of(weights, {{"tiny", "/models/tiny/"}}).size() == 6);
}

TEST_CASE("a model that is in /models itself is linked at the root alone") {
  CHECK(links_of({layer_of("m", {"models/config.json"})}, {{"m", "/models"}}) ==
        Links{{"config.json", "models/config.json"}});
}

TEST_CASE("a model that is one file is linked by its name") {
  CHECK(links_of({layer_of("m", {"models/m.gguf"})}, {{"m", "/models/m.gguf"}}) ==
        Links{{"m.gguf", "models/m.gguf"}});
  CHECK(links_of({layer_of("m", {"srv/m.gguf"})}, {{"m", "/srv/m.gguf"}}) ==
        Links{{"models", "/"}, {"models/m.gguf", "../srv/m.gguf"}, {"m.gguf", "srv/m.gguf"}});
}

TEST_CASE("of several models those that lie elsewhere are linked in /models") {
  const std::vector<WeightLayer> weights{layer_of("base", {"models/base/config.json"}),
                                         layer_of("sql", {"srv/adapters/sql/adapter.json"})};
  CHECK(links_of(weights, {{"base", "/models/base"}, {"sql", "/srv/adapters/sql"}}) ==
        Links{{"models/sql", "../srv/adapters/sql"}});
  CHECK(links_of({layer_of("a", {"models/a/x"}), layer_of("b", {"models/b/x"})},
                 {{"a", "/models/a"}, {"b", "/models/b"}})
            .empty());
}

TEST_CASE("no link takes the place of what is there, or is needed by others") {
  const std::vector<WeightLayer> weights{
      layer_of("m", {"models/m/m", "models/m/bin", "models/m/proc/x", "models/m/models"})};
  CHECK(links_of(weights, {{"m", "/models/m"}}) == Links{{"m", "models/m/m"},
                                                         {"models/bin", "m/bin"},
                                                         {"models/proc", "m/proc"},
                                                         {"models/models", "m/models"}});
}

TEST_CASE("links are a layer of their own kind, folders first, equal for equal weights") {
  const std::vector<WeightLayer> weights{layer_of("m", {"srv/m/b", "srv/m/a"})};
  const LayerRecipe recipe = model_links(weights, {{"m", "/srv/m"}});
  CHECK(recipe.role == Role::config);
  CHECK(recipe.name == "links");
  REQUIRE(recipe.entries.size() == 5);
  CHECK(recipe.entries[2].path == "models");
  CHECK(recipe.entries[2].mode == 0755);
  CHECK(recipe.entries[3].path == "models/a");
  CHECK(recipe == model_links({layer_of("m", {"srv/m/a", "srv/m/b"})}, {{"m", "/srv/m"}}));
}
