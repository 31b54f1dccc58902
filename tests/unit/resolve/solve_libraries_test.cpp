#include "lib/resolve/solve.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::string told(std::string_view lines) {
  const Resolution found = solve(Catalog::built_in(), demands_in(lines));
  REQUIRE(found.stack);
  std::vector<std::string> reasons;
  for (const Ruling& doubt : found.stack->doubts)
    reasons.push_back(doubt.reason);
  return join(reasons, "; ");
}

}  // namespace

TEST_CASE("JAX without an extra uses no GPU, and the extra that fits is named") {
  CHECK(told("fleet: [L4]; python: {packages: [jax]}") ==
        "`jax` without an extra such as `jax[cuda13]` uses no GPU");
  CHECK(told("fleet: [{gpu: L4, driver: '535.183.01'}]; python: {packages: [jax]}") ==
        "`jax` without an extra such as `jax[cuda12]` uses no GPU");
  CHECK(told("fleet: [L4]; python: {packages: [jax, torch==2.5.1]}") ==
        "`jax` without an extra such as `jax[cuda12]` uses no GPU");
  CHECK(told("fleet: [{gpu: T4, driver: '470.256.02'}]; python: {packages: [jax==0.6.0]}") ==
        "`jax` without an extra uses no GPU, and none of its builds for CUDA goes with the rest");
  CHECK(told("fleet: [cpu]; python: {packages: [jax]}").empty());
  CHECK(told("fleet: [L4]; python: {packages: ['jax[cuda12]']}").empty());
}

TEST_CASE("packages for processors use no GPU, and what does is named") {
  const auto with = [](std::string_view fleet, std::string_view packages) {
    return told(fmt::format("fleet: [{}]; python: {{packages: [{}]}}", fleet, packages));
  };
  CHECK(with("L4", "onnxruntime") ==
        "`onnxruntime` is built for processors: it uses no GPU, and `onnxruntime-gpu` does");
  CHECK(
      with("L4", "tensorflow-cpu==2.18.0") ==
      "`tensorflow-cpu` is built for processors: it uses no GPU, and `tensorflow[and-cuda]` does");
  CHECK(with("L4", "onnxruntime==1.22.1, torch==2.6.0").starts_with("`onnxruntime` is built"));
  const char* const old = "{gpu: T4, driver: '470.256.02'}";
  const char* const none = "and no build of `onnxruntime-gpu` that is known goes with the rest";
  CHECK(with(old, "onnxruntime==1.22.1").ends_with(none));
  CHECK(with("GH200", "onnxruntime").ends_with(none));
  CHECK(with("cpu", "onnxruntime, tensorflow-cpu").empty());
  CHECK(with("L4", "'onnxruntime-gpu[cuda,cudnn]==1.22.1', onnxruntime==1.22.1") ==
        "`onnxruntime` and `onnxruntime-gpu` have the same files: which are there depends on the "
        "order");
  CHECK(with("cpu", "onnxruntime, onnxruntime-gpu").empty());
}

TEST_CASE("packages for processors that others need are told where nothing else uses GPUs") {
  const auto seen = [](const std::vector<std::string>& lines) {
    const Spec spec = spec_in("fleet: [L4]; python: {packages: [x]}");
    DemandSources sources;
    sources.requirements = lines;
    sources.wheels = DemandSources::Wheels::seen;
    return demands_of(Catalog::built_in(), spec, sources).for_processors.size();
  };
  CHECK(seen({"onnxruntime==1.22.1", "numpy==2.0.0"}) == 1);
  CHECK(seen({"onnxruntime==1.22.1", "torch==2.6.0"}) == 0);
}

TEST_CASE("code of JAX is that of the toolkit that its row says it is built with") {
  const auto with = [](std::string_view jax) {
    return told(fmt::format("fleet: [B200]; python: {{packages: ['jax[cuda12]=={}']}}", jax));
  };
  CHECK(with("0.5.0").find("is older than Blackwell") != std::string::npos);
  for (const char* const jax : {"0.6.0", "0.7.1"})
    CHECK_MESSAGE(with(jax).find("is older than") == std::string::npos, jax);
}

