#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"
#include "tests/unit/cli/host_tree.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// `mlpack doctor --root` of a captured host, with more words.
AppRun::Result examine(AppRun& app, const std::string& host, const std::string& more = "") {
  make_host(host, app.dir / host);
  return app.run(words_of("doctor --root " + (app.dir / host).string() + " " + more));
}

std::set<std::string> ids_of(const std::string& json) {
  std::set<std::string> ids;
  const auto document = nlohmann::json::parse(json);
  for (const auto& finding : document.at("findings"))
    ids.insert(finding.at("id").get<std::string>());
  return ids;
}

}  // namespace

TEST_CASE("every captured host has its report") {
  const std::vector<std::string> names = host_names();
  CHECK(names.size() >= 20);
  for (const std::string& name : names) {
    AppRun app;
    make_host(name, app.dir / name);
    const std::string text = app.transcript({"doctor --root " + (app.dir / name).string()});
    const std::string path = "hosts/" + name + ".txt";
    CHECK_MESSAGE(text == golden(path, text), name);
  }
}

TEST_CASE("doctor says in JSON what the host is, and whether containers will run") {
  AppRun app;
  const AppRun::Result result = examine(app, "h100", "--json");
  CHECK(result.code == 0);
  const auto json = nlohmann::json::parse(result.out);
  CHECK(json.at("schema") == 1);
  CHECK(json.at("verdict") == "runs");
  CHECK(json.at("findings").empty());
  CHECK(json.at("host").at("driver") == "550.90.07");
  CHECK(json.at("host").at("cuda") == "12.4");
  CHECK(json.at("host").at("gpus").at(0).at("model") == "H100 SXM 80GB");
  CHECK(json.at("host").at("gpus").at(0).at("count") == 8);
}

TEST_CASE("doctor exits with 9 where GPU containers will not run") {
  AppRun app;
  CHECK(examine(app, "mismatch", "--json").code == 9);
  CHECK(ids_of(app.run(words_of("doctor --json --root " + (app.dir / "mismatch").string())).out) ==
        std::set<std::string>{"driver-mismatch"});
}

TEST_CASE("doctor --fix prints commands, each once, and what they are for") {
  AppRun app;
  CHECK(examine(app, "stale-cdi", "--fix").out ==
        "# cdi-stale: /etc/cdi/nvidia.yaml is for driver 550.90.07, and 560.35.03 runs\n"
        "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml\n"
        "# gpu-memory-used: GPU 0 at 0000:01:00.0 has 1.00 GiB of 24.0 GiB free\n"
        "nvidia-smi\n"
        "# cdi-unreadable: /etc/cdi/broken.yaml is no CDI specification\n"
        "# persistence-off: the driver forgets its GPUs when nobody uses them\n"
        "sudo systemctl enable --now nvidia-persistenced\n");
  CHECK(examine(app, "h100", "--fix").out == "# there is nothing to mend\n");
}

TEST_CASE("links of a captured host do not lead out of it") {
  AppRun app;
  make_host("no-gpu", app.dir / "host");
  write_file(app.dir / "outside/daemon.json", "{");
  fs::create_directories(app.dir / "host/etc");
  fs::create_directory_symlink(app.dir / "outside", app.dir / "host/etc/docker");
  fs::create_directory_symlink("../../../../../../..", app.dir / "host/etc/cdi");
  const AppRun::Result result =
      app.run(words_of("doctor --json --root " + (app.dir / "host").string()));
  CHECK(ids_of(result.out) == std::set<std::string>{"no-gpu"});
}

TEST_CASE("what is wrong with a captured host is told") {
  AppRun app;
  CHECK(app.run({"doctor", "--root", (app.dir / "none").string()}).code == 3);
  make_host("l4", app.dir / "host");
  write_file(app.dir / "host/nvml.json", R"({"nvml": {"outcome": "sleeps"}})");
  const AppRun::Result result = app.run({"doctor", "--root", (app.dir / "host").string()});
  CHECK(result.code == 3);
  CHECK(result.err == "error: nvml.json: `nvml.outcome` is not known\n");
}

