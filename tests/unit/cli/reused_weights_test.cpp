#include "layers/tar_view.h"
#include "tests/unit/cli/app_run.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Json = nlohmann::json;

const std::string source = "registry.example.com/acme/weights:1";
const std::string pack = "registry.example.com/acme/weights:pack";

// A registry that has an image of weights in /models/base, and a ModelPack of them.
struct Reusing {
  Reusing() {
    app.connect(net);
    app.dir.write("weights/model.safetensors", small_safetensors());
    app.dir.write("weights/config.json", "{}");
    write("weights", "weights: [{source: ../weights/, name: base}]\n");
    run({"build", app.dir / "weights.d", "-t", source, "--also", "modelpack=" + pack, "--push"});
    net.forget();
    app.variables["MLPACK_STORE"] = app.dir / "fresh";
  }

  void write(const std::string& name, const std::string& more) {
    app.dir.write(name + ".d/mlpack.yaml",
                  "schema: 1\nname: " + name + "\nbase: scratch\nplatform: linux/amd64\n" + more);
  }
  void use(const std::string& image, const std::string& more = ", target: /models/base") {
    app.dir.write("app/main.py", "print()\n");
    write("served",
          "run: [/serve]\nfiles: [{source: ../app/, target: /app}]\nweights: [{source: 'oci://" +
              image + "', name: w" + more + "}]\n");
  }
  AppRun::Result run(std::vector<std::string> words, int code = 0) {
    const auto result = app.run(words);
    CHECK_MESSAGE(result.code == code, result.err);
    return result;
  }
  Json build(const std::string& name, std::vector<std::string> more = {"--push"}) {
    std::vector<std::string> words = {"build", app.dir / "served.d", "-t", name, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return Json::parse(run(words).out);
  }
  std::string failure(int code) { return run({"build", app.dir / "served.d"}, code).err; }
  std::set<std::string> weights_of(const std::string& repository, const std::string& tag) const {
    std::set<std::string> digests;
    for (const Json& layer :
         Json::parse(registry.manifest(repository, tag).value_or("{}")).value("layers", Json())) {
      const Json notes = layer.value("annotations", Json::object());
      if (notes.value("dev.mlpack.layer.role", "") == "weights")
        digests.insert(layer["digest"].get<std::string>());
    }
    return digests;
  }
  bool mounts_weights() const {
    const std::string hex = weights_of("acme/weights", "1").begin()->substr(7);
    const std::vector<Seen> all = net.seen();
    return std::count_if(all.begin(), all.end(), [&](const Seen& seen) {
             return seen.url.find("?mount=sha256%3A" + hex) != std::string::npos;
           }) == 1;
  }

  FakeNet net;
  FakeRegistry registry{net};
  AppRun app;
};

}  // namespace

TEST_CASE("the weights of an image are mounted into another one of the same registry") {
  Reusing work;
  work.use(source);
  const Json built = work.build("registry.example.com/acme/served:1");
  CHECK(work.weights_of("acme/served", "1") == work.weights_of("acme/weights", "1"));
  CHECK(work.weights_of("acme/served", "1").size() == 1);
  CHECK(work.mounts_weights());
  CHECK(work.net.count("PUT /v2/acme/served/blobs") == 2);  // the app and the config
  const auto is_weights = [](const Json& layer) { return layer["kind"] == "weights"; };
  const Json& layers = built["layers"];
  CHECK(std::count_if(layers.begin(), layers.end(), is_weights) == 1);
  CHECK(layers[0]["name"] == "w");
  CHECK(layers[0]["reused"] == true);
  const std::string manifest = *work.registry.manifest("acme/served", "1");
  CHECK(manifest.find("oci://registry.example.com/acme/weights:1@sha256:") != std::string::npos);
}

TEST_CASE("the weights of a ModelPack are layers of an image too") {
  Reusing work;
  work.use(pack);
  work.build("registry.example.com/acme/served:1");
  CHECK(work.weights_of("acme/served", "1") == work.weights_of("acme/weights", "1"));
  CHECK(work.mounts_weights());
}

TEST_CASE("weights of another registry are streamed from there, and nothing is kept") {
  Reusing work;
  FakeRegistry other(work.net, "other.example.com");
  work.use(source);
  work.build("other.example.com/acme/served:1");
  REQUIRE(other.manifest("acme/served", "1"));
  for (const std::string& digest : work.weights_of("acme/weights", "1")) {
    CHECK(other.has_blob("acme/served", *Digest::parse(digest)));
    CHECK_FALSE(fs::exists(work.app.dir / "fresh/blobs/sha256" / digest.substr(7)));
  }
}

