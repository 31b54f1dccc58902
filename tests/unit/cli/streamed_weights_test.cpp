#include "tests/unit/cli/app_run.h"
#include "tests/unit/model/builders.h"
#include "tests/unit/registry/remote_hub_rig.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Json = nlohmann::json;

const std::string target = "registry.example.com/acme/tiny:1";

std::string shard(std::uint64_t bytes, char fill) {
  std::string file = safetensors({{std::string("t") + fill, "U8", {bytes}, bytes}});
  std::fill(file.end() - static_cast<std::ptrdiff_t>(bytes), file.end(), fill);
  return file;
}

// mlpack between a hub that has `acme/tiny` and a registry.
struct Publishing {
  Publishing() {
    net.serve("https://hub.example.com", [this](const Seen& seen) { return hub(seen); });
    app.variables["HF_ENDPOINT"] = "https://hub.example.com";
    app.connect(net);
    use("source: hf://acme/tiny");
  }

  Response hub(const Seen& seen) const {
    const std::string path = Url::parse(seen.url)->path();
    if (path == api + "/revision/main") return reply(200, {}, R"({"sha":")" + commit + "\"}");
    if (path == api + "/tree/" + commit) return reply(200, {}, tree());
    const std::string files = "/acme/tiny/resolve/" + commit + "/";
    const auto found =
        path.starts_with(files) ? model.find(path.substr(files.size())) : model.end();
    if (found == model.end()) return reply(404, {{"X-Error-Code", "EntryNotFound"}});
    return ranged(seen, found->second, {{"X-Repo-Commit", commit}});
  }

  std::string tree() const {
    std::string list;
    for (const auto& [path, content] : model)
      list +=
          (list.empty() ? "[" : ",") + large(path, listed.count(path) ? listed.at(path) : content);
    return list + "]";
  }

  void use(const std::string& entry, const std::string& more = "") {
    app.dir.write("project/mlpack.yaml",
                  "schema: 1\nname: tiny\nbase: scratch\nplatform: linux/amd64\nrun: [/serve]\n" +
                      more + "weights:\n  - {name: w, " + entry + "}\n");
  }
  AppRun::Result run(std::vector<std::string> words, int code = 0) {
    const auto result = app.run(words);
    CHECK_MESSAGE(result.code == code, result.err);
    return result;
  }
  Json publish(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {
        "build", app.dir / "project", "-t", target, "--push", "--json", "--jobs", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return Json::parse(run(words).out);
  }
  std::string failure(int code) {
    const std::string said =
        run({"build", app.dir / "project", "-t", target, "--push", "--jobs", "1"}, code).err;
    CHECK(registry.sessions.empty());
    CHECK_FALSE(registry.manifest("acme/tiny", "1"));
    return said;
  }
  std::set<std::string> cached() const {
    std::set<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(app.dir / "store/cache/sha256", none))
      names.insert(entry.path().filename());
    return names;
  }
  std::size_t downloads() const { return net.count("GET /acme/tiny/resolve/"); }
  // Whole files and what follows a broken connection, not the ranges that are looked at.
  std::vector<std::string> ranges_of(const std::string& path) const {
    std::vector<std::string> ranges;
    for (const Seen& seen : net.seen()) {
      if (seen.url.ends_with("/" + path)) ranges.push_back(seen.headers.find("Range").value_or(""));
    }
    return ranges;
  }

  FakeNet net;
  FakeRegistry registry{net};
  AppRun app;
  Files model{{"config.json", "{}"}, {"model.safetensors", shard(2 << 20, 'a')}};
  Files listed;  // what the list says in place of the truth
};

}  // namespace

TEST_CASE("weights are published from a hub without touching the disk") {
  Publishing work;
  const Json built = work.publish();
  CHECK(work.cached() == std::set<std::string>{Digest::of("{}").hex()});
  CHECK(work.ranges_of("model.safetensors") == std::vector<std::string>{"bytes=0-65535", ""});
  CHECK(built["bytesWritten"].get<std::uint64_t>() < 4096);
  CHECK(work.registry.manifest("acme/tiny", "1"));
  CHECK(work.net.count("PATCH") == 1);
  CHECK(work.registry.sessions.empty());
}

TEST_CASE("what is streamed is the layer that the same files become when they are downloaded") {
  Publishing work;
  const Json streamed = work.publish();
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  const Json built = Json::parse(work.run({"build", work.app.dir / "project", "--json"}).out);
  CHECK(built["digest"] == streamed["digest"]);
}

