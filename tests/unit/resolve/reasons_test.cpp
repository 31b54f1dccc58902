#include "lib/resolve/solve.h"
#include "lib/resolve/stack_image.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

Resolution solved(std::string_view lines, const std::string& as_of = "") {
  Demands demands = demands_in(lines);
  demands.as_of = as_of;
  return solve(Catalog::built_in(), demands);
}

// Of the first conflict, a reason a line.
std::string reasons_of(const Resolution& resolution) {
  REQUIRE_FALSE(resolution.conflicts.empty());
  std::vector<std::string> texts;
  for (const Ruling& ruling : resolution.conflicts.front().because)
    texts.push_back(ruling_text(ruling));
  return join(texts, "\n");
}

std::string why(const Resolution& resolution, std::string_view what) {
  REQUIRE(resolution.stack);
  for (const Choice& choice : resolution.stack->choices) {
    if (choice.what == what) return choice.because.front().reason;
  }
  return {};
}

}  // namespace

TEST_CASE("a Python that the base has not is a matter of the base, whatever there are wheels for") {
  for (const char* const more : {"", "fleet: [L4]; "}) {
    CHECK(reasons_of(solved(fmt::format(
              "{}python: {{version: '3.12', packages: [torch]}}; base: {{debian: bookworm}}",
              more))) == "bookworm has Python 3.11 (distros debian-12)");
  }
  CHECK(reasons_of(solved("python: {version: '3.12', packages: [six]}; base: python:3.11-slim")) ==
        "python:3.11-slim has Python 3.11");
  CHECK(reasons_of(solved("python: {packages: [torch==2.4.0]}; base: {debian: trixie}")) ==
        "torch 2.4.0+cpu has wheels for Python 3.8, 3.9, 3.10, 3.11, 3.12, not 3.13, which trixie "
        "has (torch 2.4.0)");
}

TEST_CASE("an empty base has no Python") {
  const Resolution found = solved("python: {packages: [torch]}; base: scratch");
  CHECK(answer_text(found) == "no: base scratch -> let mlpack choose the base: `base: auto`");
  CHECK(reasons_of(found) == "`scratch` has no Python, and `python` is for one that the base has");
  CHECK(solved("base: scratch; fleet: [L4]; cuda: '12.6'").stack);
}

TEST_CASE("the reasons of a conflict are about what is in it") {
  const Resolution found = solved(
      "python: {version: '3.9', packages: [torch==2.9.0, 'jax[cuda12]==0.9.0']}; fleet: [L4]");
  REQUIRE(found.conflicts.size() == 2);
  CHECK(answer_text(found.conflicts[0]).starts_with("no: torch + Python 3.9 + torch==2.9.0"));
  CHECK(reasons_of(found) ==
        "torch 2.9.0+cu130 has wheels for Python 3.10, 3.11, 3.12, 3.13, "
        "3.14, not 3.9 (torch_builds 2.9.0+cu130)");
  CHECK(reasons_of(solved("python: {packages: [tensorflow, torch, 'jax[cuda13]']}; fleet: [L4]"))
            .starts_with("jax 0.12.0.1+cuda13 and tensorflow 2.21.0 do not go together: "));
}

TEST_CASE("what is in no catalog, or was not out, is told as that") {
  CHECK(reasons_of(solved("cuda: '19.1'; fleet: [L4]")) == "no CUDA 19.1 is in the catalog");
  CHECK(reasons_of(solved("python: {packages: [torch]}; fleet: [L4]", "2012-06-01")) ==
        "no torch is in the catalog that was released by 2012-06-01");
}

