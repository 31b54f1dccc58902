#include "lib/store/layout.h"
#include "tests/unit/cli/app_run.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

// What images are made from, where they are written to, and stores that are not as they should be.
namespace {

using Json = nlohmann::json;

constexpr std::string_view output_spec = R"(schema: 1
name: demo
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/demo}]
files: [{source: app/, target: /app}]
layers: {compression: gzip}
)";

struct OutputPlace {
  OutputPlace() {
    app.dir.write("project/mlpack.yaml", output_spec);
    app.dir.write("project/weights/model.bin", std::string(10'000, 'w'));
    app.dir.write("project/app/serve", "#!/bin/sh\n");
    app.connect(net);
  }
  std::string at(std::string_view name) const { return app.dir / name; }
  Json json(std::vector<std::string> words) {
    words.emplace_back("--json");
    const auto result = app.run(words);
    REQUIRE_MESSAGE(result.code == 0, result.err);
    return Json::parse(result.out);
  }
  /// Ends with that code, and says that.
  void fails(const std::vector<std::string>& words, int code, const std::string& message) {
    const auto result = app.run(words);
    CHECK_MESSAGE(result.code == code, result.err);
    CHECK_MESSAGE(result.err.find("error: " + message) != std::string::npos, result.err);
  }

  FakeNet net;
  FakeRegistry registry{net};
  AppRun app;
};

/// A layout of three layers (none, gzip, gzip) whose config says that layer `at` uncompresses to
/// `diff_id`; with `bytes` in place of that layer's.
std::string lying_layout(OutputPlace& work,
                         const Digest& diff_id,
                         std::size_t at = 1,
                         const std::string& bytes = "") {
  const std::string layout = work.at("lying");
  const Json built =
      work.json({"build", work.at("project"), "-t", "honest:1", "-o", "oci:" + layout + ":1"});
  const Index index = read_layout(layout);
  const auto blob = [&](const Digest& digest) { return "lying/blobs/sha256/" + digest.hex(); };
  Json manifest = Json::parse(work.app.dir.read(blob(index.manifests[0].digest)));
  const Digest old = *Digest::parse(manifest["config"]["digest"].get<std::string>());
  Json config = Json::parse(work.app.dir.read(blob(old)));
  config["rootfs"]["diff_ids"][at] = diff_id.text();
  const auto put = [&](const std::string& text) {
    work.app.dir.write(blob(Digest::of(text)), text);
    return Digest::of(text);
  };
  if (!bytes.empty()) {
    manifest["layers"][at]["digest"] = put(bytes).text();
    manifest["layers"][at]["size"] = bytes.size();
  }
  const std::string config_text = config.dump();
  manifest["config"]["digest"] = put(config_text).text();
  manifest["config"]["size"] = config_text.size();
  const std::string text = manifest.dump();
  const Digest root = put(text);
  update_layout(layout, [&](Index& names) {
    names.manifests[0].digest = root;
    names.manifests[0].size = text.size();
    return true;
  });
  return "oci:" + layout + ":1";
}

/// What another tool does, which compares nothing: all blobs of the only image of a layout, and the
/// manifest.
void publish(OutputPlace& work, const std::string& layout) {
  const Descriptor root = read_layout(work.at(layout)).manifests[0];
  const std::string blobs = layout + "/blobs/sha256/";
  for (const auto& entry : fs::directory_iterator(work.at(blobs)))
    work.registry.put_blob(layout, work.app.dir.read(blobs + entry.path().filename().string()));
  work.registry.put_manifest(
      layout, "1", work.app.dir.read(blobs + root.digest.hex()), root.media_type);
}

}  // namespace

TEST_CASE("an image whose layers are not what its config says is not pulled") {
  OutputPlace work;
  const Digest diff_id = Digest::of("something else");
  const std::string layout = lying_layout(work, diff_id);
  publish(work, "lying");
  const Json shown = work.json({"inspect", layout});
  const std::string layer = shown["layers"][1]["digest"];
  for (const std::string store : {"store", "empty"}) {  // the first one has the layer already
    work.app.variables["MLPACK_STORE"] = work.at(store);
    work.fails(
        {"pull", "registry.example.com/lying:1"}, 7, "layer `" + layer + "` uncompresses to `");
    CHECK(work.app.run({"store", "ls"}).out.find("lying") == std::string::npos);
  }
}

TEST_CASE("an image whose layers are not what its config says is not pushed from a layout") {
  OutputPlace work;
  const std::string layout = lying_layout(work, Digest::of("something else"));
  const Json shown = work.json({"inspect", layout});
  const std::string layer = shown["layers"][1]["digest"];
  const std::string digest = shown["digest"];
  const auto refused = [&](const std::string& repository) {
    const std::string name = "registry.example.com/" + repository + ":1";
    work.fails({"push", layout, name}, 7, "layer `" + layer + "` uncompresses to `");
    CHECK_FALSE(work.registry.manifest(repository, "1"));
    CHECK_FALSE(work.registry.manifest(repository, digest));
  };
  refused("empty");
  CHECK_FALSE(work.registry.has_blob("empty", *Digest::parse(layer)));
  for (const auto& entry : fs::directory_iterator(work.at("lying/blobs/sha256")))
    work.registry.put_blob("full", read_file(entry.path(), 1 << 20));
  refused("full");
}

TEST_CASE("of a layer that is not compressed the digest says whether the config lies") {
  OutputPlace work;
  const std::string layout = lying_layout(work, Digest::of("something else"), 0);
  work.fails({"push", layout, "registry.example.com/lying:1"}, 7, "layer `sha256:");
  CHECK(work.net.seen().empty());
}

TEST_CASE("a layer that is damaged is named, whether its digest is right or not") {
  OutputPlace work;
  const std::string garbage(2000, 'x');
  const std::string layout = lying_layout(work, Digest::of("anything"), 1, garbage);
  const std::string name = "layer `" + Digest::of(garbage).text() + "`: the gzip stream";
  work.fails({"inspect", layout, "--files"}, 7, name);
  work.fails({"push", layout, "registry.example.com/lying:1"}, 7, name);
  work.app.dir.write("on/mlpack.yaml",
                     "schema: 1\nname: on\nbase: oci:../lying:1\nplatform: linux/amd64\n");
  const auto built = work.app.run({"build", work.at("on")});
  CHECK_MESSAGE(built.code == 7, built.err);
  work.app.dir.write("lying/blobs/sha256/" + Digest::of(garbage).hex(), std::string(2000, 'y'));
  work.fails({"inspect", layout, "--files"},
             7,
             "layer `" + Digest::of(garbage).text() + "`: the bytes of `blobs/sha256/");
}

TEST_CASE("a layout whose layers are not what its config says is no base") {
  OutputPlace work;
  lying_layout(work, Digest::of("something else"));
  work.app.dir.write("on/mlpack.yaml",
                     "schema: 1\nname: on\nbase: oci:../lying:1\nplatform: linux/amd64\n");
  work.app.variables["MLPACK_STORE"] = work.at("empty");
  work.fails({"build", work.at("on")}, 7, "layer `sha256:");
}

TEST_CASE("an image that was pulled is made of what its config says") {
  OutputPlace work;
  const std::string name = "registry.example.com/demo:1";
  const Json built = work.json({"build", work.at("project"), "-t", name, "--push"});
  work.app.variables["MLPACK_STORE"] = work.at("other");
  CHECK(work.json({"pull", name})["blobs"]["downloaded"] == 3);
  CHECK(work.json({"pull", name})["blobs"]["present"] == 3);
}

TEST_CASE("two outputs to one place are refused before anything is built") {
  OutputPlace work;
  const std::string file = work.at("x.tar");
  const std::string spelled = work.at("project/../x.tar");
  work.fails(
      {"build", work.at("project"), "-o", "oci-archive:" + file, "-o", "docker-archive:" + spelled},
      2,
      "`-o oci-archive:" + file + "` and `-o docker-archive:" + spelled +
          "` would write the same file");
  const std::string layout = "oci:" + work.at("layout");
  work.fails({"build", work.at("project"), "-t", ":7", "-o", layout, "-o", layout + ":7"},
             2,
             "`-o " + layout + "` and `-o " + layout + ":7` would write the same tag");
  CHECK_FALSE(fs::exists(file));
  CHECK_FALSE(fs::exists(work.at("layout")));
  CHECK(work.json({"store", "ls"})["images"].empty());
  work.json({"build", work.at("project"), "-o", layout + ":1", "-o", layout + ":2"});
}

TEST_CASE("an output over what the image is made from is refused") {
  OutputPlace work;
  work.app.dir.write("project/.mlpackignore", "*.tmp\n");
  work.app.dir.write("project/mlpack.d/own/compat/none.txt", "");
  work.json({"build", work.at("project")});
  for (const std::string name : {"project/weights/model.bin",
                                 "project/mlpack.yaml",
                                 "project/.mlpackignore",
                                 "project/mlpack.d/own/compat/none.txt"}) {
    const std::string input = work.at(name);
    const std::string before = work.app.dir.read(name);
    work.fails({"build", work.at("project"), "-o", "oci-archive:" + input},
               2,
               "`-o` would overwrite `" + input + "`, which the image is made from");
    CHECK(work.app.dir.read(name) == before);
  }
  const std::string lock = work.at("project/mlpack.lock");
  fs::remove(lock);
  work.fails({"build", work.at("project"), "-o", "oci-archive:" + lock},
             2,
             "`-o` would overwrite `" + lock + "`, which the image is made from");
  CHECK_FALSE(fs::exists(lock));
}

TEST_CASE("a report over the image that it is about is refused") {
  OutputPlace work;
  const std::string archive = work.at("image.tar");
  const std::string layout = work.at("layout");
  work.json({"build",
             work.at("project"),
             "-o",
             "docker-archive:" + archive,
             "-o",
             "oci:" + layout,
             "--store",
             work.at("store")});
  const std::string before = work.app.dir.read("image.tar");
  const std::vector<std::pair<std::string, std::string>> taken{
      {"docker-archive:" + archive, archive},
      {"oci:" + layout, layout + "/index.json"},
      {"demo", work.at("store") + "/index.json"}};
  for (const auto& [image, file] : taken) {
    work.fails({"check", image, "--store", work.at("store"), "--sarif", file},
               2,
               "`--sarif " + file + "` would overwrite a part of what is looked at");
    work.fails(
        {"push", image, "127.0.0.1:1/demo:1", "--store", work.at("store"), "--receipt", file},
        2,
        "`--receipt " + file + "` would overwrite a part of what is looked at");
  }
  CHECK(work.app.dir.read("image.tar") == before);
}

TEST_CASE("an output into the store is refused before anything is built") {
  OutputPlace work;
  work.json({"build", work.at("project"), "-t", "kept:1"});
  const std::string store = work.at("store");
  for (const std::string& output :
       {"oci-archive:" + store + "/index.json", "oci:" + store + ":1"}) {
    CAPTURE(output);
    work.fails({"build", work.at("project"), "--store", store, "-o", output}, 2, "`" + store);
  }
}

TEST_CASE("an output onto the layout that is the base is refused, beside it in the layout not") {
  OutputPlace work;
  const std::string layout = work.at("base");
  work.json({"build", work.at("project"), "-o", "oci:" + layout + ":1"});
  work.app.dir.write("on/mlpack.yaml",
                     "schema: 1\nname: on\nbase: oci:../base:1\nplatform: linux/amd64\n"
                     "files: [{source: a, target: /a}]\n");
  work.app.dir.write("on/a", "a");
  for (const std::string& output :
       {"oci:" + layout + ":1", "oci-archive:" + layout + "/index.json"}) {
    CAPTURE(output);
    work.fails({"build", work.at("on"), "-o", output}, 2, "`-o` to `");
  }
  work.json({"build", work.at("on"), "-o", "oci:" + layout + ":2"});
}

TEST_CASE("an output or a store in a source is refused on the first build, unless it is excluded") {
  OutputPlace work;
  work.app.dir.write("all/mlpack.yaml",
                     "schema: 1\nname: all\nbase: scratch\nplatform: linux/amd64\n"
                     "files: [{source: ., target: /app, exclude: [out/]}]\n");
  const std::string at = work.at("all");
  work.fails({"build", at, "-o", "oci:" + at + "/image"}, 2, "`-o` to `" + at + "/image` is in `");
  work.fails({"build", at, "--store", at + "/st"}, 2, "the store `" + at + "/st` is in `");
  work.json({"build", at, "-o", "oci:" + at + "/out/image"});
}

TEST_CASE("a docker-archive is pushed with its config") {
  OutputPlace work;
  const std::string archive = "docker-archive:" + work.at("image.tar");
  work.json({"build", work.at("project"), "-o", archive});
  const Json pushed = work.json({"push", archive, "registry.example.com/other:1"});
  CHECK(pushed["blobs"]["uploaded"] == 4);
  const Json there = work.json({"inspect", "registry.example.com/other:1"});
  CHECK(there["digest"] == pushed["digest"]);
  CHECK(there["config"] == work.json({"inspect", archive})["config"]);
}

TEST_CASE("weights that lead into /proc are refused") {
  OutputPlace work;
  fs::create_symlink("/proc/self/status", work.at("project/weights/status"));
  const auto result = work.app.run({"build", work.at("project")});
  CHECK(result.code == 3);
  CHECK_MESSAGE(result.err.find("weights/status` ") != std::string::npos, result.err);
}

TEST_CASE("a folder without weights is a missing input") {
  OutputPlace work;
  fs::remove(work.at("project/weights/model.bin"));
  const auto result = work.app.run({"build", work.at("project")});
  CHECK(result.code == 3);
  CHECK_MESSAGE(result.err.find("` holds no weights") != std::string::npos, result.err);
}

TEST_CASE("a blob of the store that was cut short is made again") {
  OutputPlace work;
  const Json built = work.json({"build", work.at("project")});
  const std::string digest = built["layers"][1]["digest"];
  const std::string blob = "store/blobs/sha256/" + digest.substr(7);
  const std::string whole = work.app.dir.read(blob);
  work.app.dir.write(blob, whole.substr(0, whole.size() / 2));
  const Json again = work.json({"build", work.at("project")});
  CHECK(again["digest"] == built["digest"]);
  CHECK(again["layers"][1]["reused"] == false);
  CHECK(work.app.dir.read(blob) == whole);
}

TEST_CASE("what needs no store works where none can be made") {
  OutputPlace work;
  const std::string layout = "oci:" + work.at("layout") + ":1";
  const std::string archive = "oci-archive:" + work.at("x.tar");
  const std::string name = "registry.example.com/demo:1";
  const Json built =
      work.json({"build", work.at("project"), "-t", name, "-o", layout, "-o", archive, "--push"});
  work.app.variables["MLPACK_STORE"] = work.at("x.tar") + "/store";
  for (const std::string& image : {layout, archive, name}) {
    CHECK(work.json({"inspect", image, "--files"})["digest"] == built["digest"]);
  }
  CHECK(work.app.run({"diff", layout, archive}).code == 0);
  CHECK(work.json({"push", archive, "registry.example.com/copy:1"})["digest"] == built["digest"]);
  CHECK(work.json({"store", "ls"})["images"].empty());
  work.fails({"inspect", "demo:1"}, 3, "there is no image `demo:1` in the store");
  work.fails({"build", work.at("project")},
             8,
             "cannot write to the store `" + work.at("x.tar") + "/store`: Not a directory");
}

TEST_CASE("looking at an image makes no store") {
  OutputPlace work;
  work.json({"build", work.at("project"), "-o", "oci:" + work.at("layout")});
  work.app.variables["MLPACK_STORE"] = work.at("other");
  work.json({"inspect", "oci:" + work.at("layout")});
  CHECK(work.app.run({"store", "ls"}).code == 0);
  CHECK_FALSE(fs::exists(work.at("other")));
}