TEST_CASE("to publish the same again downloads nothing and sends nothing") {
  Publishing work;
  const Json first = work.publish();
  work.net.forget();
  const Json second = work.publish();
  CHECK(second["digest"] == first["digest"]);
  CHECK(second["bytesRead"] == 0);
  CHECK(work.downloads() == 0);
  CHECK(work.net.count("PATCH") == 0);
  CHECK(work.net.count("PUT") == 0);
}

TEST_CASE("to publish under another name sends manifests alone, as an artifact too") {
  Publishing work;
  work.publish();
  work.net.forget();
  work.publish({"-t",
                "registry.example.com/acme/tiny:2",
                "--also",
                "modelpack=registry.example.com/acme/tiny:pack"});
  CHECK(work.downloads() == 0);
  CHECK(work.net.count("PATCH") == 0);
  CHECK(work.net.count("PUT /v2/acme/tiny/manifests/2") == 1);
  CHECK(work.registry.manifest("acme/tiny", "pack"));
}

TEST_CASE("of a new revision only the shard that changed is downloaded and sent") {
  Publishing work;
  work.model["model.safetensors"] = shard(64 << 20, 'a');
  work.model["more.safetensors"] = shard(64 << 20, 'b');
  work.publish();
  work.net.forget();
  work.model["more.safetensors"] = shard(64 << 20, 'c');
  work.run({"lock", work.app.dir / "project", "--upgrade"});
  work.publish();
  CHECK(work.ranges_of("model.safetensors").empty());
  CHECK(work.ranges_of("more.safetensors") == std::vector<std::string>{"bytes=0-65535", ""});
  CHECK(work.net.count("PATCH") == 1);
}

TEST_CASE("what the cache has is not downloaded again to be published") {
  Publishing work;
  work.run({"fetch", work.app.dir / "project"});
  work.net.forget();
  work.publish();
  CHECK(work.downloads() == 0);
  CHECK(work.registry.manifest("acme/tiny", "1"));
}

TEST_CASE("an image whose weights stayed at the hub is pushed elsewhere, exported and looked at") {
  Publishing work;
  FakeRegistry other(work.net, "other.example.com");
  work.publish();
  work.run({"store", "verify"});
  CHECK(work.run({"inspect", target, "--files"}).out.find("model.safetensors") !=
        std::string::npos);
  CHECK(work.run({"inspect", target, "--model"}).out.find("U8") != std::string::npos);
  work.run({"store", "gc", "--all"});
  work.net.forget();
  work.run({"push", target, "other.example.com/acme/tiny:1"});
  CHECK(other.manifest("acme/tiny", "1"));
  CHECK(work.ranges_of("model.safetensors").empty());  // the first registry has the layer
  work.run({"store", "verify"});
}

TEST_CASE("an image whose source is gone is read from the registry that has it") {
  Publishing work;
  FakeRegistry other(work.net, "other.example.com");
  const Json built = work.publish();
  const std::string model = work.run({"inspect", target, "--model"}).out;
  work.run({"store", "gc", "--all"});
  work.model.erase("model.safetensors");
  work.net.forget();
  work.run({"push", target, "other.example.com/acme/tiny:1"});
  CHECK(work.downloads() == 0);
  CHECK(other.manifest("acme/tiny", "1"));
  CHECK(Digest::of(*other.manifest("acme/tiny", "1")).text() == built["digest"]);
  CHECK(work.run({"inspect", target, "--model"}).out == model);
  work.run({"diff", target, "other.example.com/acme/tiny:1"});
  work.run({"pull", target});
  work.run({"store", "verify"});
}

TEST_CASE("what the cache has by now is pushed from there") {
  Publishing work;
  FakeRegistry other(work.net, "other.example.com");
  work.publish();
  work.run({"fetch", work.app.dir / "project"});
  work.net.forget();
  work.run({"push", target, "other.example.com/acme/tiny:1"});
  CHECK(other.manifest("acme/tiny", "1"));
  CHECK(work.downloads() == 0);
  const std::vector<Seen> all = work.net.seen();
  CHECK(std::none_of(all.begin(), all.end(), [](const Seen& seen) {
    return seen.method == "GET" &&
           seen.url.find("registry.example.com/v2/acme/tiny/blobs") != std::string::npos;
  }));
}

