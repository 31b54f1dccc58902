#include "lib/file.h"
#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* conflicting = R"(schema: 1
name: odd
platform: linux/amd64
fleet:
  - {gpu: "GTX 1080 Ti", driver: "470.82.01"}
  - {gpu: L4, driver: "470.82.01"}
cuda: "13.0"
python: {version: "3.9", packages: [torch==2.9.0]}
)";

constexpr const char* torch_spec = R"(schema: 1
name: pair
platform: linux/amd64
fleet:
  - {gpu: L4, driver: "535.183.01"}
  - {gpu: H100, driver: "550.90.07"}
python: {packages: [torch]}
run: [python3, -m, app]
)";

nlohmann::json plan_of(AppRun& app, const std::vector<std::string>& more, int code = 0) {
  std::vector<std::string> words{"plan", app.dir / "demo", "--offline", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const auto result = app.run(words);
  REQUIRE_MESSAGE(result.code == code, result.err);
  return nlohmann::json::parse(result.out);
}

}  // namespace

TEST_CASE("a plan as a person sees it") {
  AppRun app;
  app.dir.write("pair/mlpack.yaml", torch_spec);
  app.dir.write("odd/mlpack.yaml", conflicting);
  const std::string dir = app.dir.path();
  const std::string text = app.transcript({"plan " + dir + "/pair --offline",
                                           "plan " + dir + "/pair --offline --explain driver",
                                           "plan " + dir + "/pair --offline --explain torhc",
                                           "plan " + dir + "/odd",
                                           "plan " + dir + "/pair --as-of 2025-13-01"});
  CHECK(text == golden("cli/plan.txt", text));
  CHECK_FALSE(fs::exists(app.dir / "store"));
  CHECK_FALSE(fs::exists(app.dir / "pair/mlpack.lock"));
}

TEST_CASE("a plan takes the build of torch that every driver of the fleet runs") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml", torch_spec);
  const auto plan = plan_of(app, {});
  CHECK(plan["cuda"].get<std::string>().starts_with("12."));
  CHECK(plan["base"].get<std::string>().starts_with("docker.io/library/python:"));
  CHECK(plan["frameworks"]["torch"].get<std::string>().find("+cu12") != std::string::npos);
  CHECK(plan["env"]["NVIDIA_REQUIRE_CUDA"].get<std::string>().find("driver>=") !=
        std::string::npos);
  CHECK_FALSE(plan["env"].contains("NVIDIA_VISIBLE_DEVICES"));
}

TEST_CASE("what is guessed of a base asks for no driver") {
  AppRun app;
  const std::string lines =
      "schema: 1\nname: x\nplatform: linux/amd64\nrun: [x]\nfleet: [L4]\nruntime: vllm\nbase: ";
  app.dir.write("demo/mlpack.yaml", lines + "registry.example.com/own:1\n");
  const auto guessed = plan_of(app, {});
  CHECK_FALSE(guessed["env"].contains("NVIDIA_REQUIRE_CUDA"));
  CHECK(guessed["env"].contains("NVIDIA_DRIVER_CAPABILITIES"));
  app.dir.write("demo/mlpack.yaml", lines + "registry.example.com/copies/vllm-openai:v0.11.0\n");
  CHECK(plan_of(app, {})["env"]["NVIDIA_REQUIRE_CUDA"] == "cuda>=12.0,driver>=525.60.13");
}