TEST_CASE("libraries of CUDA that nothing brings are told, with what brings them") {
  // No Ubuntu that there are images of has a Python 3.11.
  const auto with = [](std::string_view package) {
    return told(fmt::format("fleet: [L4]; python: {{version: '3.11', packages: ['{}']}}", package));
  };
  CHECK(with("tensorflow==2.18.0") ==
        "tensorflow 2.18.0 loads CUDA 12 and cuDNN 9.3, which neither wheels nor the base bring: "
        "take `tensorflow[and-cuda]`, or a base such as "
        "`nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04`");
  CHECK(with("tensorflow==2.13.0")
            .ends_with("bring: take a base such as "
                       "`nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04`"));
  for (const char* const package : {"onnxruntime-gpu==1.22.1", "onnxruntime-gpu[cuda]==1.22.1"}) {
    CHECK_MESSAGE(with(package).find("take `onnxruntime-gpu[cuda,cudnn]`, or") != std::string::npos,
                  package);
  }
  CHECK(with("jax[cuda12-local]==0.6.0")
            .ends_with("bring: take `jax[cuda12]`, or a base such as "
                       "`nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04`"));
  const auto on = [](std::string_view base) {
    return told(
        fmt::format("fleet: [L4]; base: '{}'; python: {{packages: [tensorflow==2.18.0]}}", base));
  };
  for (const char* const base : {"python:3.11-slim", "nvidia/cuda:12.5.1-base-ubuntu22.04"})
    CHECK_MESSAGE(on(base).find("neither wheels nor the base") != std::string::npos, base);
  for (const char* const base : {"pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime",
                                 "pytorch/pytorch:2.5.1-cuda11.8-cudnn9-runtime"}) {
    const bool is_told = on(base).find(
                             "which no wheel brings; what the base has of it is in the "
                             "Python of its own PyTorch: take") != std::string::npos;
    CHECK_MESSAGE(is_told, base);
  }
  for (const char* const base : {"nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04",
                                 "pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel",
                                 "tensorflow/tensorflow:2.18.0-gpu",
                                 "example.com/own:1"})
    CHECK_MESSAGE(on(base).find("neither wheels nor the base") == std::string::npos, base);
}

TEST_CASE("cuDNN of a base or of wheels that is older than what a framework loads is told") {
  const auto with = [](std::string_view base, std::string_view packages) {
    return told(fmt::format("fleet: [L4]; base: '{}'; python: {{packages: [{}]}}", base, packages));
  };
  const char* const older = "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04";
  CHECK(with(older, "tensorflow==2.18.0") ==
        "tensorflow 2.18.0 loads CUDA 12 and cuDNN 9.3 or newer, and "
        "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04 has 9.1.0.70: take `tensorflow[and-cuda]`, "
        "or a base such as `nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04`");
  CHECK(with(older, "'jax[cuda12-local]==0.6.0'").find("has 9.1.0.70: take `jax[cuda12]`") !=
        std::string::npos);
  const char* const slim = "python:3.10-slim";
  CHECK(with(slim, "tensorflow==2.18.0, nvidia-cufft-cu12, nvidia-cudnn-cu12==9.1.0.70")
            .find("and nvidia-cudnn-cu12 has 9.1.0.70: take") != std::string::npos);
  for (const char* const packages : {"'tensorflow[and-cuda]==2.18.0'",
                                     "tensorflow==2.18.0, nvidia-cudnn-cu12==9.3.0.75",
                                     "tensorflow==2.18.0, nvidia-cudnn-cu12",
                                     "onnxruntime-gpu==1.22.1",
                                     "tensorflow==2.18.0, torch==2.6.0"})
    CHECK_MESSAGE(with(older, packages).find("loads CUDA") == std::string::npos, packages);
}

TEST_CASE("cuDNN of a base that does not support a GPU is told, and no such base is named") {
  const auto with = [](std::string_view gpu, std::string_view rest) {
    return told(fmt::format("fleet: [{}]; {}", gpu, rest));
  };
  const char* const on_base =
      "base: 'nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04'; python: {packages: "
      "[tensorflow==2.14.0]}";
  CHECK(with("{gpu: K80, driver: '470.82.01'}", on_base) ==
        "cuDNN 8.9.6.50 for CUDA 11 does not support compute capability 3.7");
  CHECK(with("L4", on_base).empty());
  const std::string slim = with("B200", "python: {packages: [tensorflow==2.14.0]}");
  CHECK(slim.find("neither wheels nor the base bring") != std::string::npos);
  CHECK(slim.find("a base such as") == std::string::npos);
}

