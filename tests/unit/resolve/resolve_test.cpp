#include "lib/resolve/plan.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

const Platform amd64 = *Platform::parse("linux/amd64");

Spec spec(std::string_view rest) {
  return parse_spec("schema: 1\nname: demo\nbase: scratch\n" + std::string(rest),
                    "/spec/mlpack.yaml");
}

BaseFacts base_image(std::string user = "") {
  BaseFacts base{BaseFacts::Kind::image, "registry.example.com/base:1", Digest::of("base"), {}};
  base.config.platform = amd64;
  base.config.user = std::move(user);
  base.config.entrypoint = {"/entry"};
  base.config.cmd = {"serve"};
  base.config.set_env("PATH", "/opt/bin:/bin");
  return base;
}

Plan plan(std::string_view rest, const BaseFacts& base) {
  return resolve(spec(rest), amd64, base, 0);
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("run replaces the base's command and entrypoint") {
  const Plan made = plan("run: [python3, -m, app]\n", base_image());
  CHECK(made.config.entrypoint.empty());
  CHECK(made.config.cmd == Words{"python3", "-m", "app"});
}

TEST_CASE("an entrypoint beside run is kept") {
  const Plan made = plan("run: [serve]\nentrypoint: [tini, --]\n", base_image());
  CHECK(made.config.entrypoint == Words{"tini", "--"});
  CHECK(made.config.cmd == Words{"serve"});
}

TEST_CASE("a spec that starts nothing keeps what the base starts, and its user") {
  const Plan made = plan("", base_image("1000:1000"));
  CHECK(made.config.entrypoint == Words{"/entry"});
  CHECK(made.config.cmd == Words{"serve"});
  CHECK(made.config.user == "1000:1000");
  CHECK(made.warnings.empty());
}

TEST_CASE("a root user that stays is warned about") {
  const Plan made = plan("", base_image());
  CHECK(made.config.user.empty());
  REQUIRE(made.warnings.size() == 1);
  CHECK(made.warnings[0].what == "the image runs as root");
}

TEST_CASE("without a user, what would run as root runs as 65532 and has a home") {
  const Plan made = plan("run: [a]\n", base_image("root"));
  CHECK(made.config.user == "65532:65532");
  CHECK(made.account.home == "/home/nonroot");
  CHECK(made.account.passwd == PlannedAccount::Passwd::leave);
  CHECK(made.config.env_value("HOME") == "/home/nonroot");
}

TEST_CASE("where mlpack makes the root, passwd says where home is") {
  const Plan made = plan("run: [a]\nuser: \"1000:100\"\n", {});
  CHECK(made.account.passwd == PlannedAccount::Passwd::write);
  CHECK(made.account.uid == 1000);
  CHECK(made.account.gid == 100);
  CHECK(made.account.name == "mlpack");
  CHECK_FALSE(made.config.env_value("HOME"));
}

TEST_CASE("a name that no passwd defines is refused") {
  try {
    plan("run: [a]\nuser: alice\n", {BaseFacts::Kind::scratch, "scratch", {}, {}});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "the base `scratch` has no user `alice`");
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].file == "/spec/mlpack.yaml");
    CHECK(error.where()[0].line == 5);
    CHECK(error.where()[0].column == 7);
    CHECK(error.where()[0].message == error.what());
  }
}

TEST_CASE("writable needs the number of a user who has only a name, and says where") {
  for (const auto& [rest, inherited] : {std::pair{"writable: [/d]\nuser: bob\n", ""},
                                        std::pair{"run: [a]\nwritable: [/d]\n", "bob"}}) {
    try {
      plan(rest, base_image(inherited));
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(std::string(error.what()) == "`writable` needs the number of user `bob`");
      REQUIRE(error.where().size() == 1);
      CHECK(error.where()[0].line == 5);
    }
  }
}

TEST_CASE("PATH in env stands for the base's") {
  const Plan made = plan("run: [a]\nenv: {PATH: \"/app:${PATH}\"}\n", base_image());
  CHECK(made.config.env_value("PATH") == "/app:/opt/bin:/bin");
}