TEST_CASE("of what is pinned and came out after the day of a plan that is told") {
  constexpr const char* day = "2025-01-01";
  const auto doubt = [&](std::string_view lines) {
    const Resolution found = solved(lines, day);
    REQUIRE(found.stack);
    REQUIRE(!found.stack->doubts.empty());
    return found.stack->doubts.front().reason;
  };
  CHECK(doubt("python: {packages: [torch==2.9.0]}; fleet: [L4]") ==
        "torch 2.9.0 came out in 2025-10, after 2025-01-01: what it needs was not compared");
  CHECK(doubt("python: {packages: ['torch>=2.9']}; fleet: [L4]") ==
        "torch 2.9.0 came out in 2025-10, after 2025-01-01: what it needs was not compared");
  CHECK(doubt("python: {packages: [torch==9.9.9]}; fleet: [L4]") ==
        "torch 9.9.9 is not in the catalog: what it needs was not compared");
  CHECK(doubt("runtime: {name: vllm, version: 0.11.0}; fleet: [L4]")
            .starts_with("vllm 0.11.0 is of parts that came out in 2025-"));
  CHECK(reasons_of(solved("cuda: '12.9'; fleet: [L4]", day))
            .starts_with("CUDA 12.9 came out in 2025-"));
}

TEST_CASE("reasons are about the release that is pinned") {
  CHECK(reasons_of(solved("runtime: {name: tgi, version: 3.0.0}; fleet: [L4]; python: {packages: "
                          "[torch==2.9.0]}"))
            .starts_with("tgi 3.0.0 pins torch 2."));
  CHECK(reasons_of(solved("runtime: tgi; fleet: [L4]; python: {packages: [torch==2.9.0]}"))
            .starts_with("tgi 3.3.7 pins torch 2.7.0"));
}

TEST_CASE("why something is the newest is said of the machines and days that there are") {
  constexpr const char* torch = "python: {packages: [torch]}";
  CHECK(why(solved(torch), "torch") == "the newest, within what is pinned");
  CHECK(why(solved(std::string(torch) + "; fleet: [L4]"), "torch") ==
        "the newest that runs on the whole fleet, within what is pinned");
  CHECK(why(solved(std::string(torch) + "; fleet: [L4]", "2025-06-01"), "torch") ==
        "the newest by 2025-06-01 that runs on the whole fleet, within what is pinned");
  CHECK(why(solved("runtime: nim; fleet: [H100]; base: nvcr.io/nim/x:1"), "nim") ==
        "its releases are not in the catalog: it is that of the base");
}

TEST_CASE("an image that the spec names has the release that its tag says") {
  for (const char* const base : {"vllm/vllm-openai:v0.11.0",
                                 "docker.io/vllm/vllm-openai:v0.11.0",
                                 "registry.example.com/mirror/vllm-openai:v0.11.0"}) {
    const std::string lines = fmt::format("runtime: vllm; fleet: [L4]; base: '{}'", base);
    const Resolution found = solved(lines);
    CHECK(answer_text(found) == "vllm 0.11.0; driver 525.60.13");
    CHECK(why(found, "vllm") == "the base has it");
    CHECK(found.stack->doubts.empty());
  }
  const Resolution other = solved(
      "runtime: {name: vllm, version: 0.20.0}; fleet: [L4]; base: 'vllm/vllm-openai:v0.11.0'");
  CHECK(answer_text(other) ==
        "no: vllm + base vllm/vllm-openai:v0.11.0 + vllm 0.20.0 -> take vllm 0.11.0 instead of "
        "vllm 0.20.0");
  CHECK(reasons_of(other) ==
        "vllm/vllm-openai:v0.11.0 has vllm 0.11.0, not 0.20.0 (runtime_releases vllm-0.11.0)");
  const Resolution unknown = solved("runtime: vllm; fleet: [L4]; base: 'example.com/own:1'");
  CHECK(answer_text(unknown) == "vllm 0.33.0; driver 580.65.06");
  REQUIRE(unknown.stack->doubts.size() == 1);
  CHECK(unknown.stack->doubts[0].reason ==
        "which vllm example.com/own:1 has is not known, and it is taken for 0.33.0: `runtime: "
        "{name: vllm, version: …}` says it");
}