TEST_CASE("a source that breaks off for good is gone on from with the registry's bytes") {
  for (const bool is_same : {true, false}) {
    Publishing work;
    FakeRegistry other(work.net, "other.example.com");
    work.publish();
    std::string cut = work.model.at("model.safetensors");
    if (!is_same) cut[cut.size() / 4] = 'x';
    work.net.fault({.match = "HEAD https://registry.example.com/v2/acme/tiny/blobs/",
                    .times = 99,
                    .instead = [](const Seen&) { return reply(404); }});
    work.net.fault({.match = "model.safetensors", .instead = [&](const Seen&) {
                      return reply(200, {{"X-Repo-Commit", commit}}, cut, cut.size() / 2);
                    }});
    work.net.fault({.match = "model.safetensors", .times = 99, .instead = [](const Seen&) {
                      return reply(404, {{"X-Error-Code", "EntryNotFound"}});
                    }});
    const auto result =
        work.run({"push", target, "other.example.com/acme/tiny:1"}, is_same ? 0 : 5);
    CHECK(other.manifest("acme/tiny", "1").has_value() == is_same);
    CHECK(other.sessions.empty());
  }
}

TEST_CASE("a source that is gone, as the registry is, leaves another registry as it was") {
  Publishing work;
  FakeRegistry other(work.net, "other.example.com");
  work.publish();
  work.model.erase("model.safetensors");
  work.net.fault({.match = "registry.example.com/v2/acme/tiny/blobs",
                  .times = 99,
                  .instead = [](const Seen&) { return reply(404); }});
  const auto result = work.run({"push", target, "other.example.com/acme/tiny:1"}, 5);
  CHECK(result.err.find("`model.safetensors`") != std::string::npos);
  CHECK(result.err.find("`registry.example.com/acme/tiny` no longer has blob") !=
        std::string::npos);
  CHECK_FALSE(other.manifest("acme/tiny", "1"));
  CHECK(other.sessions.empty());
}

TEST_CASE("a build without a push, or with a file to write, downloads as ever") {
  Publishing work;
  work.publish({"-o", "oci:" + (work.app.dir / "layout").string()});
  CHECK(work.cached().size() == 2);
  CHECK(work.net.count("PATCH") == 0);
}

TEST_CASE("weights that are to be compressed are downloaded as ever") {
  Publishing work;
  work.use("source: hf://acme/tiny, compression: zstd");
  work.publish();
  CHECK(work.cached().size() == 2);
  CHECK(work.net.count("PATCH") == 0);
}

TEST_CASE("a connection to the hub that breaks is gone on from while the upload waits") {
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20}) {
    Publishing work;
    work.net.fault(
        {.match = "model.safetensors", .skip = 1, .instead = [&](const Seen&) {
           return reply(200, {{"X-Repo-Commit", commit}}, work.model.at("model.safetensors"), at);
         }});
    work.publish();
    CHECK(work.net.count("PATCH") == 1);
    const auto ranges = work.ranges_of("model.safetensors");
    REQUIRE(ranges.size() == 3);
    CHECK(ranges[2] ==
          (at == 0
               ? ""
               : fmt::format("bytes={}-{}", at, work.model.at("model.safetensors").size() - 1)));
  }
}

TEST_CASE("a hub that sends other bytes than it lists ends in nothing") {
  Publishing work;
  work.listed["model.safetensors"] = shard(2 << 20, 'b');
  work.listed["model.safetensors"].resize(work.model.at("model.safetensors").size());
  const std::string said = work.failure(7);
  CHECK(said.find("`model.safetensors` of `hf://acme/tiny` should have sha256 `") !=
        std::string::npos);
}

TEST_CASE("a hub that lists another size than it has ends in nothing") {
  Publishing work;
  work.listed["model.safetensors"] = shard(3 << 20, 'a');
  CHECK(work.failure(7).find("it should have") != std::string::npos);
}

TEST_CASE("what is no weights is refused before anything is sent") {
  Publishing work;
  work.model["model.safetensors"].resize(1 << 20);
  CHECK(work.failure(3).find("`model.safetensors` is cut") != std::string::npos);
  work.model["model.safetensors"] = "<!DOCTYPE html><html>" + std::string(2 << 20, ' ');
  CHECK(work.failure(3).find("`model.safetensors` is a web page") != std::string::npos);
  CHECK(work.net.count("PATCH") == 0);
}

