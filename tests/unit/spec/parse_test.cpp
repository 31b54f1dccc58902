#include "lib/error.h"
#include "lib/spec/spec.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <string>

using namespace mlpack;

namespace {

constexpr std::string_view head = "schema: 1\nname: demo\n";

Spec parse(std::string_view rest, const SpecOptions& options = {}) {
  return parse_spec(std::string(head) + std::string(rest), "/spec/mlpack.yaml", options);
}

// The message of the Error that `work` throws, with its hint.
template <class Work>
std::string failure(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a minimal spec has the documented defaults") {
  const Spec spec = parse("");
  CHECK(spec.name == "demo");
  CHECK(spec.file == "/spec/mlpack.yaml");
  CHECK(spec.folder == "/spec");
  CHECK_FALSE(spec.image);
  CHECK(spec.platforms.empty());
  CHECK(std::holds_alternative<BaseAuto>(spec.base.value));
  CHECK(spec.layers.compression == Compression::zstd);
  CHECK(spec.layers.max_size == std::uint64_t{5} << 30);
  CHECK_FALSE(spec.entrypoint);
  CHECK_FALSE(spec.run);
  CHECK_FALSE(spec.health);
}

TEST_CASE("paths are relative to the spec's folder, wherever the process runs") {
  const Spec spec = parse(
      "weights: [{source: ./weights}]\n"
      "files: [{source: ../shared/app/, target: /app/}, {source: /etc/motd, target: /etc/}]\n"
      "base: oci:../base:v1\n");
  CHECK(spec.weights[0].value.source == "/spec/weights");
  CHECK(spec.files[0].value.source == "/shared/app/");
  CHECK(spec.files[0].value.target == "/app/");
  CHECK(spec.files[1].value.source == "/etc/motd");
  CHECK(std::get<BaseLayout>(spec.base.value).path == "/base");
  CHECK(std::get<BaseLayout>(spec.base.value).tag == "v1");
  CHECK(parse_spec(head, "mlpack.yaml").folder == ".");
}

TEST_CASE("weights are named after the last part of their source") {
  const Spec spec = parse(
      "weights:\n"
      "  - {source: models/digits/}\n"
      "  - {source: hf://org/Qwen2.5-7B@main}\n"
      "  - {source: 'https://x.example.com/a/b.gguf?x=1'}\n"
      "  - {source: 'oci://registry.example.com/team/m:v1'}\n"
      "  - {source: s3://bucket}\n"
      "  - {source: other, name: base, target: /opt/base/}\n");
  CHECK(spec.weights[0].value.name == "digits");
  CHECK(spec.weights[0].value.target == "/models/digits");
  CHECK(spec.weights[0].value.kind == SourceKind::path);
  CHECK(spec.weights[0].value.compression == Compression::none);
  CHECK(spec.weights[1].value.name == "Qwen2.5-7B");
  CHECK(spec.weights[1].value.kind == SourceKind::hugging_face);
  CHECK(spec.weights[2].value.name == "b.gguf");
  CHECK(spec.weights[2].value.kind == SourceKind::https);
  CHECK(spec.weights[3].value.name == "m");
  CHECK(spec.weights[3].value.kind == SourceKind::oci);
  CHECK(spec.weights[4].value.name == "bucket");
  CHECK(spec.weights[4].value.kind == SourceKind::s3);
  CHECK(spec.weights[5].value.target == "/opt/base/");
}

TEST_CASE("values know their place in the file") {
  const Spec spec = parse("base: scratch\nweights:\n  - name: a\n    source: w\ncuda: \"12.6\"\n");
  CHECK(spec.base.place == Place{3, 7});
  CHECK(spec.weights[0].place == Place{5, 5});
  CHECK(spec.weights[0].value.source_place == Place{6, 13});
  CHECK(spec.cuda->place == Place{7, 7});
  const Spec account = parse("user: bob\nwritable: [/data]\n");
  CHECK(account.user_place == Place{3, 7});
  CHECK(account.writable_place == Place{4, 11});
  CHECK(account.where(account.user_place).file == "/spec/mlpack.yaml");
}

TEST_CASE("files carry mode, owner and platform") {
  const Spec spec = parse(
      "files: [{source: a, target: /a, mode: \"0750\", owner: \"1000:0\", platform: "
      "linux/arm64}]\n");
  const FileEntry& entry = spec.files[0].value;
  CHECK(entry.mode == 0750U);
  CHECK(entry.owner == std::pair<unsigned, unsigned>(1000, 0));
  CHECK(entry.platform->text() == "linux/arm64");
}

TEST_CASE("run is a list, or a line for the shell") {
  CHECK(*parse("run: [python, -m, app]\n").run == std::vector<std::string>{"python", "-m", "app"});
  CHECK(*parse("run: exec app ${PORT}\n").run ==
        std::vector<std::string>{"/bin/sh", "-c", "exec app ${PORT}"});
  CHECK(parse("entrypoint: []\n").entrypoint->empty());
}

TEST_CASE("ports are numbers, lists or names, in the order of the file") {
  CHECK(parse("port: 8000\n").ports[0].number == 8000);
  CHECK(parse("port: [8001, 8000]\n").ports[0].number == 8001);
  const auto named = parse("port: {http: 8000, grpc: 8001}\n").ports;
  CHECK(named[1].name == "grpc");
  CHECK(named[1].number == 8001);
}

TEST_CASE("health is a readiness path, or all three parts") {
  CHECK(parse("health: /healthz\n").health->readiness == "/healthz");
  const Health health = *parse("health: {liveness: /live, startup: 30m}\n").health;
  CHECK(health.readiness.empty());
  CHECK(health.liveness == "/live");
  CHECK(health.startup_seconds == 1800);
}

TEST_CASE("numbers and booleans in env and labels are taken as written") {
  const Spec spec = parse("env: {A: 1.10, B: true, C: yes, D: 0x10}\nlabels: {v: 3.10}\n");
  CHECK(spec.env[0].value("") == "1.10");
  CHECK(spec.env[1].value("") == "true");
  CHECK(spec.env[2].value("") == "yes");
  CHECK(spec.env[3].value("") == "0x10");
  CHECK(spec.labels[0].second == "3.10");
}

TEST_CASE("variables are replaced, and the command line overrides them") {
  const std::string spec =
      "variables: {rev: main, team: acme}\n"
      "image: registry.example.com/${team}/demo\n"
      "weights: [{source: \"hf://org/m@${rev}\"}]\n"
      "labels: {rev: \"${rev}\", literal: \"$${rev}\"}\n";
  CHECK(parse(spec).weights[0].value.source == "hf://org/m@main");
  const Spec other = parse(spec, {.variables = {{"rev", "v2"}}});
  CHECK(other.weights[0].value.source == "hf://org/m@v2");
  CHECK(other.image->value == "registry.example.com/acme/demo");
  CHECK(other.labels[0].second == "v2");
  CHECK(other.labels[1].second == "${rev}");
  CHECK(failure([&] {
          parse(spec, {.variables = {{"revv", "x"}}});
        }) == "`--var revv` names no variable of `/spec/mlpack.yaml` | did you mean `rev`?");
  CHECK(failure([&] {
          parse("", {.variables = {{"a", "x"}}});
        }) ==
        "`--var a` names no variable of `/spec/mlpack.yaml` | add it to the spec: `variables: {a: "
        "DEFAULT}`");
}

TEST_CASE("PATH in env is the base's value, and nothing else of the environment is read") {
  const EnvVariable path = parse("env: {PATH: \"/opt/bin:${PATH}:$${PATH}\"}\n").env[0];
  CHECK(path.pieces.size() == 2);
  CHECK(path.value("/usr/bin:/bin") == "/opt/bin:/usr/bin:/bin:${PATH}");
}

TEST_CASE("labels of the command line win over those of the file") {
  const Spec spec = parse("labels: {a: 1, b: 2}\n", {.labels = {{"b", "3"}, {"c", "4"}}});
  CHECK(spec.labels == std::vector<NamedText>{{"a", "1"}, {"b", "3"}, {"c", "4"}});
}

TEST_CASE("platforms of the command line replace those of the file") {
  CHECK(parse("platform: [linux/arm64]\n").platforms[0].value.text() == "linux/arm64");
  const Spec spec = parse("platform: linux/arm64\n", {.platforms = {"linux/amd64", "arm64"}});
  REQUIRE(spec.platforms.size() == 2);
  CHECK(spec.platforms[0].value.text() == "linux/amd64");
  CHECK(spec.platforms[1].value.text() == "linux/arm64");
  CHECK(failure([] { parse("", {.platforms = {"plan9/amd64"}}); }) ==
        "`--platform plan9/amd64` is no platform | write `linux/amd64` or `linux/arm64`");
}

TEST_CASE("a platform of the command line counts once") {
  CHECK(failure([] {
          parse("", {.platforms = {"linux/arm64", "linux/amd64", "arm64"}});
        }) == "`--platform linux/arm64` is given twice | give each platform once");
}

TEST_CASE("labels of the command line obey the rules of the file, and no message holds a secret") {
  const std::string token = "sk-" + std::string(24, 'a');
  CHECK(failure([&] {
          parse("", {.labels = {{"OPENAI_API_KEY", token}}});
        }) ==
        "`--label OPENAI_API_KEY` looks like a secret, and whoever can pull an image can read it | "
        "name it in `secrets`, and give its value where the image runs");
  CHECK(failure([&] {
          parse("", {.labels = {{"note", token}}});
        }).find(token) == std::string::npos);
  CHECK(failure([] {
          parse("", {.labels = {{"a b", "c"}}});
        }) ==
        "the key `a b` of `--label` must be text without spaces and `=` | write `--label "
        "KEY=VALUE`");
  CHECK(failure([&] {
          parse("", {.labels = {{"a " + token, "c"}}});
        }).starts_with("the key `a ***` of"));
}

TEST_CASE("what is started holds no secret") {
  const std::string token = "ghp_" + std::string(36, 'a');
  const std::string told =
      " holds what looks like a secret, and whoever can pull an image can read it | name it in "
      "`secrets`, and let the program read it from its environment";
  CHECK(failure([&] { parse("run: [app, \"--key=" + token + "\"]\n"); }) == "`run`" + told);
  CHECK(failure([&] { parse("entrypoint: [app, " + token + "]\n"); }) == "`entrypoint`" + told);
  CHECK(
      failure([&] {
        parse(
            "fleet: [L4]\nweights: [{name: a, source: w}]\nruntime: {name: vllm, args: {api-key: " +
            token + "}}\n");
      }) == "`runtime.args`" + told);
}

TEST_CASE("a variable cannot carry a secret into env or labels") {
  const std::string token = "sk-" + std::string(24, 'a');
  for (const std::string_view rest :
       {"variables: {v: x}\nenv: {A: \"${v}\"}\n", "variables: {v: x}\nlabels: {a: \"${v}\"}\n"}) {
    try {
      parse(rest, {.variables = {{"v", token}}});
      FAIL("no error");
    } catch (const Error& error) {
      REQUIRE(error.where().size() == 1);
      CHECK(error.where()[0].message.find("looks like a secret") != std::string::npos);
      CHECK(error.where()[0].message.find(token) == std::string::npos);
    }
  }
}

TEST_CASE("the fleet has short and long rows") {
  const Spec spec = parse("fleet: [{gpu: L4, driver: \"535.183.01\"}, \"A100-80GB:4\", cpu]\n");
  CHECK(spec.fleet[0].value.gpu == "L4");
  CHECK(spec.fleet[0].value.driver == "535.183.01");
  CHECK(spec.fleet[1].value.gpu == "A100-80GB");
  CHECK(spec.fleet[1].value.count == 4);
  CHECK(spec.fleet[2].value.is_cpu());
  CHECK(spec.fleet_place == Place{3, 8});
  CHECK(parse("fleet: [{gpu: L4, driver: \"535\"}]\n").fleet[0].value.driver == "535");
}

TEST_CASE("arguments of a runtime keep their kinds") {
  const Spec spec = parse(
      "fleet: [L4]\n"
      "runtime: {name: vllm, args: {len: 8192, on: true, off: false, none: null, text: \"true\", "
      "many: [a, 1], deep: {b: [1, 0x10, yes, true, null, \"q\\\"\"]}}}\n");
  const auto& args = spec.runtime->value.args;
  REQUIRE(args.size() == 7);
  CHECK(args[0].kind == RuntimeArg::Kind::text);
  CHECK(args[0].text == "8192");
  CHECK(args[1].kind == RuntimeArg::Kind::flag);
  CHECK(args[2].kind == RuntimeArg::Kind::omitted);
  CHECK(args[3].kind == RuntimeArg::Kind::omitted);
  CHECK(args[4].kind == RuntimeArg::Kind::text);
  CHECK(args[5].items == std::vector<std::string>{"a", "1"});
  CHECK(args[6].text == "{\"b\":[1,\"0x10\",\"yes\",true,null,\"q\\\"\"]}");
  const Spec plain = parse("fleet: [L4]\nruntime: {name: vllm, args: [--a, \"1\"]}\n");
  CHECK(plain.runtime->value.plain_args == std::vector<std::string>{"--a", "1"});
}

TEST_CASE("bases have five forms") {
  const auto base = [](const std::string& text) {
    return parse("base: " + text + "\n").base.value;
  };
  CHECK(std::holds_alternative<BaseAuto>(base("auto")));
  CHECK(std::holds_alternative<BaseScratch>(base("scratch")));
  CHECK(std::get<BaseReference>(base("python:3.12")).reference == "python:3.12");
  CHECK(std::get<BaseLayout>(base("oci:/data/base")).tag.empty());
  const auto debian = std::get<BaseDebian>(base(
      "{debian: bookworm, mirror: \"http://127.0.0.1:1/debian\", snapshot: 20261101T000000Z}"));
  CHECK(debian.codename == "bookworm");
  CHECK(debian.mirror == "http://127.0.0.1:1/debian");
  CHECK(debian.snapshot == "20261101T000000Z");
}

TEST_CASE("sizes and python are decoded") {
  const Spec spec = parse(
      "resources: {cpu: 0.5, memory: 32Gi}\nlayers: {compression: gzip, max_size: 100MiB}\n"
      "python: {version: \"3.12\", lock: locks/uv.lock, install: base, find_links: [wheels]}\n");
  CHECK(spec.resources.cpu == "0.5");
  CHECK(spec.resources.memory_bytes == std::uint64_t{32} << 30);
  CHECK(spec.layers.max_size == std::uint64_t{100} << 20);
  CHECK(spec.layers.compression == Compression::gzip);
  CHECK(*spec.python->value.lock == "/spec/locks/uv.lock");
  CHECK(spec.python->value.install == Python::Install::base);
  CHECK(spec.python->value.find_links[0] == "/spec/wheels");
}

TEST_CASE("a folder stands for the mlpack.yaml in it") {
  const test::TempDir folder;
  folder.write("mlpack.yaml", head);
  CHECK(load_spec(folder.path()).file == folder / "mlpack.yaml");
  CHECK(load_spec(folder / "mlpack.yaml").folder == folder.path());
  try {
    load_spec(folder / "none.yaml");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::input);
  }
}