TEST_CASE("a captured host has the report of the host itself, and captures itself") {
  for (const std::string& name : host_names()) {
    AppRun app;
    const std::string host = (app.dir / name).string();
    const std::string copy = (app.dir / "copy").string();
    const AppRun::Result first = examine(app, name, "--capture " + copy);
    const AppRun::Result second = app.run(words_of("doctor --root " + copy));
    CHECK_MESSAGE(second.out == first.out, name);
    CHECK(first.err == "captured in " + copy + "\n");
    CHECK(app.run(words_of("doctor --root " + host + " --capture " + copy)).code == 3);
  }
}

TEST_CASE("what tells hosts apart is not captured") {
  AppRun app;
  make_host("l4", app.dir / "host");
  write_file(app.dir / "host/proc/driver/nvidia/gpus/0000:00:03.0/information",
             "Model: NVIDIA L4\nGPU UUID: GPU-secret\n");
  write_file(app.dir / "host/etc/docker/daemon.json",
             R"({"runtimes": {"nvidia": {}}, "registry-mirrors": ["https://u:secret@m.example"]})");
  write_file(app.dir / "host/etc/cdi/x.yaml",
             "kind: nvidia.com/gpu\ndevices:\n- name: GPU-secret\n"
             "containerEdits: {mounts: [{hostPath: /../../secret}]}\n");
  const fs::path copy = app.dir / "copy";
  app.run({"doctor", "--root", (app.dir / "host").string(), "--capture", copy.string()});
  for (const auto& entry : fs::recursive_directory_iterator(copy)) {
    if (!entry.is_regular_file() || entry.path().filename() == "x.yaml") continue;
    CHECK(read_file(entry.path(), 1 << 20).find("secret") == std::string::npos);
  }
  CHECK(read_file(copy / "etc/cdi/x.yaml", 1 << 20).find("GPU-") == std::string::npos);
  CHECK_FALSE(fs::exists(app.dir / "secret"));
}

TEST_CASE("the nodes of a cluster are told with their reasons") {
  AppRun app;
  const std::string nodes = std::string(MLPACK_SOURCE_DIR) + "/tests/data/hosts/nodes.json";
  fs::copy_file(nodes, app.dir / "nodes.json");
  write_file(app.dir / "other.json", "{\"items\": 1}");
  const std::string here = app.dir.path().string();
  const std::string text = app.transcript({"doctor --nodes " + here + "/nodes.json",
                                           "doctor --json --nodes " + here + "/nodes.json",
                                           "doctor --nodes " + here + "/other.json",
                                           "doctor --nodes x --root y"});
  CHECK(text == golden("cli/nodes.txt", text));
}

TEST_CASE("doctor tells whether a registry can be used") {
  AppRun app;
  FakeNet net;
  FakeRegistry registry(net);
  app.connect(net);
  make_host("l4", app.dir / "host");
  const std::string words =
      "doctor --json --root " + (app.dir / "host").string() + " --registry registry.example.com";
  CHECK(ids_of(app.run(words_of(words)).out) == std::set<std::string>{"registry-anonymous"});
  registry.require_basic("user:word");
  const AppRun::Result refused = app.run(words_of(words));
  CHECK(refused.code == 9);
  CHECK(ids_of(refused.out) == std::set<std::string>{"registry-login"});
  app.variables["DOCKER_AUTH_CONFIG"] =
      R"({"auths": {"registry.example.com": {"auth": "dXNlcjp3b3Jk"}}})";
  CHECK(ids_of(app.run(words_of(words)).out).empty());
  net.fault({.match = "POST", .instead = [](const Seen&) { return reply(403); }});
  const std::string out = app.run(words_of(words + "/acme/probe")).out;
  CHECK(ids_of(out) == std::set<std::string>{"registry-push"});
  CHECK(out.find("our login may not push to `registry.example.com/acme/probe`") != out.npos);
}
