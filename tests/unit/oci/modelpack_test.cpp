#include "lib/oci/modelpack.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <set>

using namespace mlpack;

namespace {

using Json = nlohmann::json;

RecipeEntry file(const std::string& path, std::uint64_t size = 7) {
  RecipeEntry entry;
  entry.path = path;
  entry.size = size;
  return entry;
}

RecipeEntry folder(const std::string& path) {
  RecipeEntry entry;
  entry.path = path;
  entry.kind = EntryKind::directory;
  entry.mode = 0755;
  return entry;
}

WeightLayer weights(const std::vector<RecipeEntry>& entries,
                    std::string_view type = media_type::oci_layer) {
  const std::string content = entries.back().path;
  const Descriptor descriptor{std::string(type), Digest::of(content), content.size(), {}, {}};
  return {{Role::weights, "base", descriptor, Digest::of("tar of " + content), "", false},
          {Role::weights, "base", 0, entries}};
}

const std::vector<WeightLayer> two_shards{
    weights({folder("models"), folder("models/base"), file("models/base/a.safetensors")}),
    weights({file("models/base/config.json"), file("models/base/x/merges.txt")})};

ModelPackFacts all_facts() {
  return {"tiny",
          "1970-01-01T00:00:00Z",
          {"Apache-2.0"},
          "llama",
          "safetensors",
          "8b",
          "bfloat16",
          "awq"};
}

Json manifest_of(const Image& image) {
  return Json::parse(image.manifest_bytes);
}
Json config_of(const Image& image) {
  return Json::parse(image.config_bytes);
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items())
    keys.insert(key);
  return keys;
}

std::string annotation_of(const Json& layer, std::string_view key) {
  return layer["annotations"].value(std::string(key), "");
}

}  // namespace