TEST_CASE("a URL that names no wheel of its package is told not to be compared") {
  for (const char* const file : {"torch-2.5.1.tar.gz", "tensorflow-2.20.0-py3-none-any.whl"}) {
    CHECK_MESSAGE(
        told(fmt::format("fleet: [L4]; python: {{packages: ['torch @ https://x.example/{}']}}",
                         file)) ==
            "what torch @ URL needs of CUDA was not compared: `mlpack lock` compares its wheels",
        file);
  }
}

TEST_CASE("a version of CUDA that there is none of goes with no framework") {
  const auto with = [](std::string_view cuda) {
    return answer_text(solve(catalog(),
                             demands_in(fmt::format("fleet: [L4]; cuda: '{}'; python: {{packages: "
                                                    "[onnxruntime-gpu==1.22.1]}}",
                                                    cuda))));
  };
  CHECK(with("12.7").starts_with("no: onnxruntime-gpu + CUDA 12.7"));
  CHECK(with("12.9") == "onnxruntime-gpu 1.22.1; driver 525.60.13");
}

TEST_CASE("frameworks are chosen with a Python that they have wheels for") {
  const auto python_of = [](std::string_view package) {
    const auto found = solve(
        catalog(),
        demands_in(fmt::format("fleet: [{{gpu: L4, driver: '550.54.14'}}]; python: {{packages: "
                               "['{}']}}",
                               package)));
    REQUIRE(found.stack);
    return found.stack->base.substr(found.stack->base.rfind('/') + 1) + " " +
           std::string(found.stack->python->text());
  };
  CHECK(python_of("onnxruntime-gpu") == "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12");
  CHECK(python_of("onnxruntime-gpu==1.23.2") == "cuda:12.3.2-cudnn9-runtime-ubuntu22.04 3.10");
  CHECK(python_of("onnxruntime-gpu[cuda,cudnn]==1.22.0") == "python:3.13-slim-trixie 3.13");
  CHECK(python_of("jax[cuda12]==0.5.3") == "python:3.13-slim-trixie 3.13");
  CHECK(python_of("jax[cuda12]==0.4.33") == "python:3.12-slim-trixie 3.12");
}

namespace {

// What is told of wheels with torch on an L4.
Ruling told_first(std::string_view packages) {
  const Resolution found =
      solve(Catalog::built_in(),
            demands_in(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages)));
  REQUIRE_MESSAGE(found.stack, packages);
  REQUIRE_MESSAGE(found.stack->doubts.size() == 1, packages);
  return found.stack->doubts.front();
}

}  // namespace

TEST_CASE("cuDNN that wheels of PyTorch pin is told where a framework refuses it") {
  struct Row {
    const char* packages;
    const char* reason;
    const char* hint;
  };
  const Row rows[] = {
      {"torch==2.9.0, 'jax[cuda12]==0.12.0.1'",
       "jax 0.12.0.1+cuda12 needs cuDNN 9.12 or newer, and torch 2.9.0+cu128 pins 9.10.2.21",
       "take torch 2.11.0+cu128, or jax 0.11.0"},
      {"torch==2.5.1, tensorflow==2.21.0",
       "tensorflow 2.21.0 needs cuDNN 9.3 or newer, and torch 2.5.1+cu124 pins 9.1.0.70",
       "take torch 2.6.0+cu126"},
      {"torch==2.4.1, 'jax[cuda12]==0.8.0'",
       "jax 0.8.0+cuda12 needs cuDNN 9.8 or newer, and torch 2.4.1+cu124 pins 9.1.0.70",
       "take torch 2.8.0+cu126, or jax 0.5.0"},
  };
  for (const Row& row : rows) {
    const Ruling told = told_first(row.packages);
    CHECK(told.verdict == Verdict::no);
    CHECK(told.reason == row.reason);
    CHECK(told.hint == row.hint);
    CHECK(told.evidence.size() == 3);
  }
  for (const char* const packages : {"torch==2.9.0, 'jax[cuda12]==0.11.0'",
                                     "torch==2.6.0, tensorflow==2.21.0",
                                     "torch==2.9.0, 'jax[cpu]==0.12.0.1'"})
    CHECK_MESSAGE(
        told(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages)).find(" cuDNN ") ==
            std::string::npos,
        packages);
}

