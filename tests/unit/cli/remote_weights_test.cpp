#include "lib/store/downloads.h"
#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"
#include "tests/unit/registry/remote_hub_rig.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Json = nlohmann::json;

const std::string vocabulary = "a\nb\n";
const std::string query = "?sig=secret-of-the-url";

std::string spec_of(const std::string& weights) {
  return "schema: 1\nname: tiny\nbase: scratch\nplatform: linux/amd64\nrun: [/serve]\nweights:\n  "
         "- {" +
         weights + "}\n";
}

// mlpack with a hub that has `acme/tiny`, and a server with one file.
struct RemotePlace {
  RemotePlace() {
    net.serve("https://hub.example.com", [](const Seen& seen) { return hub(seen); });
    net.serve("https://files.example.com", [](const Seen& seen) {
      const bool known = seen.url == "https://files.example.com/a/weights.dat" + query;
      return known ? ranged(seen, weights, {{"ETag", "\"1\""}}) : reply(404);
    });
    app.variables["HF_ENDPOINT"] = "https://hub.example.com";
    app.variables["HF_TOKEN"] = "hf_secret";
    app.connect(net);
    use("source: hf://acme/tiny");
  }

  static Response hub(const Seen& seen) {
    const std::string path = seen.line().substr(4);  // behind GET
    if (path == api + "/revision/main") return reply(200, {}, R"({"sha":")" + commit + "\"}");
    if (path == api + "/tree/" + commit) {
      return reply(
          200,
          {},
          "[" + large("model.dat", weights) + "," + large("sub/vocab.txt", vocabulary) + "]");
    }
    const std::vector<std::pair<std::string, std::string>> said = {{"X-Repo-Commit", commit}};
    const std::string files = "/acme/tiny/resolve/" + commit + "/";
    if (path == files + "model.dat") return ranged(seen, weights, said);
    if (path == files + "sub/vocab.txt") return ranged(seen, vocabulary, said);
    return reply(404, {{"X-Error-Code", "RevisionNotFound"}});
  }

  void use(const std::string& entry) { app.dir.write("project/mlpack.yaml", spec_of(entry)); }
  std::string project() const { return app.dir / "project"; }
  std::string failure(const std::vector<std::string>& words, int code) {
    const auto result = app.run(words);
    CHECK_MESSAGE(result.code == code, result.err);
    return result.err;
  }
  Json json(std::vector<std::string> words) {
    words.emplace_back("--json");
    const auto result = app.run(words);
    REQUIRE_MESSAGE(result.code == 0, result.err);
    return Json::parse(result.out);
  }
  Json build(const std::string& entry) {
    use(entry);
    return json({"build", project()});
  }
  // The same size, other bytes; `noted`: the store takes them for right.
  void damage(const std::string& noted) const {
    const fs::path store = app.dir / "store";
    const Digest digest = Digest::of(weights);
    const fs::path file = store / "cache/sha256" / digest.hex();
    write_file(file, std::string(weights.size(), 'x'));
    Store opened(store);
    if (!noted.empty()) note_intact(opened, digest);
  }
  std::vector<std::string> files_of_image() {
    std::vector<std::string> files;
    const Json found = json({"inspect", "tiny", "--files"});
    for (const Json& layer : found["layers"]) {
      if (layer["kind"] != "weights") continue;
      for (const Json& file : layer["files"])
        files.push_back(file["path"]);
    }
    return files;
  }

  FakeNet net;
  AppRun app;
};

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("weights of a hub, as a person sees them") {
  RemotePlace work;
  const std::string project = work.project();
  std::string text = work.app.transcript({"build " + project + " --verbose -j1",
                                          "build " + project,
                                          "fetch " + project,
                                          "build " + project + " --offline --verbose"});
  work.use("source: hf://acme/tiny, include: ['*.dat', '*.gguf']");
  text += work.app.transcript({"build " + project});
  work.use("source: hf://acme/tiny, include: ['*.txt'], exclude: [sub]");
  text += work.app.transcript({"build " + project});
  work.use("source: hf://acme/tiny, exclude: ['*']");
  text += work.app.transcript({"build " + project});
  work.use("source: hf://acme/tiny@v2");
  text += work.app.transcript({"build " + project, "build " + project + " --offline"});
  CHECK(text == golden("cli/remote-weights.txt", text));
}

