#include "lib/lock/agree.h"
#include "lib/lock/lock.h"
#include "tests/unit/cli/app_run.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using PlanDocument = nlohmann::json;
using Facts = std::set<std::string>;
using Pins = std::vector<std::pair<std::string, std::string>>;

constexpr const char* own_base = "registry.example.com/team/python:1";
const Pins torch_cu124{{"nvidia-cuda-runtime-cu12", "12.4.127"}, {"torch", "2.5.1"}};

std::string spec_for(std::string_view fleet,
                     std::string_view python,
                     std::string_view base = own_base) {
  return fmt::format(
      "schema: 1\nname: demo\nplatform: linux/amd64\nbase: \"{}\"\nfleet: [{}]\n"
      "python: {{version: \"3.12\", {}}}\nrun: [app]\n",
      base,
      fleet,
      python);
}

// Of a project that needs all of them.
std::string uv_lock(const Pins& pins) {
  std::string needed;
  std::string packages;
  for (const auto& [name, version] : pins) {
    needed += fmt::format("{{ name = \"{}\" }}, ", name);
    packages += fmt::format("[[package]]\nname = \"{}\"\nversion = \"{}\"\n", name, version);
  }
  return fmt::format(
      "version = 1\n[[package]]\nname = \"demo\"\nversion = \"0\"\nsource = {{ virtual = \".\" }}\n"
      "dependencies = [{}]\n{}",
      needed,
      packages);
}

// A lock of mlpack's own, which agrees with the spec.
std::string lock_with(const std::string& spec_text,
                      const Pins& pins,
                      const std::string& torch = {}) {
  const Spec spec = parse_spec(spec_text, "/project/mlpack.yaml");
  LockedPython python{"3.12.1", "glibc 2.36", torch, lock_python(spec), {}, {}, {}, {}};
  for (const auto& [name, version] : pins) {
    LockedWheel wheel{name, version, {}, 1, Digest::of(name), {}, {}, {}, "packages"};
    std::string stem = name;
    std::replace(stem.begin(), stem.end(), '-', '_');
    wheel.file = fmt::format("{}-{}-py3-none-any.whl", stem, version);
    wheel.index = "https://pypi.org/simple";
    python.wheels.push_back(std::move(wheel));
  }
  LockedPlatform platform;
  platform.base = LockedBase{own_base, Digest::of("base")};
  platform.python = std::move(python);
  Lock lock;
  lock.platforms.emplace(*Platform::parse("linux/amd64"), std::move(platform));
  return write_lock(lock);
}

PlanDocument plan_in(AppRun& app, int code, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"plan", app.dir / "demo", "--offline", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const auto result = app.run(words);
  REQUIRE_MESSAGE(result.code == code, result.err);
  return PlanDocument::parse(result.out);
}

Facts facts_of(const PlanDocument& plan) {
  Facts facts;
  REQUIRE(plan["conflicts"].size() == 1);
  for (const auto& fact : plan["conflicts"][0]["facts"])
    facts.insert(fact["what"].get<std::string>());
  return facts;
}

void write_pinned(AppRun& app, const std::string& spec, const Pins& pins) {
  app.dir.write("demo/mlpack.yaml", spec);
  app.dir.write("demo/mlpack.lock", lock_with(spec, pins));
}

}  // namespace

TEST_CASE("what a lock of uv pins is compared with the GPUs") {
  AppRun app;
  app.dir.write("demo/uv.lock", uv_lock(torch_cu124));
  app.dir.write("demo/mlpack.yaml", spec_for("RTX 5090", "lock: uv.lock"));
  const auto refused = plan_in(app, 9);
  CHECK(facts_of(refused) == Facts{"torch", "RTX 5090", "torch==2.5.1"});
  CHECK(refused["conflicts"][0]["fixes"][0] == "take torch 2.8.0 instead of torch==2.5.1");

  app.dir.write("demo/mlpack.yaml", spec_for("L4", "lock: uv.lock"));
  const auto plan = plan_in(app, 0);
  CHECK(plan["frameworks"]["torch"] == "2.5.1+cu124");
  CHECK(plan["cuda"] == "12.4");
}

TEST_CASE("a file of requirements is read with those that it names") {
  AppRun app;
  app.dir.write("demo/requirements.txt", "-r more.txt\n");
  app.dir.write("demo/more.txt", "torch == \\\n  2.5.1  # with kernels\n");
  app.dir.write("demo/mlpack.yaml", spec_for("RTX 5090", "requirements: requirements.txt"));
  CHECK(facts_of(plan_in(app, 9)) == Facts{"torch", "RTX 5090", "torch==2.5.1"});
}

TEST_CASE("the label of a locked build is kept, and machines without a GPU need none") {
  AppRun app;
  app.dir.write("demo/uv.lock", uv_lock({{"torch", "2.9.0+cu126"}}));
  app.dir.write("demo/mlpack.yaml", spec_for("L4", "lock: uv.lock"));
  CHECK(plan_in(app, 0)["frameworks"]["torch"] == "2.9.0+cu126");
  app.dir.write("demo/uv.lock", uv_lock({{"torch", "2.9.0"}}));
  app.dir.write("demo/mlpack.yaml", spec_for("cpu", "lock: uv.lock"));
  // The wheel on PyPI is one with CUDA.
  CHECK(plan_in(app, 0)["frameworks"]["torch"] == "2.9.0");
  app.dir.write("demo/uv.lock", uv_lock({{"torch", "2.9.0+cpu"}}));
  CHECK(plan_in(app, 0)["frameworks"]["torch"] == "2.9.0+cpu");
}