TEST_CASE("a ModelPack is a manifest of its own type over the same blobs") {
  const Image image = modelpack_artifact(two_shards, all_facts());
  const Json manifest = manifest_of(image);
  CHECK(keys_of(manifest) ==
        std::set<std::string>{"schemaVersion", "mediaType", "artifactType", "config", "layers"});
  CHECK(manifest["schemaVersion"] == 2);
  CHECK(manifest["mediaType"] == media_type::oci_manifest);
  CHECK(manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json");
  CHECK(manifest["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json");
  CHECK(manifest["config"]["digest"] == Digest::of(image.config_bytes).text());
  REQUIRE(manifest["layers"].size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(manifest["layers"][i]["digest"] == two_shards[i].layer.descriptor.digest.text());
    CHECK(manifest["layers"][i]["size"] == two_shards[i].layer.descriptor.size);
  }
  CHECK(is_modelpack(image.manifest));
  CHECK(image.manifest.is_artifact());
}

TEST_CASE("the config of a ModelPack has the three parts and none but their fields") {
  const Json config = config_of(modelpack_artifact(two_shards, all_facts()));
  CHECK(keys_of(config) == std::set<std::string>{"descriptor", "modelfs", "config"});
  CHECK(config["descriptor"] == Json{{"createdAt", "1970-01-01T00:00:00Z"},
                                     {"family", "llama"},
                                     {"name", "tiny"},
                                     {"licenses", {"Apache-2.0"}}});
  CHECK(config["config"] == Json{{"format", "safetensors"},
                                 {"paramSize", "8b"},
                                 {"precision", "bfloat16"},
                                 {"quantization", "awq"}});
  CHECK(
      config["modelfs"] ==
      Json{{"type", "layers"},
           {"diffIds", {two_shards[0].layer.diff_id.text(), two_shards[1].layer.diff_id.text()}}});
}

TEST_CASE("what is not known of a model is left out, but not the part") {
  const Json config = config_of(modelpack_artifact(two_shards, {}));
  CHECK(config["descriptor"] == Json::object());
  CHECK(config["config"] == Json::object());
  CHECK(config["modelfs"]["diffIds"].size() == 2);
}

TEST_CASE("layers of a ModelPack have the media type of their content and compression") {
  const auto type_of = [](const WeightLayer& layer) {
    return manifest_of(modelpack_artifact({layer}, {}))["layers"][0]["mediaType"];
  };
  const std::string weight = "application/vnd.cncf.model.weight.v1.tar";
  CHECK(type_of(weights({file("m/a.gguf")})) == weight);
  CHECK(type_of(weights({file("m/a.gguf")}, media_type::oci_layer_gzip)) == weight + "+gzip");
  CHECK(type_of(weights({file("m/a.gguf")}, media_type::oci_layer_zstd)) == weight + "+zstd");
  CHECK(type_of(weights({file("m/config.json"), file("m/a.gguf")})) == weight);
  CHECK(type_of(weights({folder("m"), file("m/config.json"), file("m/vocab.txt")})) ==
        "application/vnd.cncf.model.weight.config.v1.tar");
}

TEST_CASE("a layer of a ModelPack says what file it holds, as tar has it") {
  const Json layer = manifest_of(modelpack_artifact(two_shards, {}))["layers"][0];
  CHECK(annotation_of(layer, "org.cncf.model.filepath") == "models/base/a.safetensors");
  CHECK(Json::parse(annotation_of(layer, "org.cncf.model.file.metadata+json")) ==
        Json{{"name", "a.safetensors"},
             {"mode", 0644},
             {"uid", 0},
             {"gid", 0},
             {"size", 7},
             {"mtime", "1970-01-01T00:00:00Z"},
             {"typeflag", 48}});
}

TEST_CASE("a layer of several files says the folder that all of them lie in") {
  const auto path_of = [](const std::vector<RecipeEntry>& entries) {
    const Json layer = manifest_of(modelpack_artifact({weights(entries)}, {}))["layers"][0];
    CHECK(annotation_of(layer, "org.cncf.model.file.metadata+json").empty());
    return annotation_of(layer, "org.cncf.model.filepath");
  };
  CHECK(path_of({file("models/base/a"), file("models/base/x/b")}) == "models/base");
  CHECK(path_of({file("models/base/x/b"), file("models/base/a")}) == "models/base");
  CHECK(path_of({file("models/bas/a"), file("models/base/a")}) == "models");
  CHECK(path_of({file("a"), file("b/c")}) == ".");
}

TEST_CASE("equal weights and facts are equal bytes") {
  CHECK(modelpack_artifact(two_shards, all_facts()).digest() ==
        modelpack_artifact(two_shards, all_facts()).digest());
}

TEST_CASE("the number of parameters is written short") {
  CHECK(param_size_text(0).empty());
  CHECK(param_size_text(49).empty());
  CHECK(param_size_text(512) == "0.5k");
  CHECK(param_size_text(1'203) == "1.2k");
  CHECK(param_size_text(999'500) == "1m");
  CHECK(param_size_text(109'482'240) == "109m");
  CHECK(param_size_text(1'543'714'304) == "1.5b");
  CHECK(param_size_text(8'030'261'248) == "8b");
  CHECK(param_size_text(999'999'999) == "1b");
  CHECK(param_size_text(9'960'000'000) == "10b");
  CHECK(param_size_text(70'553'706'496) == "71b");
  CHECK(param_size_text(1'040'000'000'000) == "1t");
}

TEST_CASE("precision has the model-spec's names, and is that of numbers with a point") {
  CHECK(precision_text({{"BF16", 9}}) == "bfloat16");
  CHECK(precision_text({{"F16", 9}, {"F8_E4M3", 9}}) == "float16,float8_e4m3");
  CHECK(precision_text({{"F32", 9}, {"I64", 9}}) == "float32");
  CHECK(precision_text({{"I32", 9}, {"U8", 9}}) == "int32,uint8");
  CHECK(precision_text({{"F32", 9}, {"Q4_K", 9}}).empty());
  CHECK(precision_text({}).empty());
}
