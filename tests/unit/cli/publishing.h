#pragma once

#include "tests/unit/cli/app_run.h"
#include "tests/unit/model/builders.h"
#include "tests/unit/registry/remote_hub_rig.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace mlpack::test {

inline const std::string target = "registry.example.com/acme/tiny:1";

inline std::string shard(std::uint64_t bytes, char fill) {
  std::string file = safetensors({{std::string("t") + fill, "U8", {bytes}, bytes}});
  std::fill(file.end() - static_cast<std::ptrdiff_t>(bytes), file.end(), fill);
  return file;
}

/// mlpack between a hub that has `acme/tiny` and a registry.
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
  nlohmann::json publish(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {
        "build", app.dir / "project", "-t", target, "--push", "--json", "--jobs", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return nlohmann::json::parse(run(words).out);
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

}  // namespace mlpack::test