TEST_CASE("the reasons of a plan are true of its base and its machines") {
  AppRun app;
  const auto because = [&](const std::string& lines, const std::string& what) {
    app.dir.write("demo/mlpack.yaml",
                  "schema: 1\nname: x\nplatform: linux/amd64\nrun: [x]\n" + lines);
    const auto plan = plan_of(app, {});
    for (const auto& decision : plan["decisions"]) {
      if (decision["what"] == what) return decision["because"].dump();
    }
    return std::string();
  };
  CHECK(because("fleet: [{gpu: L4, driver: '535.183.01'}]\ncuda: '13.0'\n", "driver")
            .find("driver 535.183.01 of L4 runs it with the compat package") != std::string::npos);
  CHECK(because("fleet: [L4]\ncuda: '12.6'\n", "cuda").find("the spec pins") == std::string::npos);
  CHECK(because("python: {packages: [six]}\n", "base") ==
        R"(["`base: auto` is the slim image of Python 3.14"])");
  CHECK(because("python: {packages: [six]}\n", "python") == R"(["the newest"])");
  CHECK(
      because("python: {packages: ['onnxruntime-gpu[cuda,cudnn]']}\nfleet: [L4]\n", "python") ==
      R"x(["the newest that all that was chosen has wheels for (frameworks onnxruntime-1.31)"])x");
  CHECK(because("python: {packages: [onnxruntime-gpu==1.22.1]}\nfleet: [L4]\n", "base")
            .find("smallest official image with what onnxruntime-gpu 1.22.1 loads of CUDA 12 and "
                  "cuDNN 9, which no wheel brings") != std::string::npos);
  CHECK(because("python: {packages: [onnxruntime-gpu==1.22.1]}\nfleet: [L4]\n", "python") ==
        R"(["the `python3` of the base's distribution is that one"])");
  CHECK(because("python: {packages: [six]}\nbase: registry.example.com/own:1\n", "python")
            .find("this is a guess") != std::string::npos);
  CHECK(because("python: {packages: [six]}\nbase: nvidia/cuda:12.4.1-base-ubuntu22.04\n", "python")
            .find("`python3` of the base's distribution") != std::string::npos);
  CHECK(because("python: {packages: [tensorflow]}\nfleet: [B200]\n", "cuda").find("older than") ==
        std::string::npos);
  CHECK(because("python: {packages: [torch==9.9.9, 'jax[cuda12]']}\nfleet: [L4]\n", "cuda")
            .find("[\"jax 0.12.0.1+cuda12 is built with it") != std::string::npos);
  CHECK(because("python: {packages: [tensorflow==2.18.0]}\nfleet: [L4]\ncuda: '12.8'\n", "cuda")
            .find("[\"tensorflow 2.18.0 is built with CUDA 12.5, and goes with later ones of CUDA "
                  "12") != std::string::npos);
  CHECK(because("base: scratch\n", "user") ==
        R"(["the base names none","the spec names no user"])");
}

TEST_CASE("a plan as of an earlier day takes what there was then") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml", torch_spec);
  const auto now = plan_of(app, {});
  const auto then = plan_of(app, {"--as-of", "2024-11-01"});
  CHECK(then["frameworks"]["torch"].get<std::string>().starts_with("2.5."));
  CHECK(now["frameworks"]["torch"] != then["frameworks"]["torch"]);
}

TEST_CASE("a plan as of a day that does not exist is refused") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml", torch_spec);
  plan_of(app, {"--as-of", "2024-02-29"});
  for (const char* const day : {"2024-02-30", "2023-02-29", "2025-04-31", "2025-04", "2025"}) {
    const auto result = app.run({"plan", app.dir / "demo", "--offline", "--as-of", day});
    CHECK(result.code == 2);
    CHECK(result.err ==
          std::string("error: `--as-of ") + day +
              "` is no day\n\nhint: write it as YEAR-MONTH-DAY, such as 2025-10-31\n");
  }
}

TEST_CASE("the image for other machines is not warned of wheels for Arm") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml",
                "schema: 1\nname: x\nrun: [x]\nfleet: [L4, GH200]\n"
                "python: {packages: [onnxruntime-gpu]}\n");
  const auto images = plan_of(app, {})["images"];
  const auto warns = [&](std::size_t image) {
    return images[image]["warnings"].dump().find("no wheels of onnxruntime-gpu for arm64") !=
           std::string::npos;
  };
  REQUIRE(images.size() == 2);
  CHECK(images[0]["platform"] == "linux/amd64");
  CHECK_FALSE(warns(0));
  CHECK(warns(1));
}

TEST_CASE("a plan is for the platforms that its fleet needs, unless the spec names some") {
  AppRun app;
  const auto write = [&](const std::string& lines) {
    app.dir.write("demo/mlpack.yaml",
                  "schema: 1\nname: arm\nbase: scratch\nrun: [/serve]\n" + lines);
  };
  write("fleet: [GH200]\n");
  const auto plan = plan_of(app, {});
  CHECK(plan["platform"] == "linux/arm64");
  CHECK(plan.dump().find("the machines of the fleet need it") != std::string::npos);
  const auto other = plan_of(app, {"--platform", "linux/amd64"});
  CHECK(other["platform"] == "linux/amd64");
  CHECK(other["warnings"].dump().find("no image is built for GH200 96GB") != std::string::npos);
  CHECK(plan.dump().find("no image is built") == std::string::npos);
  write("fleet: [GH200, L4]\n");
  const auto images = plan_of(app, {})["images"];
  REQUIRE(images.size() == 2);
  CHECK(images[0]["platform"] == "linux/amd64");
  CHECK(images[1]["platform"] == "linux/arm64");
  write("platform: linux/arm64\nfleet: [GH200, L4]\n");
  CHECK(plan_of(app, {})["platform"] == "linux/arm64");
  write("platform: linux/amd64\nfleet: [GH200]\n");
  const auto conflicts = plan_of(app, {}, 9)["conflicts"];
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0]["facts"][0]["what"] == "GH200 96GB");
  CHECK(conflicts[0]["facts"][1]["what"] == "platform linux/amd64");
  CHECK(conflicts[0]["facts"][1]["line"] == 5);
  CHECK(conflicts[0]["fixes"][0] == "build it for what the machines are: `platform: linux/arm64`");
  write("platform: linux/amd64\nfleet: [L4, GH200]\n");
  CHECK(plan_of(app, {}, 9)["conflicts"][0]["fixes"][0] ==
        "build it for what the machines are: `platform: [linux/amd64, linux/arm64]`");
  write("fleet: [L4]\n");
  const auto mainframe = plan_of(app, {"--platform", "linux/s390x"}, 9)["conflicts"];
  CHECK(mainframe[0]["because"].dump().find("NVIDIA has no driver for linux/s390x") !=
        std::string::npos);
  CHECK(mainframe[0]["fixes"][0] == "build it for what the machines are: `--platform linux/amd64`");
  write("fleet: [L4, cpu]\n");
  const auto part = plan_of(app, {"--platform", "linux/s390x"});
  CHECK(part["warnings"].dump().find("no image is built for L4") != std::string::npos);
}

