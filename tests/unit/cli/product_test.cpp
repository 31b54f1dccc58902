#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Json = nlohmann::json;

constexpr std::string_view product_spec = R"(schema: 1
name: digits
image: registry.example.com/acme/digits
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/digits}]
files: [{source: app/, target: /app}]
run: [/app/serve]
port: 8000
layers: {compression: gzip}
)";

// mlpack with a project and a registry that is only in memory.
struct ProductPlace {
  ProductPlace() {
    app.dir.write("project/mlpack.yaml", product_spec);
    app.dir.write("project/weights/model.bin", std::string(100'000, 'w'));
    app.dir.write("project/app/serve", "#!/bin/sh\n");
    app.connect(net);
  }
  std::string project() const { return app.dir / "project"; }
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

}  // namespace

TEST_CASE("from a spec to an image in the store and back, as a person sees it") {
  ProductPlace work;
  const std::string text = work.app.transcript(
      {"build " + work.project() + " -t digits:1 -j1",
       "inspect digits:1",
       "inspect digits:1 --layers",
       "inspect digits:1 --size",
       "inspect digits:1 --files",
       "build " + work.project() + " -t digits:2 --label a=b --var A=1",
       "build " + work.project() + " -t digits:2 --label a=b -j1 --progress none",
       "diff digits:1 digits:2",
       "diff digits:1 digits:1",
       "store ls",
       "store rm digits:1 digits:2",
       "store ls",
       "store rm digits:1",
       "store verify"});
  CHECK(text == golden("cli/build.txt", text));
}

TEST_CASE("what is built is pushed, and pulled again into another store") {
  ProductPlace work;
  const Json built = work.json({"build", work.project(), "--push"});
  CHECK(built["image"] == "registry.example.com/acme/digits:latest");
  CHECK(built["pushed"] == Json{"registry.example.com/acme/digits:latest"});
  const Json pushed = work.json({"push", "registry.example.com/acme/digits"});
  CHECK(pushed["digest"] == built["digest"]);
  CHECK(pushed["blobs"]["uploaded"] == 0);
  CHECK(pushed["bytesSent"] == 0);

  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  const Json pulled = work.json({"pull", "registry.example.com/acme/digits"});
  CHECK(pulled["digest"] == built["digest"]);
  const Json found = work.json({"inspect", "registry.example.com/acme/digits", "--files"});
  CHECK(found["digest"] == built["digest"]);
  CHECK(found["layers"][0]["files"].back()["path"] == "models/digits/model.bin");
  CHECK(work.app.run({"store", "verify"}).code == 0);
}

TEST_CASE("an image of a registry is looked at without being pulled") {
  ProductPlace work;
  const Json built = work.json({"build", work.project(), "--push"});
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  const Json found = work.json({"inspect", "registry.example.com/acme/digits", "--files"});
  CHECK(found["digest"] == built["digest"]);
  CHECK(work.json({"store", "ls"})["images"].empty());
}

TEST_CASE("a build document has what the contract says") {
  ProductPlace work;
  const Json built = work.json({"build", work.project(), "-t", ":1", "-t", "local:2"});
  CHECK(built["schema"] == 1);
  CHECK(built["tags"] == Json{"registry.example.com/acme/digits:1", "local:2"});
  CHECK(built["platform"] == "linux/amd64");
  CHECK(built["bytesRead"] == 100'010);
  REQUIRE(built["layers"].size() == 3);
  const Json& weights = built["layers"][0];
  CHECK(weights["kind"] == "weights");
  CHECK(weights["mediaType"] == "application/vnd.oci.image.layer.v1.tar");
  CHECK(weights["digest"] == weights["diffId"]);
  CHECK(weights["reused"] == false);
  CHECK(built["pushed"].empty());
  CHECK(built["seconds"].is_number());
  const Json again = work.json({"build", work.project()});
  CHECK(again["digest"] == built["digest"]);
  CHECK(again["bytesRead"] == 0);
  CHECK(again["layers"][0]["reused"] == true);
}

TEST_CASE("several platforms become an index, and a second spec a second result") {
  ProductPlace work;
  const Json built = work.json({"build",
                                work.project(),
                                "--platform",
                                "linux/arm64",
                                "--platform",
                                "linux/amd64",
                                "--push"});
  REQUIRE(built["images"].size() == 2);
  CHECK(built["images"][0]["platform"] == "linux/amd64");
  CHECK(built["digest"] != built["images"][0]["digest"]);
  const Json found = work.json({"inspect", "registry.example.com/acme/digits"});
  CHECK(found["images"].size() == 2);
  CHECK(found["images"][1]["digest"] == built["images"][1]["digest"]);

  work.app.dir.write("other/mlpack.yaml", "schema: 1\nname: other\nbase: scratch\n");
  const Json both = work.json({"build", work.project(), work.app.dir / "other", "-t", ":3"});
  REQUIRE(both["builds"].size() == 2);
  CHECK(both["builds"][1]["tags"] == Json{"other:3"});
}

TEST_CASE("two specs of one name are refused before anything is built") {
  ProductPlace work;
  const auto result = work.app.run({"build", work.project(), work.project() + "/mlpack.yaml"});
  CHECK(result.code == 2);
  CHECK(work.json({"store", "ls"})["images"].empty());
}

TEST_CASE("what the disk shows to be wrong is told with the entry of the spec") {
  ProductPlace work;
  const std::string head = "schema: 1\nname: odd\nplatform: linux/amd64\n";
  work.app.dir.write("odd/f", "x");
  work.app.dir.write("odd/tree/a", "x");
  const auto place_of = [&](const std::string& rest, int code) {
    work.app.dir.write("odd/mlpack.yaml", head + rest);
    const auto result = work.app.run({"build", work.app.dir / "odd", "--json"});
    CHECK_MESSAGE(result.code == code, result.err);
    std::string places;
    const Json document = Json::parse(result.out);
    for (const Json& where : document["error"]["where"]) {
      places += fmt::format("{}:{} ", where["line"].get<int>(), where["column"].get<int>());
    }
    return places;
  };
  CHECK(place_of("base: oci:nope\n", 3) == "4:7 ");
  CHECK(place_of("files: [{source: none, target: /a}]\n", 3) == "4:9 ");
  CHECK(place_of("weights: [{source: tree, include: [b]}]\n", 2) == "4:11 ");
  CHECK(place_of("files:\n  - {source: f, target: /t}\n  - {source: f, target: /t}\n", 2) ==
        "5:5 6:5 ");
  CHECK(place_of("files:\n  - {source: f, target: /t}\n  - {source: tree, target: /t}\n", 2) ==
        "6:5 5:5 ");
  CHECK(place_of("files: [{source: f, target: /data}]\nwritable: [/data]\n", 2) == "4:9 ");
  CHECK(place_of("base: registry.example.com/a:1\nuser: bob\nwritable: [/d]\n", 5) == "4:7 ");
}

TEST_CASE("a passwd of the user's is in the image as it is") {
  ProductPlace work;
  work.app.dir.write("own/mlpack.yaml",
                     "schema: 1\nname: own\nbase: scratch\nplatform: linux/amd64\n"
                     "files: [{source: passwd, target: /etc/passwd}]\n");
  work.app.dir.write("own/passwd", "mine:x:1:1::/:/bin/sh\n");
  work.json({"build", work.app.dir / "own"});
  const Json found = work.json({"inspect", "own", "--files"});
  std::vector<std::string> paths;
  for (const Json& layer : found["layers"]) {
    for (const Json& file : layer["files"])
      paths.push_back(file["path"]);
  }
  CHECK(std::count(paths.begin(), paths.end(), "etc/passwd") == 1);
  CHECK(std::count(paths.begin(), paths.end(), "etc/group") == 1);
}

TEST_CASE("an image on a base from a registry holds the base's layers, offline too once fetched") {
  ProductPlace work;
  const Json base =
      work.json({"build", work.project(), "-t", "registry.example.com/acme/base:1", "--push"});
  work.app.dir.write("on/mlpack.yaml",
                     "schema: 1\nname: on\nbase: registry.example.com/acme/base:1\n"
                     "platform: linux/amd64\nfiles: [{source: extra.txt, target: /extra.txt}]\n");
  work.app.dir.write("on/extra.txt", "extra\n");
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  const std::string on = work.app.dir / "on";

  CHECK(work.app.run({"build", on, "--offline"}).code == 3);
  work.net.forget();
  const Json built = work.json({"build", on, "-t", "registry.example.com/acme/on:1"});
  CHECK(work.net.count("GET /v2/acme/base/blobs/") == 1);  // the config
  REQUIRE(built["layers"].size() == 4);
  CHECK(built["layers"][0]["kind"] == "base");
  CHECK(built["layers"][2]["digest"] == base["layers"][2]["digest"]);
  CHECK(work.json({"push", "registry.example.com/acme/on:1"})["blobs"]["mounted"] == 3);

  CHECK(work.json({"fetch", on})["layersFetched"] == 3);
  work.net.forget();
  const std::string layout = "oci:" + (work.app.dir / "layout").string();
  CHECK(work.json({"build", on, "--offline", "-o", layout})["digest"] == built["digest"]);
  CHECK(work.net.lines().empty());
  CHECK(work.json({"inspect", layout})["digest"] == built["digest"]);
}

TEST_CASE("a layout as base is taken into the store and may go away") {
  ProductPlace work;
  const std::string layout = work.app.dir / "layout";
  work.json({"build", work.project(), "-o", "oci:" + layout + ":1"});
  work.app.dir.write("on/mlpack.yaml",
                     "schema: 1\nname: on\nbase: oci:../layout:1\nplatform: linux/amd64\n"
                     "files: [{source: extra.txt, target: /extra.txt}]\n");
  work.app.dir.write("on/extra.txt", "extra\n");
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  work.json({"build", work.app.dir / "on", "-t", "on:1"});
  fs::remove_all(layout);
  CHECK(work.json({"inspect", "on:1", "--files"})["layers"].size() == 4);
  CHECK(work.app.run({"store", "verify"}).code == 0);
}

TEST_CASE("what would lie below a file of the base is refused with its place") {
  ProductPlace work;
  const std::string layout = work.app.dir / "layout";
  work.json({"build", work.project(), "-o", "oci:" + layout + ":1"});
  work.app.dir.write("on/mlpack.yaml",
                     "schema: 1\nname: on\nbase: oci:../layout:1\nplatform: linux/amd64\n"
                     "files: [{source: extra.txt, target: /app/serve/extra.txt}]\n");
  work.app.dir.write("on/extra.txt", "extra\n");
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  const auto result = work.app.run({"build", work.app.dir / "on"});
  CHECK(result.code == 2);
  CHECK(result.err.find("mlpack.yaml:5:9: error: `/app/serve` is a folder of `") !=
        std::string::npos);
  CHECK(result.err.find("` and a file of the base `oci:") != std::string::npos);
}

TEST_CASE("an archive is pushed under the name that is given") {
  ProductPlace work;
  const std::string archive = "oci-archive:" + (work.app.dir / "image.tar").string();
  const Json built = work.json({"build", work.project(), "-o", archive});
  const Json pushed = work.json({"push", archive, "registry.example.com/other:1"});
  CHECK(pushed["digest"] == built["digest"]);
  CHECK(pushed["blobs"]["uploaded"] == 4);
}

TEST_CASE("a build that may not push ends before anything is read") {
  ProductPlace work;
  fs::remove_all(fs::path(work.project()) / "weights");
  for (const int status : {401, 403}) {
    work.net.fault(
        {.match = "/blobs/uploads/", .instead = [=](const Seen&) { return reply(status); }});
    const auto result =
        work.app.run({"build", work.project(), "-t", "registry.example.com/demo:1", "--push"});
    CHECK_MESSAGE(result.code == 4, result.err);
  }
  CHECK(work.net.lines() == std::vector<std::string>(2, "POST /v2/demo/blobs/uploads/"));
}

TEST_CASE("a push that fails tells what was pushed before it") {
  ProductPlace work;
  const Json built = work.json({"build", work.project(), "-t", "local:1"});
  const std::string done =
      fmt::format("registry.example.com/one:1@{}", built["digest"].get<std::string>());
  work.net.fault({.match = "/v2/two/blobs/uploads/", .times = 99, .instead = [](const Seen&) {
                    return reply(403);
                  }});
  const std::vector<std::string> words = {
      "push", "local:1", "registry.example.com/one:1", "registry.example.com/two:1"};
  const auto result = work.app.run(words);
  CHECK(result.code == 4);
  CHECK(result.out == done + "\n");
  CHECK(result.err.find("after a push of `" + done +
                        "`: cannot push to "
                        "`registry.example.com/two`: `registry.example.com` replied 403") !=
        std::string::npos);

  std::vector<std::string> with_json = words;
  with_json.emplace_back("--json");
  const auto failed = work.app.run(with_json);
  CHECK(failed.code == 4);
  const Json document = Json::parse(failed.out);
  CHECK(document["error"]["code"] == 4);
  CHECK(document["error"]["message"].get<std::string>().starts_with("after a push of `" + done));
}

TEST_CASE("a push to a name with a digest prints it once") {
  ProductPlace work;
  const Json built = work.json({"build", work.project(), "-t", "local:1"});
  const std::string pinned = "registry.example.com/one@" + built["digest"].get<std::string>();
  CHECK(work.app.run({"push", "local:1", pinned}).out == pinned + "\n");
}

TEST_CASE("a push that is not allowed fails before anything is read") {
  ProductPlace work;
  work.registry.require_basic("user:password");
  const auto result = work.app.run({"build", work.project(), "--push", "--json"});
  CHECK(result.code == 4);
  CHECK(Json::parse(result.out)["error"]["code"] == 4);
  CHECK(work.json({"store", "ls"})["images"].empty());
}

TEST_CASE("a stop ends a build with the code of the signal") {
  ProductPlace work;
  work.app.stop.request(Fault::terminated);
  CHECK(work.app.run({"build", work.project()}).code == 143);
}

TEST_CASE("packages on a base that is no distribution are refused, not forgotten") {
  ProductPlace work;
  const fs::path path =
      work.app.dir.write("on/mlpack.yaml", "schema: 1\nname: on\nsystem_packages: [libgomp1]\n");
  const auto result = work.app.run({"build", path.string()});
  CHECK(result.code == 2);
  CHECK(result.err.find("mlpack.yaml:3:19: error: `system_packages` need the list of packages of a "
                        "base, and this "
                        "spec has none") != std::string::npos);
}
