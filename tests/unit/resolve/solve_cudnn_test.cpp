#include "lib/resolve/solve.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("cuDNN of a base or of wheels that is older than what a framework loads is told") {
  const auto with = [](std::string_view base, std::string_view packages) {
    return doubts_of(
        fmt::format("fleet: [L4]; base: '{}'; python: {{packages: [{}]}}", base, packages));
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
    return doubts_of(fmt::format("fleet: [{}]; {}", gpu, rest));
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
    CHECK_MESSAGE(doubts_of(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages))
                          .find(" cuDNN ") == std::string::npos,
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
  const Ruling told = told_first("torch==2.15.0, nvidia-cudnn-cu12");
  CHECK(
      told.reason ==
      "nvidia-cudnn-cu12 is for CUDA 12, and torch 2.15.0+cu132 for CUDA 13: both would be there");
  CHECK(told.hint == "leave `nvidia-cudnn-cu12` out, or pin a release for its CUDA");
  CHECK(told_first("torch==2.9.0, nvidia-cudnn-cu11==8.9.6.50")
            .reason.starts_with("nvidia-cudnn-cu11 is for CUDA 11, and torch 2.9.0+cu"));
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
    CHECK_MESSAGE(
        doubts_of(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages)).empty(),
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

TEST_CASE("wheels of cuDNN for another CUDA, of another major, or alone bring nothing") {
  for (const char* const wheel : {"nvidia-cudnn-cu11",
                                  "nvidia-cudnn-cu12==8.9.7.29",
                                  "nvidia-cuda-runtime-cu12",
                                  "nvidia-cudnn-cu12",
                                  "nvidia-cudnn-cu12, nvidia-cufft-cu11"}) {
    const std::string text =
        doubts_of(fmt::format("fleet: [L4]; base: python:3.11-slim; python: {{packages: "
                              "[tensorflow==2.18.0, {}]}}",
                              wheel));
    CHECK_MESSAGE(text.find("neither wheels nor the base") != std::string::npos, wheel);
  }
}