TEST_CASE("an image with reused weights is exported, and built again without a look into them") {
  Reusing work;
  work.use(source);
  const Json first = work.build("served:1", {"-o", "oci:" + (work.app.dir / "layout").string()});
  for (const std::string& digest : work.weights_of("acme/weights", "1"))
    CHECK(fs::exists(work.app.dir / "layout/blobs/sha256" / digest.substr(7)));
  work.net.forget();
  CHECK(work.build("served:1", {})["digest"] == first["digest"]);
  CHECK(work.net.count("GET /v2/acme/weights/blobs") == 0);
}

TEST_CASE("reused weights whose own files changed since are exported and pushed as they were") {
  Reusing work;
  FakeRegistry other(work.net, "other.example.com");
  work.app.variables["MLPACK_STORE"] = work.app.dir / "store";
  work.app.dir.write("weights/config.json", "{\"changed\": 1}");
  work.use(source);
  work.build("other.example.com/acme/served:1",
             {"--push", "-o", "oci:" + (work.app.dir / "layout").string()});
  CHECK(other.manifest("acme/served", "1"));
  for (const std::string& digest : work.weights_of("acme/weights", "1"))
    CHECK(Digest::of(work.app.dir.read("layout/blobs/sha256/" + digest.substr(7))).text() ==
          digest);
}

TEST_CASE("reused weights are fetched for a build without a network") {
  Reusing work;
  work.use(source);
  CHECK(Json::parse(
            work.run({"fetch", work.app.dir / "served.d", "--json"}).out)["layersFetched"] == 1);
  work.net.forget();
  work.build("served:1", {"--offline", "-o", "oci:" + (work.app.dir / "layout").string()});
  CHECK(work.net.lines().empty());
}

TEST_CASE("layers that are reused cannot be moved, chosen from or compressed") {
  Reusing work;
  work.use(source, "");
  const std::string said = work.failure(2);
  CHECK(said.find("the weights of `oci://" + source +
                  "` lie in `/models/base`, not in `/models/w`") != std::string::npos);
  CHECK(said.find("write `target: /models/base`") != std::string::npos);
  work.use(source, ", target: /models");
  work.build("served:1", {});
  work.use(source, ", target: /models/base, exclude: ['*.json']");
  CHECK(work.failure(2).find("`include` and `exclude` cannot be had of") != std::string::npos);
  work.use(source, ", target: /models/base, compression: zstd");
  CHECK(work.failure(2).find("`compression` cannot be had of") != std::string::npos);
}

TEST_CASE("files that would lie over reused weights are told about") {
  Reusing work;
  const auto use_with = [&](const std::string& files, const std::string& image) {
    work.app.dir.write("over/config.json", "{\"mine\": 1}");
    work.app.dir.write("over/other.json", "{}");
    work.write("served",
               "run: [/serve]\nfiles: [" + files + "]\nweights: [{source: 'oci://" + image +
                   "', name: w, target: /models/base}]\n");
  };
  for (const std::string& image : {source, pack}) {
    use_with("{source: ../over/, target: /models/base}", image);
    const std::string both = work.failure(2);
    CHECK(both.find("`oci://" + image + "` and `") != std::string::npos);
    CHECK(both.find("over/config.json` both write `/models/base/config.json`") !=
          std::string::npos);
    CHECK(both.find("this is the other of the two") != std::string::npos);
    use_with("{source: ../over/config.json, target: /models}", image);
    CHECK(work.failure(2).find("`/models` is a folder of") != std::string::npos);
    use_with("{source: ../over/other.json, target: /models/base/}", image);
    work.build("served:1", {});
    work.net.forget();
    work.build("served:1", {});
    CHECK(work.net.count("GET /v2/acme/weights/blobs") == 0);
  }
}