TEST_CASE("of releases that are not pinned, those are taken that refuse no cuDNN") {
  struct Row {
    const char* driver;
    const char* packages;
    const char* answer;
  };
  const Row rows[] = {
      {"590.44.01", "torch==2.9.0, 'jax[cuda12]'", "torch 2.9.0+cu128; jax 0.11.0+cuda12"},
      {"535.183.01", "torch, 'jax[cuda12]'", "torch 2.14.1+cu126; jax 0.11.0+cuda12"},
      {"535.183.01", "torch, 'jax[cuda12]==0.12.0.1'", "torch 2.11.0+cu129; jax 0.12.0.1+cuda12"},
      {"535.183.01", "'jax[cuda12]', nvidia-cudnn-cu12==9.8.0.87", "jax 0.11.0+cuda12"},
  };
  for (const Row& row : rows) {
    const Resolution found = solve(
        Catalog::built_in(),
        demands_in(fmt::format("fleet: [{{gpu: L4, driver: '{}'}}]; python: {{packages: [{}]}}",
                               row.driver,
                               row.packages)));
    REQUIRE(found.stack);
    CHECK(answer_text(found) == std::string(row.answer) + "; driver 525.60.13");
    for (const Ruling& doubt : found.stack->doubts)
      CHECK_MESSAGE(doubt.verdict != Verdict::no, doubt.reason);
  }
  const Resolution found =
      solve(Catalog::built_in(),
            demands_in("fleet: [L4]; python: {packages: [torch==2.9.0, 'jax[cuda12]']}"));
  REQUIRE(found.stack);
  const auto& because = found.stack->choices.at(1).because;
  CHECK(because.at(1).reason ==
        "not 0.12.0.1+cuda12: jax 0.12.0.1+cuda12 needs cuDNN 9.12 or newer, and torch 2.9.0+cu128 "
        "pins 9.10.2.21");
}

TEST_CASE("a wheel of cuDNN for another CUDA than what was chosen is told") {
  const Ruling told = told_first("torch, nvidia-cudnn-cu12");
  CHECK(
      told.reason ==
      "nvidia-cudnn-cu12 is for CUDA 12, and torch 2.15.0+cu132 for CUDA 13: both would be there");
  CHECK(told.hint == "leave `nvidia-cudnn-cu12` out, or pin a release for its CUDA");
  CHECK(told_first("torch==2.5.1, nvidia-cudnn-cu11==8.9.6.50")
            .reason.starts_with("nvidia-cudnn-cu11 is for CUDA 11, and torch 2.5.1+cu124"));
}

TEST_CASE("a wheel of cuDNN that is named beside wheels with another is told") {
  const auto check = [](std::string_view packages, std::string_view reason, std::string_view hint) {
    const Ruling told = told_first(packages);
    CHECK(told.verdict == Verdict::no);
    CHECK(told.reason == reason);
    CHECK(told.hint == hint);
  };
  check("'tensorflow[and-cuda]==2.21.0', nvidia-cudnn-cu12==9.1.0.70",
        "tensorflow 2.21.0 needs cuDNN 9.3 or newer, and nvidia-cudnn-cu12==9.1.0.70 is asked for",
        "leave `nvidia-cudnn-cu12` out, or pin one from 9.3 on");
  check("'jax[cuda12]==0.11.1', nvidia-cudnn-cu12==9.8.0.87",
        "jax 0.11.1+cuda12 needs cuDNN 9.12 or newer, and nvidia-cudnn-cu12==9.8.0.87 is asked for",
        "leave `nvidia-cudnn-cu12` out, or pin one from 9.12 on");
  check("'jax[cuda12]==0.11.1', nvidia-cudnn-cu12==8.9.7.29",
        "jax 0.11.1+cuda12 needs cuDNN 9.12 or newer, and nvidia-cudnn-cu12==8.9.7.29 is asked for",
        "leave `nvidia-cudnn-cu12` out, or pin one from 9.12 on");
  check("torch==2.5.1, nvidia-cudnn-cu12==8.9.7.29",
        "torch 2.5.1+cu124 pins 9.1.0.70 of cuDNN, and nvidia-cudnn-cu12==8.9.7.29 is asked for",
        "leave `nvidia-cudnn-cu12` out: torch brings its own, 9.1.0.70");
  for (const char* const packages : {"torch==2.5.1, nvidia-cudnn-cu12==9.1.0.70",
                                     "torch==2.0.1, nvidia-cudnn-cu11==8.9.6.50",
                                     "torch==2.5.1, nvidia-cudnn-cu12",
                                     "'jax[cuda12]==0.11.1', nvidia-cudnn-cu12==9.27.0.42"})
    CHECK_MESSAGE(told(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages)).empty(),
                  packages);
}