TEST_CASE("reasons of several conflicts that are the same sentence say what each is about") {
  const auto conflicts_on = [](std::string_view fleet) {
    return solved(fmt::format("python: {{packages: [torch==2.9.0+cu130]}}; fleet: [{}]", fleet))
        .conflicts;
  };
  const std::string too_old =
      "CUDA 13.0 runs on driver 580.65.06 and newer; this one is 535.183.01";
  const auto machines = conflicts_on(
      R"({gpu: RTX 3090, driver: "535.183.01"}, {gpu: RTX 4090, driver: "535.183.01"}, )"
      R"({gpu: RTX 2080 Ti, driver: "535.183.01"})");
  REQUIRE(machines.size() == 3);
  std::set<std::string> reasons;
  for (const Conflict& conflict : machines)
    reasons.insert(conflict.because.at(0).reason);
  CHECK(reasons.contains("RTX 3090: " + too_old));
  CHECK(reasons.contains("RTX 4090: " + too_old));
  CHECK(reasons.contains("RTX 2080 Ti: " + too_old));
  const auto one = conflicts_on(R"({gpu: RTX 3090, driver: "535.183.01"})");
  REQUIRE(one.size() == 1);
  CHECK(one[0].because.at(0).reason == too_old);
}

TEST_CASE("CUDA is of the first that is known to have one") {
  const Resolution found = solved("python: {packages: [torch==9.9.9, 'jax[cuda12]']}; fleet: [L4]");
  REQUIRE(found.stack);
  CHECK(found.stack->choices[found.stack->cuda_from].what == "jax");
}

TEST_CASE("a build whose spec contradicts itself does not speak of machines") {
  const auto message = [](std::string_view lines) {
    return std::string(conflict_error(solved(lines)).what());
  };
  CHECK(message("python: {version: '3.12', packages: [torch]}; base: {debian: bookworm}") ==
        "nothing is as the spec wants it: base bookworm + Python 3.12 do not go together: bookworm "
        "has Python 3.11");
  CHECK(message("runtime: tgi; fleet: [B200]").starts_with("nothing runs on the whole fleet: "));
}

TEST_CASE("of several conflicts it is told what ends all of them") {
  const auto hint = [](std::string_view lines) { return conflict_error(solved(lines)).hint(); };
  const Resolution together = solved(
      "fleet: [{gpu: V100, driver: '595.58.03'}]; cuda: '11.4'; python: {packages: "
      "[torch==2.14.0]}; base: 'python:3.12-slim'");
  REQUIRE(together.conflicts.size() > 1);
  CHECK(together.together.size() > 1);
  CHECK(together.conflicts.front().fixes.front().ends == Fix::Ends::this_conflict);
  CHECK(answer_text(solve(Catalog::built_in(), together.together.back().demands)) ==
        "torch 2.14.0+cu126; driver 525.60.13");
  CHECK(hint("fleet: [{gpu: V100, driver: '595.58.03'}]; cuda: '11.4'; python: {packages: "
             "[torch==2.14.0]}; base: 'python:3.12-slim'") ==
        "take CUDA 12.6 instead of 11.4, and keep V100 SXM2 16GB on driver branch 580");
  CHECK(hint("fleet: [L4]; python: {version: '3.9', packages: [torch==2.9.0, "
             "'jax[cuda12]==0.9.0']}") == "take Python 3.11 instead of 3.9");
}

TEST_CASE("of machines with one GPU those are named that a change is about") {
  const Resolution found = solved(
      "fleet: [{gpu: L4, driver: '470.256.02'}, {gpu: L4, driver: '535.183.01'}]; python: "
      "{packages: [torch]}");
  REQUIRE(found.conflicts.size() == 1);
  REQUIRE(found.conflicts.front().fixes.size() == 3);
  CHECK(found.conflicts.front().fixes[1].text ==
        "take L4 with driver 470.256.02 out of `fleet`, and build an image of its own for it");
  CHECK(found.conflicts.front().fixes[2].text ==
        "run it on A10 instead of L4 with driver 470.256.02");
}