TEST_CASE("a pinned wheel that wants a newer C library than the base has is refused") {
  AppRun app;
  app.dir.write("demo/uv.lock", uv_lock({{"torch", "2.9.0"}}));
  app.dir.write("demo/mlpack.yaml", spec_for("L4", "lock: uv.lock", "ubuntu:18.04"));
  const auto plan = plan_in(app, 9);
  CHECK(facts_of(plan).count("base ubuntu:18.04") == 1);
  CHECK(plan["conflicts"][0]["because"][0].get<std::string>().find("glibc 2.28 is needed") !=
        std::string::npos);
}

TEST_CASE("wheels that mlpack.lock pins are compared with the fleet, also those of dependencies") {
  AppRun app;
  write_pinned(app, spec_for("RTX 5090", "packages: [acme]"), torch_cu124);
  const auto refused = plan_in(app, 9);
  CHECK(facts_of(refused) == Facts{"torch", "RTX 5090", "torch==2.5.1 as locked"});
  CHECK(refused["conflicts"][0]["fixes"][0] == "let `mlpack lock` choose it anew");
  CHECK(refused["conflicts"][0]["fixes"][1] == "take torch 2.8.0 instead of torch==2.5.1");

  write_pinned(app, spec_for("L4", "packages: [acme]"), torch_cu124);
  const auto plan = plan_in(app, 0);
  CHECK(plan["frameworks"]["torch"] == "2.5.1+cu124");
  CHECK(plan["labels"]["dev.mlpack.cuda"] == "12.4");
  CHECK(plan["labels"]["dev.mlpack.sm"] == "5.0,6.0,7.0,7.5,8.0,8.6,9.0");
}

TEST_CASE("a lock for another spec, Python, C library, build or day pins no framework") {
  AppRun app;
  const auto frameworks = [&](const std::string& spec, const std::string& lock) {
    app.dir.write("demo/mlpack.yaml", spec);
    app.dir.write("demo/mlpack.lock", lock);
    return plan_in(app, 0)["frameworks"];
  };
  const std::string asked = spec_for("RTX 5090", "packages: [acme]");
  const std::string other = spec_for("RTX 5090", "packages: [acme, other]");
  CHECK(frameworks(other, lock_with(asked, torch_cu124)).empty());
  CHECK(frameworks(asked, lock_with(asked, torch_cu124, "cu126")).empty());
  const std::string newer = spec_for("RTX 5090", "packages: [acme]", "ubuntu:24.04");
  CHECK(frameworks(newer, lock_with(newer, torch_cu124)).empty());
  std::string python = asked;
  python.replace(python.find("version: \"3.12\", "), 17, "");
  python.replace(python.find(own_base), std::string_view(own_base).size(), "python:3.13-slim");
  CHECK(frameworks(python, lock_with(python, torch_cu124)).empty());

  write_pinned(app, asked, torch_cu124);
  CHECK(plan_in(app, 0, {"--as-of", "2025-06-01"})["frameworks"].empty());
}

TEST_CASE("of what the spec names, too, the locked version is compared and told") {
  AppRun app;
  const std::string spec = spec_for("L4", "packages: [torch], index_url: \"https://own.example\"");
  write_pinned(app, spec, torch_cu124);
  const auto answer = plan_in(app, 0, {"--explain", "torch"})["explained"][0];
  CHECK(answer["chosen"] == "2.5.1+cu124");
  const auto reason = answer["because"][0]["reason"].get<std::string>();
  CHECK(reason.starts_with("that is what is locked; 2.1"));
  CHECK(reason.ends_with(" goes with the rest, too"));
}

TEST_CASE("a build without GPU code is no reason against machines with a GPU") {
  AppRun app;
  const std::string fleet = "{gpu: RTX 3090, driver: \"470.256.02\"}";
  write_pinned(
      app, spec_for(fleet, "packages: [acme]"), {{"jax", "0.9.0"}, {"torch", "2.9.0+cpu"}});
  CHECK(plan_in(app, 0)["frameworks"].empty());
}

TEST_CASE("a runtime's own framework is not that of packages beside it") {
  AppRun app;
  const std::string spec =
      "schema: 1\nname: demo\nplatform: linux/amd64\nruntime: vllm\nfleet: [RTX 5090]\n"
      "python: {packages: [acme]}\nweights: [{source: \"hf://acme/tiny\"}]\n";
  app.dir.write("demo/mlpack.yaml", spec);
  app.dir.write("demo/mlpack.lock", lock_with(spec, torch_cu124));
  plan_in(app, 0);
}

TEST_CASE("the plugin of JAX in a lock says which build it is") {
  AppRun app;
  app.dir.write("demo/uv.lock", uv_lock({{"jax", "0.9.0"}, {"jax-cuda13-plugin", "0.9.0"}}));
  app.dir.write("demo/mlpack.yaml", spec_for("P100", "lock: uv.lock"));
  const auto plan = plan_in(app, 9);
  CHECK(facts_of(plan) == Facts{"jax", "P100 PCIe 16GB", "jax[cuda13]==0.9.0"});
  CHECK(plan["conflicts"][0]["fixes"][0] == "take jax[cuda12] 0.9.0 instead of jax[cuda13]==0.9.0");
}

TEST_CASE("a pyproject.toml is no list of requirements") {
  AppRun app;
  app.dir.write("demo/pyproject.toml",
                "[project]\nname = \"demo\"\nversion = \"1\"\ndependencies = [\"torch\"]\n"
                "[tool.uv.sources]\ntorch = { index = \"own\" }\n");
  app.dir.write("demo/mlpack.yaml", spec_for("L4", "requirements: pyproject.toml"));
  CHECK(plan_in(app, 0)["frameworks"].empty());
}