TEST_CASE("ports, health, secrets and resources become labels that tools can read") {
  const Plan made = plan(
      "run: [a]\nport: {http: 8000, metrics: 8002}\nhealth: {readiness: /ready, startup: 30m}\n"
      "secrets: [HF_TOKEN, OPENAI_API_KEY]\nresources: {cpu: \"4\", memory: 32Gi}\n",
      {});
  CHECK(made.config.exposed_ports == Words{"8000/tcp", "8002/tcp"});
  CHECK(made.config.labels.at("dev.mlpack.ports") == "http=8000,metrics=8002");
  CHECK(made.config.labels.at("dev.mlpack.health.readiness") == "/ready");
  CHECK(made.config.labels.at("dev.mlpack.health.startup") == "1800");
  CHECK(made.config.labels.at("dev.mlpack.secrets") == "HF_TOKEN,OPENAI_API_KEY");
  CHECK(made.config.labels.at("dev.mlpack.resources.memory") == "32Gi");
  CHECK_FALSE(made.config.labels.contains("dev.mlpack.health.liveness"));
}

TEST_CASE(
    "labels of the spec win over the base's, and those of a base by mlpack are not inherited") {
  BaseFacts base = base_image();
  base.config.labels = {{"team", "base"}, {"kept", "yes"}, {"dev.mlpack.ports", "1"}};
  const Plan made = plan("run: [a]\nlabels: {team: mine}\n", base);
  CHECK(made.config.labels.at("team") == "mine");
  CHECK(made.config.labels.at("kept") == "yes");
  CHECK_FALSE(made.config.labels.contains("dev.mlpack.ports"));
}

TEST_CASE("a files entry for another platform is left out") {
  const Plan made = plan(
      "run: [a]\nfiles:\n  - {source: a, target: /a, platform: linux/arm64}\n  - {source: b, "
      "target: /b}\n",
      {});
  REQUIRE(made.files.size() == 1);
  CHECK(made.files[0].tree.target == "/b");
}

TEST_CASE("a base of another platform is refused") {
  try {
    resolve(spec("run: [a]\n"), *Platform::parse("linux/arm64"), base_image(), 0);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "the base `registry.example.com/base:1` is for linux/amd64, not for linux/arm64");
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].line == 3);
  }
}

TEST_CASE("content knows its place in the spec") {
  const Plan made = plan("weights: [{source: w}]\nfiles:\n  - {source: a, target: /a}\n", {});
  CHECK(made.weights[0].where.line == 4);
  CHECK(made.files[0].where.line == 6);
  CHECK(made.files[0].where.column == 5);
}

TEST_CASE("the platform is said to be whose it is") {
  const auto reason = [](std::string_view rest, const SpecOptions& options = {}) {
    const Spec wish =
        parse_spec("schema: 1\nname: demo\n" + std::string(rest), "/spec/mlpack.yaml", options);
    return resolve(wish, amd64, {}, 0).decisions.at(0).because;
  };
  CHECK(reason("") == Words{"this machine's"});
  CHECK(reason("platform: linux/amd64\n") == Words{"the spec says so"});
  CHECK(reason("platform: linux/arm64\n", {.platforms = {"linux/amd64"}}) ==
        Words{"`--platform` says so"});
}

TEST_CASE("the base is named in the annotations, and time is the one given") {
  const Plan made = resolve(spec("run: [a]\n"), amd64, base_image(), 1700000000);
  CHECK(made.annotations.at("org.opencontainers.image.base.digest") == Digest::of("base").text());
  CHECK(made.config.created == "2023-11-14T22:13:20Z");
}

TEST_CASE("an image that starts nothing is warned about") {
  const Plan made = plan("", {});
  REQUIRE(made.warnings.size() == 1);
  CHECK(made.warnings[0].what == "the image starts nothing");
  CHECK(made.warnings[0].why == "neither the spec nor the base has a command");
}

TEST_CASE("an entrypoint that is cleared is named as the reason why nothing starts") {
  const Plan made = plan("entrypoint: []\n", base_image());
  REQUIRE(made.warnings.size() == 1);
  CHECK(made.warnings[0].why ==
        "`entrypoint: []` clears what the base `registry.example.com/base:1` starts");
}

TEST_CASE("health is asked on a port, of the spec or of its base") {
  const BaseFacts scratch{BaseFacts::Kind::scratch, "scratch", {}, {}};
  try {
    plan("run: [a]\nhealth: /healthz\n", scratch);
    FAIL("resolved");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    CHECK(std::string(error.what()) == "`health` needs a `port`");
    CHECK(error.hint() == "write the port that the server listens on, such as `port: 8000`");
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].line == 5);
    CHECK(error.where()[0].column == 9);
  }
  CHECK_NOTHROW(plan("run: [a]\nhealth: /healthz\nport: 1\n", scratch));
  CHECK_NOTHROW(plan("run: [a]\nhealth: {startup: 1m}\n", scratch));
  BaseFacts base = base_image();
  base.config.exposed_ports = {"8080/tcp"};
  CHECK_NOTHROW(plan("health: /healthz\n", base));
}
