#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

// What `build` refuses among weights, and what `inspect --model` says of them.
namespace {

using Json = nlohmann::json;

constexpr std::string_view model_spec = R"(schema: 1
name: chat
image: registry.example.com/acme/chat
base: scratch
platform: linux/amd64
weights:
  - {source: weights/, target: /models/chat}
)";

constexpr std::string_view config = R"({"architectures": ["LlamaForCausalLM"],
"model_type": "llama", "max_position_embeddings": 8192, "num_hidden_layers": 2,
"num_attention_heads": 8, "num_key_value_heads": 2, "hidden_size": 64})";

struct ModelPlace {
  ModelPlace() {
    app.dir.write("project/mlpack.yaml", model_spec);
    app.connect(net);
  }
  void write(const Files& files) {
    fs::remove_all(app.dir / "project/weights");
    for (const auto& [name, bytes] : files)
      app.dir.write("project/weights/" + name, bytes);
  }
  std::string build() const { return "build " + (app.dir / "project").string() + " -t chat:1 -j1"; }
  /// A build of those files, as a person sees it.
  std::string built(const std::string& title, const Files& files) {
    write(files);
    return "# " + title + "\n" + app.transcript({build()});
  }
  Json json(std::vector<std::string> words) {
    words.emplace_back("--json");
    const auto result = app.run(words);
    REQUIRE_MESSAGE(result.code == 0, result.err);
    return Json::parse(result.out);
  }

  FakeNet net;
  FakeRegistry registry{net};
  AppRun app;
};

std::string index_of(const std::vector<std::string>& shards) {
  std::vector<std::string> items;
  for (const std::string& shard : shards) {
    const char tensor = "abc"[items.size()];
    items.push_back(fmt::format(R"("{}.weight": "{}")", tensor, shard));
  }
  return fmt::format(R"({{"weight_map": {{{}}}}})", fmt::join(items, ", "));
}

Files good_model() {
  return {{"config.json", std::string(config)},
          {"model-00001-of-00002.safetensors", safetensors({{"a.weight", "BF16", {4, 3}, 24}})},
          {"model-00002-of-00002.safetensors", safetensors({{"b.weight", "BF16", {8}, 16}})},
          {"model.safetensors.index.json",
           index_of({"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})}};
}

Files with(Files files, const Files& others) {
  for (const auto& [name, bytes] : others)
    files[name] = bytes;
  return files;
}

}  // namespace

TEST_CASE("weights that are unfit to be packaged are refused, as a person sees it") {
  ModelPlace work;
  const Files good = good_model();
  const std::string second = "model-00002-of-00002.safetensors";
  Files missing = good;
  missing.erase(second);
  std::string text;
  text += work.built(
      "a git-lfs pointer",
      {{"model.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4976698672\n"}});
  text += work.built("a page of a server",
                     {{"model.safetensors", "<!DOCTYPE html>\n<title>404</title>\n"}});
  text += work.built("a shard that is cut",
                     with(good, {{second, good.at(second).substr(0, good.at(second).size() - 1)}}));
  text += work.built("a shard that is missing", missing);
  text +=
      work.built("an index that leads out of the folder",
                 with(good,
                      {{"model.safetensors.index.json",
                        index_of({"model-00001-of-00002.safetensors", second, "../../b.bin"})}}));
  text += work.built("a token", with(good, {{".token", "hf_abcdefghijklmnopqrstuvwx\n"}}));
  text += work.built("good weights, twice",
                     with(good, {{"consolidated.safetensors", small_safetensors()}}));
  text += work.app.transcript({"inspect chat:1 --files", "inspect chat:1 --model"});
  CHECK(text == golden("cli/models.txt", text));
}

TEST_CASE("a model is described from the user's files, a layout, an archive and a registry alike") {
  ModelPlace work;
  work.write(good_model());
  const std::string layout = "oci:" + (work.app.dir / "layout").string() + ":1";
  const std::string archive = "docker-archive:" + (work.app.dir / "image.tar").string();
  const std::string name = "registry.example.com/acme/chat:1";
  work.json({"build", work.app.dir / "project", "-t", name, "-o", layout, "-o", archive, "--push"});
  const auto model = [&](const std::string& image) {
    Json json = work.json({"inspect", image, "--model"});
    json.erase("name");
    return json;
  };
  const Json here = model(name);
  CHECK(here["summary"]["architecture"] == "LlamaForCausalLM");
  CHECK(here["summary"]["parameters"] == 20);
  CHECK(here["files"].size() == 4);
  CHECK(here["problems"].empty());

  fs::remove_all(work.app.dir / "project/weights");
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  CHECK(model(layout) == here);
  CHECK(model(name) == here);
  const Json archived = model(archive);
  CHECK(archived["summary"] == here["summary"]);
  CHECK(archived["files"] == here["files"]);

  work.json({"pull", name});
  work.net.forget();
  CHECK(model(name) == here);
  CHECK(work.net.lines().empty());
}

TEST_CASE("weights that are compressed are described too") {
  ModelPlace work;
  work.write(good_model());
  std::string zipped(model_spec);
  zipped.replace(
      zipped.find("target: /models/chat"), 20, "target: /models/chat, compression: gzip");
  work.app.dir.write("project/mlpack.yaml", zipped);
  work.json({"build", work.app.dir / "project", "-t", "chat:1"});
  fs::remove_all(work.app.dir / "project/weights");
  CHECK(work.json({"inspect", "chat:1", "--model"})["summary"]["parameters"] == 20);
}

TEST_CASE("weights in layers that nobody says anything of are found") {
  ModelPlace work;
  work.write(good_model());
  work.app.dir.write("project/mlpack.yaml",
                     "schema: 1\nname: chat\nbase: scratch\nplatform: linux/amd64\n"
                     "files: [{source: weights/, target: /srv/chat}, {source: mlpack.yaml, target: "
                     "/etc/config.json}]\n");
  work.json({"build", work.app.dir / "project", "-t", "chat:1"});
  const Json found = work.json({"inspect", "chat:1", "--model"});
  CHECK(found["summary"]["parameters"] == 20);
  CHECK(found["files"].size() == 4);
}

TEST_CASE("an image without weights has no model") {
  ModelPlace work;
  work.app.dir.write("project/mlpack.yaml",
                     "schema: 1\nname: chat\nbase: scratch\nplatform: linux/amd64\n");
  work.json({"build", work.app.dir / "project", "-t", "chat:1"});
  const auto result = work.app.run({"inspect", "chat:1", "--model"});
  CHECK(result.code == 3);
  CHECK(result.err ==
        "error: `chat:1` holds no weights\n\n"
        "hint: `mlpack inspect --files` lists what it holds\n");
  CHECK(work.app.run({"inspect", "chat:1", "--model", "--size"})
            .err.starts_with("error: `--model` and `--size` exclude each other\n"));
}

TEST_CASE("a shard that goes missing after a good build is noticed") {
  ModelPlace work;
  work.write(good_model());
  CHECK(work.app.run(words_of(work.build())).code == 0);
  CHECK(work.app.run(words_of(work.build())).code == 0);
  fs::remove(work.app.dir / "project/weights/model-00002-of-00002.safetensors");
  const auto result = work.app.run(words_of(work.build()));
  CHECK(result.code == 3);
  CHECK(result.err.find("mlpack.yaml:7:5: error: `model.safetensors.index.json` names a shard that "
                        "is missing") != std::string::npos);
}