TEST_CASE("a second build of remote weights asks nobody, and without a lock for the list alone") {
  RemotePlace work;
  const Json built = work.build("source: hf://acme/tiny");
  CHECK(built["bytesRead"] == weights.size() + vocabulary.size());
  work.net.forget();
  const Json again = work.build("source: hf://acme/tiny");
  CHECK(again["digest"] == built["digest"]);
  CHECK(again["layers"][0]["reused"] == true);
  CHECK(again["bytesRead"] == 0);
  CHECK(work.net.lines().empty());
  fs::remove(work.app.dir / "project/mlpack.lock");
  CHECK(work.build("source: hf://acme/tiny")["digest"] == built["digest"]);
  CHECK(work.net.lines() == std::vector<std::string>{"GET " + api + "/revision/main",
                                                     "GET " + api + "/tree/" + commit});
}

TEST_CASE("weights that are pinned and at hand are asked nobody about") {
  RemotePlace work;
  const std::string entry = "source: hf://acme/tiny@" + commit;
  const Json built = work.build(entry);
  work.net.forget();
  CHECK(work.build(entry)["digest"] == built["digest"]);
  CHECK(work.net.lines().empty());
}

TEST_CASE("a file by its digest that is at hand is asked nobody about") {
  RemotePlace work;
  const std::string entry = "name: w, source: 'https://files.example.com/a/weights.dat" + query +
                            "#sha256=" + Digest::of(weights).hex() + "'";
  const Json built = work.build(entry);
  CHECK(work.files_of_image() == Paths{"models", "models/w"});
  work.net.forget();
  CHECK(work.build(entry)["digest"] == built["digest"]);
  CHECK(work.net.lines().empty());
}

TEST_CASE("a file by its URL becomes the target, or lands in it") {
  RemotePlace work;
  const std::string source = "name: w, source: 'https://files.example.com/a/weights.dat" + query;
  work.build(source + "', target: /m/model.dat");
  CHECK(work.files_of_image() == Paths{"m", "m/model.dat"});
  work.build(source + "', target: /m/");
  CHECK(work.files_of_image() == Paths{"m", "m/weights.dat"});
}

TEST_CASE("remote weights become the layer that the same files on disk become") {
  RemotePlace work;
  const Json remote = work.build("name: w, source: hf://acme/tiny");
  work.app.dir.write("project/w/model.dat", weights);
  work.app.dir.write("project/w/sub/vocab.txt", vocabulary);
  const Json local = work.build("name: w, source: w");
  CHECK(remote["layers"][0]["digest"] == local["layers"][0]["digest"]);
  CHECK(
      work.files_of_image() ==
      Paths{"models", "models/w", "models/w/model.dat", "models/w/sub", "models/w/sub/vocab.txt"});
}

TEST_CASE("a layer of remote weights says where it is from, without secrets") {
  RemotePlace work;
  const auto origin_in = [&](const std::string& layout) {
    work.failure({"build", work.project(), "-o", "oci:" + (work.app.dir / layout).string()}, 0);
    const auto blob = [&](const Json& descriptor) {
      const std::string digest = descriptor["digest"];
      return Json::parse(work.app.dir.read(layout + "/blobs/sha256/" + digest.substr(7)));
    };
    const Json index = Json::parse(work.app.dir.read(layout + "/index.json"));
    return blob(index["manifests"][0])["layers"][0]["annotations"]["dev.mlpack.layer.source"]
        .get<std::string>();
  };
  CHECK(origin_in("hub") == "hf://acme/tiny@" + commit);
  work.use("name: w, source: 'https://files.example.com/a/weights.dat" + query + "'");
  CHECK(origin_in("web") ==
        "https://files.example.com/a/weights.dat#sha256=" + Digest::of(weights).hex());
}

TEST_CASE("fetch fills the store, and a build without a network finds it there") {
  RemotePlace work;
  CHECK(work.json({"fetch", work.project()})["filesFetched"] == 2);
  CHECK(work.json({"fetch", work.project()})["filesFetched"] == 0);
  work.net.forget();
  work.json({"build", work.project(), "--offline"});
  CHECK(work.net.lines().empty());
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  CHECK(work.failure({"build", work.project(), "--offline"}, 3).find("`mlpack fetch`") !=
        std::string::npos);
}