TEST_CASE("of cuDNN that a lock has, only what was seen counts") {
  const auto doubts = [](DemandSources sources) {
    const Spec spec = spec_in("fleet: [L4]; python: {packages: [x]}");
    const Resolution found =
        solve(Catalog::built_in(), demands_of(Catalog::built_in(), spec, sources));
    REQUIRE(found.stack);
    return found.stack->doubts.size();
  };
  DemandSources asked;
  asked.requirements = {"torch==2.9.0"};
  asked.locked = {"torch==2.5.1", "nvidia-cudnn-cu12==9.1.0.70"};
  CHECK(doubts(asked) == 0);
  // With an override of uv.
  DemandSources seen;
  seen.requirements = {
      "torch==2.9.1+cu128", "nvidia-cudnn-cu12==9.16.0.29", "jax[cuda12]==0.12.0.1"};
  seen.wheels = DemandSources::Wheels::seen;
  CHECK(doubts(seen) == 0);
  seen.requirements[1] = "nvidia-cudnn-cu12==9.10.2.21";
  CHECK(doubts(seen) == 1);
}

TEST_CASE("CUDA in the Python that a base has for itself is a doubt beside CUDA of wheels") {
  const auto with = [](std::string_view base, std::string_view package) {
    return told(
        fmt::format("fleet: [L4]; base: 'pytorch/pytorch:{}-runtime'; python: {{packages: ['{}']}}",
                    base,
                    package));
  };
  CHECK(with("2.5.1-cuda11.8-cudnn9", "torch==2.6.0+cu124") ==
        "pytorch/pytorch:2.5.1-cuda11.8-cudnn9-runtime has CUDA 11.8 in the Python of its own "
        "PyTorch, and 2.6.0+cu124 is for CUDA 12.4: the image has both");
  CHECK(with("2.9.0-cuda12.8-cudnn9", "torch==2.6.0+cu124").empty());
  CHECK(with("2.1.2-cuda12.1-cudnn8", "torch==2.6.0+cu124").empty());
}

TEST_CASE("wheels of cuDNN for another CUDA, of another major, or alone bring nothing") {
  for (const char* const wheel : {"nvidia-cudnn-cu11",
                                  "nvidia-cudnn-cu12==8.9.7.29",
                                  "nvidia-cuda-runtime-cu12",
                                  "nvidia-cudnn-cu12",
                                  "nvidia-cudnn-cu12, nvidia-cufft-cu11"}) {
    const std::string text =
        told(fmt::format("fleet: [L4]; base: python:3.11-slim; python: {{packages: "
                         "[tensorflow==2.18.0, {}]}}",
                         wheel));
    CHECK_MESSAGE(text.find("neither wheels nor the base") != std::string::npos, wheel);
  }
}

namespace {

// What `auto` takes, and the Python on it.
std::string auto_of(std::string_view lines) {
  const Resolution found = solve(Catalog::built_in(), demands_in(lines));
  REQUIRE(found.stack);
  const Stack& stack = *found.stack;
  CHECK(stack.base_packages.empty() == (stack.base.find("/cuda:") == std::string::npos));
  return stack.base.substr(stack.base.rfind('/') + 1) + " " + std::string(stack.python->text());
}

}  // namespace

