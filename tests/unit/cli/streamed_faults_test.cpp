#include "tests/unit/cli/publishing.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("an image whose source is gone is read from the registry that has it") {
  Publishing work;
  FakeRegistry other(work.net, "other.example.com");
  const nlohmann::json built = work.publish();
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