TEST_CASE("what an image is made from stays when the cache of the store is emptied") {
  RemotePlace work;
  work.build("source: hf://acme/tiny, include: [model.dat]");
  work.use("source: hf://acme/tiny");
  work.json({"fetch", work.project()});
  const Json swept = work.json({"store", "gc", "--all"});
  CHECK(swept["removed"] == 2);  // vocab.txt and the list
  CHECK(work.app.run({"store", "verify"}).code == 0);
  CHECK(work.app.run({"push", "tiny", "registry.example.com/acme/tiny", "--dry-run"}).code != 7);
}

TEST_CASE("a file that changed in the cache is fetched again and reaches no image") {
  for (const std::string entry : {"source: hf://acme/tiny",
                                  "source: hf://acme/tiny, compression: zstd",
                                  "source: hf://acme/tiny, target: /elsewhere"}) {
    RemotePlace work;
    const Json built = work.build("source: hf://acme/tiny");
    const Json right = work.build(entry);
    work.damage("");
    const auto offline = work.failure({"build", work.project(), "--offline"}, 7);
    CHECK(offline.find("`model.dat` of `hf://acme/tiny` is damaged in the store's cache") !=
          std::string::npos);
    CHECK(offline.find("run `mlpack fetch`") != std::string::npos);
    work.net.forget();
    CHECK(work.json({"build", work.project()})["digest"] == right["digest"]);
    CHECK(work.net.count("GET /acme/tiny/resolve/") == 1);
    CHECK(work.app.run({"store", "verify"}).code == 0);
  }
}

TEST_CASE(
    "a file that changed in the cache without a trace is not packed, and --verify-cache tells") {
  RemotePlace work;
  work.build("source: hf://acme/tiny");
  work.damage("noted as right");
  const std::string said = work.failure({"build", work.project()}, 7);
  CHECK(said.find("the bytes of `models/tiny/model.dat` in the store's cache, `") !=
        std::string::npos);
  CHECK(said.find("build again with `--verify-cache`") != std::string::npos);
  const Json first = work.json({"build", work.project(), "--verify-cache"});
  work.damage("noted as right");
  CHECK(work.json({"build", work.project(), "--verify-cache"})["digest"] == first["digest"]);
  CHECK(work.app.run({"store", "verify"}).code == 0);
}

TEST_CASE("no message about remote weights holds a token or what a URL's query holds") {
  RemotePlace work;
  const std::string good = "name: w, source: 'https://files.example.com/a/weights.dat" + query;
  const std::string bad = "name: w, source: 'https://files.example.com/a/none.dat" + query;
  std::string said;
  const auto run = [&](const std::string& entry, const std::string& option) {
    work.use(entry);
    const auto result = work.app.run({"build", work.project(), "--verbose", option});
    said += result.out + result.err;
  };
  run(good + "'", "--progress=plain");
  run(good + "', exclude: ['*']", "--progress=plain");
  run(good + "', include: [x]", "--progress=plain");
  run(good +
          "'}\n  - {name: v, target: /models/w, source: 'https://files.example.com/a/weights.dat" +
          query + "'",
      "--progress=plain");
  run(bad + "'", "--progress=plain");
  run(bad + "'", "--offline");
  run("source: hf://acme/tiny@v2", "--progress=plain");
  CHECK(said.find("https://files.example.com/a/none.dat") != std::string::npos);
  CHECK(said.find("both write") != std::string::npos);
  CHECK(said.find("secret") == std::string::npos);
}

TEST_CASE("a listed name that would delete files of other layers is refused") {
  RemotePlace work;
  work.net.fault({.match = "/tree/", .times = 2, .instead = [](const Seen&) {
                    return reply(200, {}, "[" + large("a/.wh.b", weights) + "]");
                  }});
  const std::string said = work.failure({"build", work.project()}, 3);
  CHECK(said.find("`a/.wh.b` of `hf://acme/tiny` has a name that begins with `.wh.`, a deletion "
                  "mark") != std::string::npos);
}