TEST_CASE("`auto` is an image with CUDA where no wheel brings the libraries") {
  struct Row {
    const char* spec;
    const char* base;
  };
  // nvidia/cuda Dockerfiles: cuDNN 9.2.1 is in 12.5.1, and 9.5.1 in 12.6.3; `python3` of Ubuntu.
  const Row rows[] = {
      {"fleet: [L4]; python: {packages: [tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {version: '3.10', packages: [tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu22.04 3.10"},
      {"fleet: [L4]; python: {version: '3.12', packages: [tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [{gpu: L4, driver: '535.183.01'}]; python: {packages: [tensorflow]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [{gpu: T4, driver: '470.256.02'}]; python: {packages: [tensorflow]}",
       "cuda:11.8.0-cudnn8-runtime-ubuntu22.04 3.10"},
      // With the compat package of an image a newer release would run there.
      {"fleet: [{gpu: A30, driver: '450.51.06'}]; python: {packages: [tensorflow]}",
       "cuda:11.0.3-cudnn8-runtime-ubuntu20.04 3.8"},
      {"fleet: [L4]; python: {packages: [onnxruntime-gpu==1.22.1]}",
       "cuda:12.3.2-cudnn9-runtime-ubuntu22.04 3.10"},
      {"fleet: [L4]; python: {packages: [onnxruntime-gpu]}",
       "cuda:13.0.0-cudnn-runtime-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {packages: [onnxruntime-gpu==1.22.1, tensorflow==2.18.0]}",
       "cuda:12.6.3-cudnn-runtime-ubuntu24.04 3.12"},
      // JAX looks for CUPTI, which is where the compilers are.
      {"fleet: [L4]; python: {version: '3.12', packages: ['jax[cuda12-local]==0.6.0']}",
       "cuda:12.8.1-cudnn-devel-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {version: '3.12', packages: [jax==0.6.0, jax-cuda12-plugin]}",
       "cuda:12.8.1-cudnn-devel-ubuntu24.04 3.12"},
      {"fleet: [L4]; python: {version: '3.12', packages: [jax==0.6.0, "
       "'jax-cuda12-plugin[with_cuda]']}",
       "python:3.12-slim-trixie 3.12"},
      {"fleet: [L4]; python: {version: '3.12', packages: ['jax[cuda12]==0.6.0']}",
       "python:3.12-slim-trixie 3.12"},
      // Wheels have their own, or no image has the Python that is asked for.
      {"fleet: [L4]; python: {version: '3.12', packages: ['tensorflow[and-cuda]==2.18.0']}",
       "python:3.12-slim-trixie 3.12"},
      {"fleet: [L4]; python: {version: '3.11', packages: [tensorflow==2.18.0]}",
       "python:3.11-slim-trixie 3.11"},
      {"fleet: [L4]; python: {version: '3.12.4', packages: [tensorflow==2.18.0]}",
       "python:3.12-slim-trixie 3.12"},
      {"fleet: [cpu]; python: {version: '3.12', packages: [tensorflow==2.18.0]}",
       "python:3.12-slim-trixie 3.12"},
  };
  for (const Row& row : rows)
    CHECK_MESSAGE(auto_of(row.spec) == row.base, row.spec);
}

TEST_CASE("libraries of CUDA that extras or other wheels bring are not missed") {
  for (const char* const packages : {"'tensorflow[and_cuda]==2.18.0'",
                                     "'onnxruntime-gpu[cuda, cudnn]==1.22.1'",
                                     "onnxruntime-gpu==1.22.1, torch==2.6.0",
                                     "onnxruntime-gpu==1.22.1, 'jax[cuda12]==0.6.0'",
                                     "'tensorflow[and-cuda]==2.18.0', onnxruntime-gpu==1.22.1",
                                     "onnxruntime-gpu==1.22.1, nvidia-cudnn-cu12, nvidia-cufft"})
    CHECK_MESSAGE(
        told(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages)).find("loads CUDA") ==
            std::string::npos,
        packages);
  CHECK(told("fleet: [cpu]; python: {packages: [tensorflow==2.18.0]}").empty());
}
