#include "tests/unit/cli/publishing.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("weights are published from a hub without touching the disk") {
  Publishing work;
  const nlohmann::json built = work.publish();
  CHECK(work.cached() == std::set<std::string>{Digest::of("{}").hex()});
  CHECK(work.ranges_of("model.safetensors") == std::vector<std::string>{"bytes=0-65535", ""});
  CHECK(built["bytesWritten"].get<std::uint64_t>() < 4096);
  CHECK(work.registry.manifest("acme/tiny", "1"));
  CHECK(work.net.count("PATCH") == 1);
  CHECK(work.registry.sessions.empty());
}

TEST_CASE("what is streamed is the layer that the same files become when they are downloaded") {
  Publishing work;
  const nlohmann::json streamed = work.publish();
  work.app.variables["MLPACK_STORE"] = work.app.dir / "other";
  const nlohmann::json built =
      nlohmann::json::parse(work.run({"build", work.app.dir / "project", "--json"}).out);
  CHECK(built["digest"] == streamed["digest"]);
}

TEST_CASE("an image says how large its weights are, wherever they came from") {
  Publishing work;
  const auto labels = [&](std::vector<std::string> words) {
    words.emplace_back("--json");
    const auto document = nlohmann::json::parse(work.run(words).out);
    return document.contains("config") ? document["config"]["labels"] : document["labels"];
  };
  const char* const name = "dev.mlpack.weights.bytes";
  const std::string bytes =
      std::to_string(work.model["model.safetensors"].size() + work.model["config.json"].size());
  CHECK(labels({"plan", work.app.dir / "project"})[name] == bytes);
  work.publish();
  CHECK(labels({"inspect", target})[name] == bytes);
  for (const auto& [path, content] : work.model)
    work.app.dir.write("project/w/" + path, content);
  work.use("source: w/");
  work.run({"build", work.app.dir / "project", "-t", "local:1"});
  CHECK(labels({"inspect", "local:1"})[name] == bytes);
  CHECK(labels({"plan", work.app.dir / "project"})[name] == bytes);
  work.use("source: w/", "labels: {dev.mlpack.weights.bytes: about two million}\n");
  CHECK(labels({"plan", work.app.dir / "project"})[name] == "about two million");
  work.app.dir.write("none/mlpack.yaml",
                     "schema: 1\nname: none\nbase: scratch\nplatform: linux/amd64\nrun: [/a]\n");
  CHECK_FALSE(labels({"plan", work.app.dir / "none"}).contains(name));
}

TEST_CASE("to publish the same again downloads nothing and sends nothing") {
  Publishing work;
  const nlohmann::json first = work.publish();
  work.net.forget();
  const nlohmann::json second = work.publish();
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