TEST_CASE("a CUDA version that no part of the image has is told") {
  const auto warnings = [](std::string_view lines) {
    const Demands demands = demands_in(lines);
    Plan plan;
    apply_stack(Catalog::built_in(), *solved(lines).stack, demands, plan);
    return plan.warnings;
  };
  const auto found = warnings("cuda: '12.6'; python: {packages: [torch]}");
  REQUIRE(found.size() == 1);
  CHECK(found[0].what == "`cuda` changes nothing");
  CHECK(warnings("cuda: '12.6'; python: {packages: [torch]}; fleet: [L4]").empty());
  CHECK(warnings("cuda: '12.6'").empty());
  const auto idle = warnings("cuda: '12.6'; python: {packages: [torch==2.8.0+cpu]}; fleet: [L4]");
  REQUIRE_FALSE(idle.empty());
  CHECK(idle.back().why == "what is in `python` is built for processors, and has no CUDA");
}

TEST_CASE("what ends a doubt is said with it") {
  const auto fix = [](std::string_view lines) {
    Plan plan;
    apply_stack(Catalog::built_in(), *solved(lines).stack, demands_in(lines), plan);
    REQUIRE_FALSE(plan.warnings.empty());
    return plan.warnings.front().fix;
  };
  CHECK(fix("python: {packages: [jax==0.9.0]}; fleet: [L4]") ==
        "name a build with CUDA if it should use the GPUs");
  CHECK(fix("fleet: [{gpu: L4, driver: '535.183.01'}]; base: 'vllm/vllm-openai:v0.30.0'; runtime: "
            "vllm")
            .starts_with("ask these machines with `nvidia-ctk --version`"));
  CHECK(fix("runtime: {name: vllm, version: 0.99.0}; fleet: [L4]") ==
        "try the image on one of these machines first");
}

TEST_CASE("what has no date is no older than what is in it, nor than what has a lower number") {
  const auto chosen = [](std::string_view lines, const char* day) {
    const Resolution found = solved(lines, day);
    return found.stack ? found.stack->choices.front().chosen : answer_text(found);
  };
  CHECK(chosen("runtime: vllm; fleet: [L4]", "2026-10-31") == "0.32.0");
  CHECK(chosen("runtime: vllm; fleet: [L4]", "2026-09-30") == "0.30.0");
  CHECK(chosen("runtime: vllm; fleet: [L4]", "2024-12-31") == "0.7.3");
  CHECK(chosen("runtime: vllm; fleet: [L4]", "2015-01-01") == "no: vllm");
  CHECK(chosen("cuda: '13.0'; fleet: [L4]", "2024-12-31") ==
        "no: CUDA 13.0 -> take CUDA 12.6 instead of 13.0");
  CHECK(chosen("fleet: [L4]", "2024-12-31") == "12.6");
  const Resolution found = solved("runtime: vllm; fleet: [L4]", "2026-09-30");
  REQUIRE_FALSE(found.stack->doubts.empty());
  CHECK(found.stack->doubts.front().reason == "no document says when vllm 0.30.0 was released");
  CHECK(solved("runtime: vllm; fleet: [L4]", "2026-10-31").stack->doubts.empty());
}

TEST_CASE("bases of other distributions are known by their names, too") {
  for (const char* const base :
       {"alpine:3.20", "alpine", "python:3.12-alpine3.20", "python:3.12-alpine"}) {
    const Resolution found = solved(fmt::format("python: {{packages: [torch]}}; base: '{}'", base));
    CHECK(answer_text(found) ==
          fmt::format("no: torch + base {} -> let mlpack choose the base: `base: auto`", base));
    CHECK(reasons_of(found).find("musl") != std::string::npos);
  }
  CHECK(answer_text(solved("python: {packages: [torch]}; base: 'amazonlinux:2'")) ==
        "torch 2.6.0+cpu");
}

TEST_CASE("a Python that no image is made of any more has the last image") {
  for (const char* const python : {"3.8", "3.9"}) {
    const Resolution found =
        solved(fmt::format("python: {{version: '{}', packages: [torch]}}", python));
    REQUIRE(found.stack);
    CHECK(found.stack->base == fmt::format("docker.io/library/python:{}-slim", python));
  }
}

