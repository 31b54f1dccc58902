#include "lib/oci/modelpack.h"
#include "tests/unit/cli/app_run.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Json = nlohmann::json;

constexpr std::string_view spec = R"(schema: 1
name: tiny
image: registry.example.com/acme/tiny
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/tiny, license: MIT}]
files: [{source: app/, target: /app}]
run: [/app/serve]
)";

struct Workplace {
  Workplace() {
    app.dir.write("project/mlpack.yaml", spec);
    app.dir.write("project/weights/model.bin", std::string(100'000, 'w'));
    app.dir.write("project/weights/config.json", R"({"model_type":"llama"})");
    app.dir.write("project/app/serve", "#!/bin/sh\n");
    app.connect(net);
  }
  AppRun::Result build(std::vector<std::string> words) {
    words.insert(words.begin(), {"build", app.dir / "project"});
    return app.run(words);
  }
  Json json(std::vector<std::string> words) {
    words.emplace_back("--json");
    const auto result = app.run(words);
    REQUIRE_MESSAGE(result.code == 0, result.err);
    return Json::parse(result.out);
  }
  void check_usage(const std::vector<std::string>& words, const std::string& message) {
    const auto result = build(words);
    CHECK(result.code == 2);
    CHECK_MESSAGE(result.err.find(message) != std::string::npos, result.err);
  }

  FakeNet net;
  FakeRegistry registry{net};
  AppRun app;
};

// Of the kinds of images that which needs no package.
const std::vector<std::string> both{"--also", "weights-volume=:w", "--also", "modelpack=:m"};
const std::string own = "registry.example.com/acme/tiny";

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

TEST_CASE("a push that fails says what was published before it") {
  Workplace work;
  FakeRegistry other(work.net, "other.example.com");
  work.net.fault({.match = "PUT https://other.example.com/v2/acme/tiny/manifests",
                  .times = 99,
                  .instead = [](const Seen&) { return reply(403); }});
  const auto result = work.build({"-t", ":1", "-t", "other.example.com/acme/tiny:1", "--push"});
  CHECK(result.code == 4);
  const std::string manifest = *work.registry.manifest("acme/tiny", "1");
  const std::string first = "after a push of `" + own + ":1@" + Digest::of(manifest).text() + "`: ";
  CHECK_MESSAGE(result.err.find("error: " + first + "cannot ") != std::string::npos, result.err);
}

TEST_CASE("a ModelPack is looked into as an image is") {
  Workplace work;
  work.app.dir.write("project/weights/model.safetensors", small_safetensors());
  work.json(with({"build", work.app.dir / "project", "-t", ":1", "--push"}, both));
  const auto model = [&](const std::string& name) {
    Json shown = work.json({"inspect", name, "--model"});
    for (const char* own_key : {"name", "digest", "platform"})
      shown.erase(own_key);
    return shown;
  };
  CHECK(model(own + ":m") == model(own + ":1"));
  work.app.variables["MLPACK_STORE"] = work.app.dir / "fresh";
  CHECK(model(own + ":m")["files"].size() == 3);
  CHECK(work.app.run({"inspect", own + ":m", "--model"}).out ==
        work.app.run({"inspect", own + ":1", "--model"}).out);
}

TEST_CASE("--also makes more of the same weights, and sends no blob of them twice") {
  Workplace work;
  const Json built =
      work.json(with({"build", work.app.dir / "project", "-t", ":1", "--push"}, both));
  REQUIRE(built["also"].size() == 2);
  CHECK(built["also"][0]["kind"] == "weights-volume");
  CHECK(built["also"][0]["ref"] == own + ":w");
  CHECK(built["also"][1]["kind"] == "modelpack");
  CHECK(built["pushed"] == Json{own + ":1"});

  const Json image = work.json({"inspect", own + ":1"});
  const Json weights = work.json({"inspect", own + ":w"});
  const Json pack = work.json({"inspect", own + ":m"});
  CHECK(weights["digest"] == built["also"][0]["digest"]);
  CHECK(pack["digest"] == built["also"][1]["digest"]);
  REQUIRE(weights["layers"].size() == 2);
  REQUIRE(pack["layers"].size() == 1);
  CHECK(weights["layers"][0]["digest"] == image["layers"][0]["digest"]);
  CHECK(weights["layers"][0]["diffId"] == image["layers"][0]["diffId"]);
  CHECK(weights["layers"][1]["name"] == "links");
  CHECK(weights["config"]["entrypoint"].empty());
  CHECK(weights["config"]["cmd"].empty());
  CHECK(weights["config"]["user"] == image["config"]["user"]);
  CHECK(weights["config"]["labels"]["org.opencontainers.image.licenses"] == "MIT");
  CHECK(pack["layers"][0]["digest"] == image["layers"][0]["digest"]);
  CHECK(pack["kind"] == "modelpack");
  // Layers of weights, files, config and links, and three configs of manifests.
  CHECK(work.net.count("PUT ") - work.net.count("PUT /v2/acme/tiny/manifests/") == 7);
}

TEST_CASE("--also prints a line for each, and the store holds them until they are pushed") {
  Workplace work;
  const auto result = work.build(with({"-t", ":1"}, both));
  REQUIRE(result.code == 0);
  CHECK(result.out.find(own + ":1@sha256:") == 0);
  CHECK(result.out.find("\n" + own + ":w@sha256:") != std::string::npos);
  CHECK(result.out.find("\n" + own + ":m@sha256:") != std::string::npos);
  const Json stored = work.json({"store", "ls"});
  CHECK(stored["images"].size() == 3);
  CHECK(stored["images"][1]["platform"] == "");
  CHECK(work.json({"store", "verify"})["problems"].empty());
  work.json({"store", "gc"});
  const Json pushed = work.json({"push", own + ":m"});
  CHECK(pushed["blobs"]["uploaded"] == 2);

  // A ModelPack is pulled like an image, and pushed on.
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  CHECK(work.json({"pull", own + ":m"})["digest"] == pushed["digest"]);
  CHECK(work.json({"push", own + ":m", "registry.example.com/copy:m"})["digest"] ==
        pushed["digest"]);
  CHECK(work.json({"store", "verify"})["problems"].empty());
}

TEST_CASE("a ModelPack is told from an image") {
  Workplace work;
  REQUIRE(work.build({"-t", "tiny:1", "--also", "modelpack=tiny:m"}).code == 0);
  const auto shown = work.app.run({"inspect", "tiny:m"});
  CHECK(shown.code == 0);
  CHECK(shown.out.find("ModelPack, not an image that runs") != std::string::npos);
  CHECK(shown.out.find("models/tiny") != std::string::npos);
  CHECK(work.app.run({"inspect", "tiny:m", "--files"}).code == 0);
  CHECK(work.app.run({"diff", "tiny:1", "tiny:m"}).err.find("`tiny:m` holds nothing that runs") !=
        std::string::npos);
}

TEST_CASE("an image of weights is there for every platform, a ModelPack for none") {
  Workplace work;
  const Json built = work.json(with(
      {"build", work.app.dir / "project", "--platform", "linux/amd64", "--platform", "linux/arm64"},
      both));
  const Json weights = work.json({"inspect", own + ":w"});
  REQUIRE(weights["images"].size() == 2);
  CHECK(weights["images"][1]["platform"] == "linux/arm64");
  CHECK(weights["images"][0]["layers"] == weights["images"][1]["layers"]);
  CHECK(work.json({"inspect", own + ":m"})["digest"] == built["also"][1]["digest"]);
}

TEST_CASE("a wish of --also that cannot be met is told before anything is built") {
  Workplace work;
  work.check_usage({"--also", "docker=:w"}, "error: `--also` knows no kind `docker`");
  work.check_usage({"--also", "docker=:w"}, "it knows weights-image, weights-volume, modelpack");
  work.check_usage({"--also", "model-pack=:w"}, "did you mean `modelpack`?");
  work.check_usage({"--also", "modelpack"}, "`--also` wants KIND=REF, not `modelpack`");
  work.check_usage({"--also", "modelpack="}, "`--also` wants KIND=REF, not `modelpack=`");
  work.check_usage({"--also", "modelpack=:latest"},
                   "`--also modelpack=:latest` is the name of something else that is built");
  work.check_usage({"--also", "modelpack=:x", "--also", "weights-volume=:x"},
                   "`--also weights-volume=:x` is the name of something else that is built");
  work.check_usage({"--also", "modelpack=x@sha256:" + std::string(64, 'a')},
                   "names a digest, which only the build can tell");
  work.check_usage({"--push", "--also", "modelpack=x:1"}, "`x:1` names no registry to push to");
  work.check_usage({work.app.dir / "project", "--also", "modelpack=x:1"},
                   "`--also` would name all 2 images the same");
  work.app.dir.write("project/mlpack.yaml", "schema: 1\nname: bare\nbase: scratch\n");
  work.check_usage({"--also", "modelpack=:x"}, "has no weights to publish");
}

TEST_CASE("a shell that no mirror gives is missed before anything is read, with the way out") {
  Workplace work;
  work.app.variables["MLPACK_DEBIAN_MIRROR"] = "ftp://mirror.test/debian";
  work.check_usage({"--also", "weights-image=:w"},
                   "error: a weights-image has a shell (a weights-volume has none): "
                   "`MLPACK_DEBIAN_MIRROR` is `ftp://mirror.test/debian`, which is not an http://");
  work.app.variables["MLPACK_DEBIAN_MIRROR"] = "http://mirror.test/debian";
  const auto offline = work.build({"--offline", "--also", "weights-image=:w"});
  CHECK(offline.code == 3);
  CHECK_MESSAGE(offline.err.find(
                    "error: a weights-image has a shell (a weights-volume has none): `http://") !=
                    std::string::npos,
                offline.err);
  CHECK(offline.err.find("run `mlpack fetch` while there is a network") != std::string::npos);
  CHECK(fs::is_empty(work.app.dir / "store/blobs/sha256"));
}

TEST_CASE("fetch is told of --also like build") {
  Workplace work;
  const auto wrong = work.app.run({"fetch", work.app.dir / "project", "--also", "docker=:w"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("`--also` knows no kind `docker`") != std::string::npos);
  work.json({"fetch", work.app.dir / "project", "--also", "weights-volume=:w"});
  CHECK(work.net.count("GET ") == 0);
}

TEST_CASE("weights that the registry of --also refuses are refused before they are read") {
  Workplace work;
  fs::resize_file(work.app.dir / "project/weights/model.bin", std::uint64_t{11} << 30);
  work.check_usage({"--also", "modelpack=ghcr.io/acme/tiny:m"},
                   "ghcr.io takes layers of 10.0 GiB at most");
}

TEST_CASE("weights that are not below /models get a warning") {
  Workplace work;
  work.app.dir.write("project/mlpack.yaml",
                     "schema: 1\nname: aside\nbase: scratch\nplatform: linux/amd64\n"
                     "weights: [{source: weights/, target: /opt/w}]\n");
  const std::string warning =
      "weights-volume: `weights` lies in `/opt/w`, and who mounts /models alone, as KServe's "
      "oci+native does, will miss it; give it a `target` there";
  const auto image = work.build({"--also", "weights-volume=:w"});
  CHECK(image.code == 0);
  CHECK_MESSAGE(image.err.find(warning) != std::string::npos, image.err);
  CHECK(work.build({"--also", "modelpack=:m"}).err.find(warning) == std::string::npos);
}