TEST_CASE("thousands of problems that each want a hint are told in no time") {
  std::string fleet = "fleet: [";
  std::string known = "variables: {";
  std::string unknown = "env: {X: \"";
  for (int i = 0; i < 4000; ++i) {
    fleet += fmt::format("H10{},", i);
    known += fmt::format("v{}: a,", i);
    unknown += fmt::format("${{w{}}}", i);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto problems = [](const std::string& rest) { return failure([&] { parse(rest); }); };
  CHECK(problems(fleet + "]\n") == "`/spec/mlpack.yaml` has 3999 problems | ");
  CHECK(problems(known + "}\n" + unknown + "\"}\n") == "`/spec/mlpack.yaml` has 4000 problems | ");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("a file of more than 1 MiB is no spec, whatever it holds") {
  const test::TempDir folder;
  const fs::path file = folder.write("mlpack.yaml", head);
  fs::resize_file(file, std::uint64_t{1} << 40);
  const auto load = [&] { load_spec(folder.path()); };
  CHECK(failure(load) == "`" + file.string() +
                             "` is larger than 1 MiB, the most that a spec may have | a spec names "
                             "its files in `weights` and `files`, it does not hold them");
  try {
    load();
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
  }
  fs::resize_file(file, std::uint64_t{1} << 20);
  CHECK(failure(load).starts_with("`" + file.string() + "` has a problem"));
}

TEST_CASE("all problems are in one error, in the order of the file") {
  try {
    parse("port: x\nfoo: 1\nuser: 1\n");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "`/spec/mlpack.yaml` has 3 problems");
    REQUIRE(error.where().size() == 3);
    CHECK(error.where()[0].line == 3);
    CHECK(error.where()[1].line == 4);
    CHECK(error.where()[2].line == 5);
  }
}

TEST_CASE("hostile specs are refused quickly and with little memory") {
  const std::string many(1000, '[');
  CHECK_THROWS_AS(parse("x-a: " + many), Error);
  std::string wide = "x-a: [";
  for (int i = 0; i < 100'000; ++i)
    wide += "a,";
  CHECK_THROWS_AS(parse(wide + "a]\n"), Error);
  std::string anchors = "x-a: &a \"" + std::string(100'000, 'x') + "\"\nx-b: [";
  for (int i = 0; i < 1000; ++i)
    anchors += "*a,";
  CHECK_THROWS_AS(parse(anchors + "*a]\n"), Error);
  std::string nested = "x-a: ";
  for (int i = 0; i < 60; ++i)
    nested += "&a" + std::to_string(i) + " [";
  for (int i = 0; i < 15'000; ++i)
    nested += "1,";
  CHECK_THROWS_AS(parse(nested + std::string(60, ']') + "\n"), Error);
  std::string grown = "variables: {a: " + std::string(100'000, 'x') + "}\nenv: {A: \"";
  for (int i = 0; i < 10'000; ++i)
    grown += "${a}";
  CHECK_THROWS_AS(parse(grown + "\"}\n"), Error);
  std::string names = "env: {";
  for (int i = 0; i < 5'000; ++i)
    names += "9" + std::to_string(i) + ": x, ";
  CHECK_THROWS_AS(parse(names + "A: x}\n"), Error);
}