TEST_CASE("why a newer one does not go with the rest is said") {
  const auto why_not = [](std::string_view lines) {
    const Resolution found = solved(lines);
    REQUIRE(found.stack);
    return found.stack->choices.front().because.at(1).reason;
  };
  CHECK(why_not("base: {debian: bullseye}; python: {packages: [tensorflow]}") ==
        "not 2.21.0: it has no wheels for Python 3.9");
  CHECK(why_not("python: {packages: [torch==2.9.0, tensorflow==2.18.0]}; fleet: [B200]") ==
        "not 2.9.0+cu130: it is for CUDA 13, and the rest for CUDA 12");
}

TEST_CASE("of releases that are pinned the reason is about these") {
  CHECK(reasons_of(
            solved("python: {packages: [onnxruntime-gpu==1.20.0]}; cuda: '13.0'; fleet: [L4]")) ==
        "1.20.0 is for CUDA 12.0 (frameworks onnxruntime-1.20)");
  CHECK(reasons_of(solved("python: {packages: [tensorflow==2.16.1, onnxruntime-gpu]}; fleet: [L4]"))
            .find("cuDNN 8 and cuDNN 9") != std::string::npos);
}

TEST_CASE("of a release that the base has the reason is what it has") {
  CHECK(reasons_of(solved("base: vllm/vllm-openai:v0.11.0; runtime: vllm; cuda: '13.0'; "
                          "fleet: [L4]")) ==
        "0.11.0 is for CUDA 12.8 (runtime_releases vllm-0.11.0)");
}

TEST_CASE("a CUDA that nothing goes with is told by the nearest that there is") {
  const Resolution of_torch = solved("python: {packages: [torch]}; cuda: '12.5'; fleet: [L4]");
  CHECK(reasons_of(of_torch).find("+cu126 is for CUDA 12.6") != std::string::npos);
  CHECK(answer_text(of_torch) == "no: torch + CUDA 12.5 -> take CUDA 12.6 instead of 12.5");
  // TensorFlow takes any later CUDA of its major.
  const std::string_view both =
      "python: {packages: [torch, 'tensorflow[and-cuda]']}; cuda: '13.0'; fleet: [L4]";
  CHECK(answer_text(solved(both)) ==
        "no: tensorflow + CUDA 13.0 -> take CUDA 12.9 instead of 13.0");
  CHECK(reasons_of(solved(both)) == "2.21.0 is for CUDA 12.5 (frameworks tensorflow-2.21.0)");
}

TEST_CASE("a release that is pinned is the one that a reason speaks of, in the conflict or not") {
  CHECK(reasons_of(solved("python: {packages: [torch==2.5.1]}; base: 'python:3.12-alpine'")) ==
        "manylinux1_x86_64 is for glibc, and alpine-3.24 has musl (distros alpine-3.24; facts "
        "wheel.musl; facts wheel.multi_tag)");
  CHECK(reasons_of(solved("runtime: {name: vllm, version: 0.11.0}; fleet: [P100]")) ==
        "vllm 0.11.0 needs compute capability 7.0; this is 6.0 (Pascal) (runtime_releases "
        "vllm-0.11.0)");
  CHECK(reasons_of(solved("runtime: vllm; fleet: [P100]"))
            .starts_with("vllm 0.33.0 needs compute capability 7.5; "));
  CHECK(reasons_of(solved("python: {packages: ['torch<2.6']}; base: 'alpine:3.20'"))
            .starts_with("manylinux1_x86_64 is for glibc"));
}

TEST_CASE("of a base with CUDA the driver is what is wrong, not a CUDA that nobody asked for") {
  Demands demands = demands_in(R"(fleet: [{gpu: L4, driver: "525.53"}])");
  demands.base = base_demand(
      Catalog::built_in(), BaseReference{"nvidia/cuda:12.9.1-base-ubuntu24.04"}, std::nullopt);
  demands.base->compat = CompatInImage::no;
  const Resolution found = solve(Catalog::built_in(), demands);
  REQUIRE(found.conflicts.size() == 1);
  REQUIRE(!found.conflicts.front().because.empty());
  CHECK(found.conflicts.front().because.front().reason ==
        "CUDA 12.9.1 runs on driver 525.60.13 and newer; this one is 525.53");
}