TEST_CASE("of a large layer that is reused only the headers are read") {
  Reusing work;
  const std::string shard(4 << 20, 'x');
  work.app.variables["MLPACK_STORE"] = work.app.dir / "first";
  work.app.dir.write("large/a.bin", shard);
  work.app.dir.write("large/z.json", "{}");
  work.write("large", "weights: [{source: ../large/, name: base}]\n");
  const std::string image = "registry.example.com/acme/large:1";
  work.run({"build", work.app.dir / "large.d", "-t", image, "--push"});
  work.app.variables["MLPACK_STORE"] = work.app.dir / "fresh";
  work.app.dir.write("over/z.json", "");
  work.write("served",
             "run: [/serve]\nfiles: [{source: ../over/, target: /models/base}]\n"
             "weights: [{source: 'oci://" +
                 image + "', name: w, target: /models/base}]\n");
  work.net.forget();
  CHECK(work.failure(2).find("both write `/models/base/z.json`") != std::string::npos);
  const auto all = work.net.seen();
  CHECK(std::any_of(all.begin(), all.end(), [&](const Seen& seen) {
    const std::string range = seen.headers.find("Range").value_or("");
    return range.starts_with("bytes=4") && seen.url.find("/acme/large/blobs") != std::string::npos;
  }));
}

TEST_CASE("layers that are no tar, or leave the root, are told about by name and place") {
  const auto said_of = [](const std::string& bytes) {
    Reusing work;
    Json manifest = Json::parse(work.registry.manifest("acme/weights", "pack").value_or(""));
    Json& layer = manifest["layers"][0];
    layer["digest"] = work.registry.put_blob("acme/weights", bytes).text();
    layer["size"] = bytes.size();
    work.registry.put_manifest("acme/weights", "odd", manifest.dump(), manifest["mediaType"]);
    work.use("registry.example.com/acme/weights:odd");
    const std::string said = work.failure(3);
    CHECK_MESSAGE(said.find("mlpack.yaml:7:20: error: ") != std::string::npos, said);
    CHECK_MESSAGE(
        said.find("layer `" + Digest::of(bytes).text() +
                  "` of `oci://registry.example.com/acme/weights:odd`: ") != std::string::npos,
        said);
    return said;
  };
  CHECK(said_of(std::string(2000, 'x')).find("the tar archive is damaged") != std::string::npos);
  CHECK(said_of(std::string(1024, '\0')).find("it holds no file") != std::string::npos);
  LayerRecipe recipe{Role::weights, "w", 0, {}};
  RecipeEntry entry;
  entry.path = "../away";
  recipe.entries.push_back(entry);
  StringSink tar(1 << 20);
  copy(*TarView(recipe).open(), tar);
  CHECK(said_of(tar.text).find("it has `../away`, a path that leaves the root") !=
        std::string::npos);
}

TEST_CASE("an image without weights has none to reuse") {
  Reusing work;
  work.use(source);
  work.write("plain", "run: [/x]\nfiles: [{source: ../app/, target: /app}]\n");
  work.run(
      {"build", work.app.dir / "plain.d", "-t", "registry.example.com/acme/plain:1", "--push"});
  work.use("registry.example.com/acme/plain:1");
  CHECK(work.failure(3).find("has no layers of weights") != std::string::npos);
}

TEST_CASE("what is published already is not published again from what reuses it") {
  Reusing work;
  work.use(source);
  const std::string said =
      work.run({"build", work.app.dir / "served.d", "--also", "modelpack=:pack"}, 2).err;
  CHECK(said.find("are published already") != std::string::npos);
}

TEST_CASE("an image whose config names other bytes than its layers is neither weights nor base") {
  Reusing work;
  Json manifest = Json::parse(work.registry.manifest("acme/weights", "1").value_or(""));
  const std::vector<std::string> lies(manifest["layers"].size(), Digest::of("other").text());
  const std::string config = Json{{"os", "linux"},
                                  {"architecture", "amd64"},
                                  {"rootfs", {{"type", "layers"}, {"diff_ids", lies}}}}
                                 .dump();
  manifest["config"]["digest"] = work.registry.put_blob("acme/weights", config).text();
  manifest["config"]["size"] = config.size();
  work.registry.put_manifest("acme/weights", "lie", manifest.dump(), manifest["mediaType"]);
  work.use("registry.example.com/acme/weights:lie");
  CHECK(work.failure(7).find("the image's config says") != std::string::npos);
  work.app.dir.write("served.d/mlpack.yaml",
                     "schema: 1\nname: served\nbase: registry.example.com/acme/weights:lie\n"
                     "platform: linux/amd64\nrun: [/x]\n");
  CHECK(work.failure(7).find("the image's config says") != std::string::npos);
}
