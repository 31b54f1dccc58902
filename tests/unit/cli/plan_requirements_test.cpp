#include "tests/unit/cli/app_run.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Document = nlohmann::json;

// The plan of a spec with `python`, for a machine whose driver runs CUDA 12.
Document plan_with(AppRun& app, std::string_view python, int code) {
  app.dir.write("demo/mlpack.yaml",
                fmt::format("schema: 1\nname: demo\nplatform: linux/amd64\n"
                            "fleet: [{{gpu: A100, driver: \"535.183.01\"}}]\n"
                            "python: {{{}}}\nrun: [app]\n",
                            python));
  const auto result = app.run({"plan", app.dir / "demo", "--offline", "--json"});
  REQUIRE_MESSAGE(result.code == code, result.err);
  return Document::parse(result.out);
}

std::string torch_with(AppRun& app, std::string_view requirements) {
  app.dir.write("demo/requirements.txt", std::string(requirements));
  const Document plan = plan_with(app, "requirements: requirements.txt", 0);
  const auto& frameworks = plan["frameworks"];
  const std::string torch = frameworks.contains("torch") ? frameworks["torch"] : "none";
  return fmt::format("{} on {}", torch, plan["python"].get<std::string>());
}

}  // namespace

TEST_CASE("constraints of requirements bind what is asked for") {
  AppRun app;
  app.dir.write("demo/c.txt", "torch==2.3.1\njax==0.6.0\n");
  CHECK(torch_with(app, "torch\n-c c.txt\n") == "2.3.1+cu121 on 3.12");
}

TEST_CASE("an index of PyTorch's beside another decides the build") {
  AppRun app;
  const std::string line = "--extra-index-url https://download.pytorch.org/whl/cu118\n";
  CHECK(torch_with(app, line + "torch==2.3.1\n") == "2.3.1+cu118 on 3.12");
}

TEST_CASE("without GPUs a torch whose hashes decide is not said to be a build without CUDA") {
  AppRun app;
  const auto torch_of = [&](const std::string& requirements) {
    app.dir.write("demo/requirements.txt", requirements);
    app.dir.write("demo/mlpack.yaml",
                  "schema: 1\nname: demo\nplatform: linux/amd64\nfleet: [cpu]\n"
                  "python: {requirements: requirements.txt}\nrun: [app]\n");
    const auto result = app.run({"plan", app.dir / "demo", "--offline", "--json"});
    REQUIRE_MESSAGE(result.code == 0, result.err);
    return Document::parse(result.out)["frameworks"]["torch"].get<std::string>();
  };
  const std::string hash = " --hash=sha256:" + std::string(64, 'a') + "\n";
  CHECK(torch_of("torch==2.9.0\n") == "2.9.0+cpu");
  CHECK(torch_of("torch==2.9.0" + hash) == "2.9.0");
  CHECK(torch_of("torch==2.9.0+cpu" + hash) == "2.9.0+cpu");
  CHECK(torch_of("torch==2.9.0" + hash + "nvidia-cuda-runtime-cu12==12.8.90" + hash) ==
        "2.9.0+cu128");
}

TEST_CASE("a wheel on disk is the release that its name says") {
  AppRun app;
  CHECK(torch_with(app, "./wheels/torch-2.3.1+cu118-cp312-cp312-linux_x86_64.whl\n") ==
        "2.3.1+cu118 on 3.12");
  CHECK(torch_with(app,
                   "./wheels/torch-2.3.1-cp312-cp312-linux_x86_64.whl; sys_platform == "
                   "'win32'\n") == "none on 3.14");
  CHECK(torch_with(app, "./wheels/torch-2.3.1-cp310-cp310-linux_x86_64.whl\n") ==
        "2.3.1+cu121 on 3.10");
  app.dir.write("demo/requirements.txt", "wheels/torch-2.3.1-cp310-cp310-linux_aarch64.whl\n");
  const Document refused = plan_with(app, "requirements: requirements.txt", 9);
  CHECK(refused["conflicts"][0]["because"][0] ==
        "torch==2.3.1 is a wheel: its tag linux_aarch64 is not for linux/amd64");
}

TEST_CASE("a wheel whose URL has no name in front is the release that its name says") {
  AppRun app;
  CHECK(torch_with(app, "https://a.example/torch-2.3.1%2Bcu118-cp312-cp312-linux_x86_64.whl\n") ==
        "2.3.1+cu118 on 3.12");
}

TEST_CASE("markers about a Python that is not decided hold for the one that is chosen") {
  AppRun app;
  CHECK(torch_with(app,
                   "torch==2.3.1; python_version < '3.13'\n"
                   "torch==2.14.0; python_version >= '3.13'\n") == "2.14.0+cu126 on 3.14");
  CHECK(torch_with(app, "torch==2.3.1; python_version >= '3.8'\n") == "2.3.1+cu121 on 3.12");
  CHECK(torch_with(app, "torch==2.3.1; python_version < '3.10'\n") == "none on 3.14");
}

TEST_CASE("the index that requirements name has one build of torch") {
  AppRun app;
  CHECK(torch_with(app, "torch==2.5.1\n--index-url https://download.pytorch.org/whl/cu118\n") ==
        "2.5.1+cu118 on 3.12");
  CHECK(torch_with(app, "torch==2.5.1\n--index-url https://download.pytorch.org/whl/cpu\n") ==
        "2.5.1+cpu on 3.12");
}