TEST_CASE("what the fleet decides is not in the lock, and is the same for every command") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml",
                "schema: 1\nname: arm\nbase: scratch\nrun: [/serve]\nfleet: [GH200, L4]\n");
  const std::string demo = app.dir / "demo";
  REQUIRE(app.run({"lock", demo}).code == 0);
  const std::string lock = read_file_if_exists(app.dir / "demo/mlpack.lock", 1 << 20).value_or("");
  CHECK(lock.find("\"platform\"") == std::string::npos);
  const auto built = app.run({"build", demo, "--locked", "--no-check", "--json", "-t", "arm:1"});
  REQUIRE_MESSAGE(built.code == 0, built.err);
  CHECK(
      built.err.find("platform: linux/amd64 and linux/arm64, which the machines of `fleet` need") !=
      std::string::npos);
  CHECK(nlohmann::json::parse(built.out)["images"].size() == 2);
  const auto lacks = [&](const std::string& gpu) {
    const std::string told = app.run({"check", "arm:1", "--gpu", gpu, "--json"}).out;
    return told.find("machine-other-processor") != std::string::npos;
  };
  CHECK_FALSE(lacks("GH200"));
  CHECK_FALSE(lacks("L4"));
  REQUIRE(app.run({"build", demo, "--no-check", "--platform", "linux/amd64", "-t", "arm:1"}).code ==
          0);
  CHECK_FALSE(lacks("L4"));
  CHECK(lacks("GH200"));
}

TEST_CASE("a base that has one of the platforms that a fleet needs is told with the other") {
  AppRun app;
  app.dir.write("base/mlpack.yaml",
                "schema: 1\nname: base\nbase: scratch\nrun: [/serve]\nplatform: linux/amd64\n");
  app.dir.write("demo/mlpack.yaml",
                "schema: 1\nname: arm\nbase: oci:../layout\nfleet: [GH200, L4]\n");
  REQUIRE(app.run({"build", app.dir / "base", "-o", "oci:" + (app.dir / "layout").string()}).code ==
          0);
  for (const char* const command : {"plan", "build", "lock"}) {
    const auto told = app.run({command, app.dir / "demo"});
    CHECK(told.code == 9);
    CHECK(told.err.find("has no image for linux/arm64") != std::string::npos);
    CHECK(told.err.find("hint: it has: linux/amd64; machines of `fleet` need linux/arm64: name a "
                        "base that has it, or take them out of `fleet` and build for them apart") !=
          std::string::npos);
  }
}

TEST_CASE("all conflicts of a plan have their places and ways out") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml", conflicting);
  const auto conflicts = plan_of(app, {}, 9)["conflicts"];
  REQUIRE(conflicts.size() == 3);
  for (const auto& conflict : conflicts) {
    CHECK(conflict["fixes"].size() > 0);
    for (const auto& fact : conflict["facts"])
      CHECK(fact["line"] > 0);
  }
}

TEST_CASE("an error about one line of a spec says there what it is") {
  AppRun app;
  app.dir.write("w/config.json", R"({"model_type": "llama"})");
  app.dir.write("w/model.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10));
  app.dir.write("two.yaml",
                "schema: 1\nname: two\nbase: scratch\nfleet: [L4, \"H100:2\"]\nruntime: vllm\n"
                "weights: [{source: w}]\n");
  const auto told = app.run({"plan", app.dir / "two.yaml"});
  CHECK(told.code == 9);
  CHECK(told.err.find("two.yaml:4:8: error: the machines of `fleet` have 1 and 2 GPUs") !=
        std::string::npos);
  CHECK(told.err.find("error: \n") == std::string::npos);
  const auto document =
      nlohmann::json::parse(app.run({"plan", app.dir / "two.yaml", "--json"}).out);
  REQUIRE(document["error"]["where"].size() == 1);
  CHECK(document["error"]["where"][0]["message"] == document["error"]["message"]);
}

TEST_CASE("a plan whose base is refused is an error, and writes nothing") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml", torch_spec);
  const auto result = app.run({"plan", app.dir / "demo"});
  CHECK(result.code == 5);
  CHECK_FALSE(fs::exists(app.dir / "store"));
}