TEST_CASE("headers that were wrong once are not remembered") {
  Publishing work;
  const std::string good = work.model["model.safetensors"];
  work.listed["model.safetensors"] = good;
  work.model["model.safetensors"][0] = 'x';
  work.failure(3);
  work.model["model.safetensors"] = good;
  work.publish();
  CHECK(work.registry.manifest("acme/tiny", "1"));
}

TEST_CASE("of weights that are there twice one set is not even fetched") {
  Publishing work;
  work.model["consolidated.safetensors"] = shard(2 << 20, 'a');
  work.model["original/consolidated.00.pth"] = std::string(2 << 20, 'p');
  work.model["config.json"] = R"({"architectures": ["LlamaForCausalLM"]})";
  for (const char* command : {"build", "fetch"}) {
    work.net.forget();
    fs::remove(work.app.dir / "project/mlpack.lock");
    const std::string said = work.run({command, work.app.dir / "project"}).err;
    CHECK(said.find("the weights are there more than once") != std::string::npos);
    CHECK(work.ranges_of("consolidated.safetensors").empty());
    CHECK(work.ranges_of("original/consolidated.00.pth").empty());
  }
}

TEST_CASE("a file by its digest is streamed, unless its URL may hold a secret") {
  Publishing work;
  const std::string file = shard(2 << 20, 'a');
  work.net.serve("https://files.example.com", [&](const Seen& seen) {
    return ranged(seen, file, {{"ETag", "\"1\""}});
  });
  const std::string url = "https://files.example.com/a/model.safetensors";
  const std::string mark = "#sha256=" + Digest::of(file).hex();
  work.use("source: '" + url + mark + "', target: /m/");
  work.publish();
  CHECK(work.cached().empty());
  work.net.forget();
  work.publish();
  CHECK(work.net.count("GET /a/") == 0);
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  work.use("source: '" + url + "?sig=secret" + mark + "', target: /m/");
  fs::remove(work.app.dir / "project/mlpack.lock");
  work.publish();
  CHECK(fs::exists(work.app.dir / "other/cache/sha256" / Digest::of(file).hex()));
}

TEST_CASE("an object of S3 is streamed while it has the ETag that it was listed with") {
  Publishing work;
  const std::string file = shard(2 << 20, 'a');
  std::string tag = "\"e1\"";
  work.net.serve("https://minio.example.com", [&](const Seen& seen) {
    const std::string path = Url::parse(seen.url)->target();
    if (path.starts_with("/acme/?")) {
      return reply(200,
                   {},
                   fmt::format("<ListBucketResult><Contents><Key>m/model.safetensors</Key><ETag>"
                               "&quot;e1&quot;</ETag><Size>{}</Size></Contents></ListBucketResult>",
                               file.size()));
    }
    return seen.headers.find("If-Match") == tag ? ranged(seen, file, {{"ETag", tag}}) : reply(412);
  });
  work.app.variables["AWS_ENDPOINT_URL_S3"] = "https://minio.example.com";
  work.use("source: s3://acme/m");
  work.net.fault({.match = "model.safetensors", .skip = 1, .instead = [&](const Seen&) {
                    tag = "\"e2\"";
                    return reply(412);
                  }});
  CHECK(work.failure(7).find("it changed since it was listed") != std::string::npos);
  tag = "\"e1\"";
  work.publish();
  CHECK(work.cached().empty());
  CHECK(work.registry.manifest("acme/tiny", "1"));
  work.net.forget();
  work.publish();
  CHECK(work.net.count("GET /acme/m/model.safetensors") == 0);
}

TEST_CASE("weights that stayed at the hub are not at hand without a network") {
  Publishing work;
  work.publish();
  work.app.dir.write("served/mlpack.yaml",
                     "schema: 1\nname: served\nbase: scratch\nplatform: linux/amd64\nrun: [/x]\n"
                     "weights: [{name: w, source: 'oci://" +
                         target + "'}]\n");
  work.run({"build", work.app.dir / "served"});
  work.net.forget();
  const std::string layout = "oci:" + (work.app.dir / "layout").string();
  const auto result = work.run({"build", work.app.dir / "served", "--offline", "-o", layout}, 3);
  CHECK(result.err.find("`model.safetensors` of `hf://acme/tiny` is not in the store, and "
                        "`--offline` forbids to fetch it") != std::string::npos);
  CHECK(result.err.find("mlpack fetch") != std::string::npos);
  CHECK(work.net.lines().empty());
  work.run({"build", work.app.dir / "served", "-o", layout});
}
