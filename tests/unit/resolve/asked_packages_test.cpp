#include "lib/resolve/asked_packages.h"

#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Lines = std::vector<std::string>;

// Of a spec with `lines`, what is asked for by `requirements` and bound by `constraints`.
Demands asked(std::string_view lines, Lines requirements, Lines constraints = {}) {
  const Spec spec = spec_in(lines);
  DemandSources sources;
  sources.requirements = std::move(requirements);
  sources.constraints = std::move(constraints);
  return demands_of(Catalog::built_in(), spec, sources);
}

std::string packages_text(const Demands& demands) {
  Lines texts;
  for (const PackageDemand& package : demands.packages)
    texts.push_back(package.text());
  for (const std::string& line : demands.undecided)
    texts.push_back("? " + line);
  return join(texts, " | ");
}

std::string packages_of(Lines requirements, Lines constraints = {}) {
  return packages_text(asked(R"(platform: linux/amd64; python: {version: "3.9", packages: [x]})",
                             std::move(requirements),
                             std::move(constraints)));
}

std::string answer_to(std::string_view lines, Lines requirements, Lines constraints = {}) {
  return answer_text(
      solve(Catalog::built_in(), asked(lines, std::move(requirements), std::move(constraints))));
}

constexpr const char* on_old_driver =
    R"(platform: linux/amd64; fleet: [{gpu: A100, driver: "535.183.01"}]; python: {packages: [x]})";

}  // namespace

TEST_CASE("requirements whose markers do not hold do not count") {
  CHECK(packages_of({"torch==2.5.1; python_version < '3.10'",
                     "torch==2.14.0; python_version >= '3.10'"}) == "torch==2.5.1");
  CHECK(packages_of({"torch==2.5.1; platform_machine == 'x86_64'",
                     "torch==2.9.0; platform_machine == 'aarch64'"}) == "torch==2.5.1");
  CHECK(packages_of({"torch==2.5.1; sys_platform == 'win32'"}).empty());
  CHECK(packages_of({"torch==2.5.1; no marker"}) == "torch==2.5.1");
  CHECK(packages_of({"torch==2.5.1; python_full_version >= '3.9.7'"}) ==
        "? torch==2.5.1; python_full_version >= '3.9.7'");
}

TEST_CASE("what a marker leaves open is told, and is not compared") {
  const Demands open = asked("platform: linux/amd64; python: {packages: [x]}",
                             {"torch==2.5.1; python_version < '3.10'",
                              "torch==2.14.0; python_version >= '3.10'",
                              "numpy; python_version < '3.10'"});
  CHECK(packages_text(open) ==
        "torch | ? torch==2.5.1; python_version < '3.10' | "
        "? torch==2.14.0; python_version >= '3.10'");
  const Demands part = asked("platform: [linux/amd64, linux/arm64]; python: {packages: [x]}",
                             {"torch==2.5.1; platform_machine == 'x86_64'"});
  CHECK(packages_text(part) == "? torch==2.5.1; platform_machine == 'x86_64'");
  const Resolution found = solve(Catalog::built_in(), part);
  REQUIRE(found.stack);
  REQUIRE(found.stack->doubts.size() == 1);
  CHECK(found.stack->doubts.front().reason ==
        "whether `torch==2.5.1; platform_machine == 'x86_64'` counts depends on the image: what it "
        "needs was not compared");
}

TEST_CASE("several lines about one package hold together") {
  CHECK(packages_of({"torch>=2.5", "torch<2.8"}) == "torch<2.8,>=2.5");
  CHECK(packages_of({"torch>=2.5", "torch==2.5.1", "torch"}) == "torch==2.5.1");
  CHECK(packages_of({"torch==2.5.1", "torch==2.5.1+cu121"}) == "torch==2.5.1+cu121");
  CHECK(packages_of({"torch===2.5.1"}) == "torch==2.5.1");
  CHECK(packages_of({"jax[cuda12]", "jax==0.6.0"}) == "jax[cuda12]==0.6.0");
  CHECK(packages_of({"torch==2.5.*", "torch!=2.5.0"}) == "torch!=2.5.0,==2.5.*");
  CHECK(packages_of({"torch==2.5.1", "torch==2.6.0"}) == "torch==2.5.1 | torch==2.6.0");
}

TEST_CASE("lines that contradict each other are a conflict which names both") {
  CHECK(answer_to(on_old_driver, {"torch==2.5.1", "torch==2.6.0"}) ==
        "no: torch==2.5.1 + torch==2.6.0 -> take torch 2.6.0 instead of torch==2.5.1");
  CHECK(answer_to(on_old_driver, {"torch<2.5", "torch>=2.6"}) ==
        "no: torch<2.5 + torch>=2.6 -> take torch 2.6.0 instead of torch<2.5");
  CHECK(answer_to(on_old_driver, {"torch==2.5.1,==2.6.0"}) ==
        "no: torch==2.5.1,==2.6.0 -> take torch 2.5.1 instead of torch==2.5.1,==2.6.0");
}

TEST_CASE("constraints bind what is asked for, and ask for nothing") {
  CHECK(packages_of({"torch"}, {"torch==2.3.1", "jax==0.6.0"}) == "torch==2.3.1");
  CHECK(packages_of({"torch==2.5.1"}, {"torch<2.5"}) == "torch<2.5 | torch==2.5.1");
  CHECK(packages_of({"torch"}, {"torch==2.3.1; python_version > '3.9'"}) == "torch");
}

TEST_CASE("a reference to a wheel pins what its name says") {
  CHECK(packages_of({"torch @ https://example.org/whl/torch-2.9.0%2Bcu130-cp312-cp312-"
                     "manylinux_2_28_x86_64.whl#sha256=00"}) == "torch==2.9.0+cu130");
  CHECK(packages_of({"torch @ https://example.org/t.tar.gz"}).empty());
  CHECK(answer_to(on_old_driver,
                  {"torch @ https://example.org/torch-2.9.0%2Bcu130-cp312-cp312-"
                   "manylinux_2_28_x86_64.whl"}) ==
        "no: torch + A100 SXM 40GB + torch==2.9.0+cu130 + driver 535.183.01 of A100 SXM 40GB -> "
        "take torch 2.9.0 instead of torch==2.9.0+cu130");
}

TEST_CASE("a wheel that is named is for the Python of its tag") {
  const auto in = [](std::string_view more, std::string_view tags) {
    return answer_to(
        fmt::format("platform: linux/amd64; python: {{packages: [x]{}}}", more),
        {fmt::format("torch @ https://a.example/torch-2.5.1-{}-linux_x86_64.whl", tags)});
  };
  CHECK(in("", "cp310-cp310") == "torch 2.5.1+cpu");
  CHECK(in(", version: '3.10'", "cp310-cp310") == "torch 2.5.1+cpu");
  CHECK(in(", version: '3.11'", "cp310-cp310").starts_with("no: Python 3.11 + torch==2.5.1"));
  CHECK(in(", version: '3.11'", "cp310-abi3") == "torch 2.5.1+cpu");
  CHECK(in(", version: '3.11'", "py3-none") == "torch 2.5.1+cpu");
  CHECK(in(", version: '3.9'", "cp310-abi3").starts_with("no: Python 3.9 + torch==2.5.1"));
  CHECK(in(", version: '3.11'", "cp310.cp311-cp310.cp311") == "torch 2.5.1+cpu");
  CHECK(in(", version: '3.11'", "py311-none") == "torch 2.5.1+cpu");
  CHECK(in(", version: '3.11'", "py2-none").starts_with("no: torch==2.5.1"));
  CHECK(in("", "cp312-cp312t").starts_with("no: torch==2.5.1"));
}

TEST_CASE("that a wheel is not for the Python or the platform is told by its tags") {
  const auto in = [](std::string_view more, std::string_view tags) {
    const Resolution found =
        solve(Catalog::built_in(),
              asked(more, {fmt::format("torch @ https://a.example/torch-2.5.1-{}.whl", tags)}));
    std::string text = found.stack ? "fits" : answer_text(found.conflicts.front());
    text = text.substr(0, text.find(" -> "));
    for (const Ruling& ruling : found.stack ? found.stack->doubts : found.conflicts.front().because)
      text += "; " + ruling.reason;
    return text;
  };
  constexpr const char* amd64 = "platform: linux/amd64; python: {packages: [x]}";
  constexpr const char* on_bookworm =
      "platform: linux/amd64; base: {debian: bookworm}; python: {packages: [x]}";
  CHECK(in("platform: linux/amd64; python: {packages: [x], version: '3.11'}",
           "cp313-cp313-linux_x86_64") ==
        "no: Python 3.11 + torch==2.5.1; torch==2.5.1 is a wheel: its tag cp313 wants Python 3.13, "
        "and Python is 3.11");
  CHECK(
      in(on_bookworm, "cp312-abi3-linux_x86_64") ==
      "no: base bookworm + torch==2.5.1; torch==2.5.1 is a wheel: its tag cp312-abi3 wants Python "
      "3.12 or newer, and bookworm has Python 3.11");
  CHECK(in(amd64, "cp312-cp312t-linux_x86_64") ==
        "no: torch==2.5.1; torch==2.5.1 is a wheel: its tag cp312t wants Python 3.12 without its "
        "global lock, which no image has");
  CHECK(in(amd64, "cp312-cp312-win_amd64") ==
        "no: torch==2.5.1; torch==2.5.1 is a wheel: its tag win_amd64 is for no image");
  CHECK(in(amd64, "cp312-cp312-macosx_11_0_arm64.macosx_12_0_arm64") ==
        "no: torch==2.5.1; torch==2.5.1 is a wheel: its tags macosx_11_0_arm64, macosx_12_0_arm64 "
        "are for no image");
  CHECK(in(amd64, "cp312-cp312-manylinux_2_28_aarch64") ==
        "no: platform linux/amd64 + torch==2.5.1; torch==2.5.1 is a wheel: its tag "
        "manylinux_2_28_aarch64 is not for linux/amd64");
  CHECK(in("platform: [linux/amd64, linux/arm64]; python: {packages: [x]}",
           "cp312-cp312-manylinux_2_28_aarch64")
            .starts_with("no: platform linux/amd64, linux/arm64 + torch==2.5.1"));
  CHECK(in("platform: linux/arm64; python: {packages: [x]}",
           "cp312-cp312-manylinux_2_17_x86_64.manylinux_2_17_aarch64") == "fits");
  CHECK(in("fleet: [GH200]; python: {packages: [x]}", "cp312-cp312-linux_x86_64")
            .starts_with("no: GH200 96GB + torch==2.5.1; torch==2.5.1 is a wheel"));
  CHECK(in("fleet: [GH200, H100]; python: {packages: [x]}", "cp312-cp312-linux_aarch64")
            .starts_with("no: GH200 96GB + H100 SXM 80GB + torch==2.5.1; torch==2.5.1 is a wheel: "
                         "its tag linux_aarch64 is not for linux/amd64"));
  CHECK(in("fleet: [L4]; python: {packages: [x]}", "cp312-cp312-linux_riscv64")
            .find("its tag linux_riscv64 is not for linux/") != std::string::npos);
}

TEST_CASE("a build that PyTorch has not published is a conflict, and elsewhere a doubt") {
  const auto in = [](std::string_view more) {
    return solve(Catalog::built_in(),
                 demands_in(fmt::format(
                     R"(fleet: [L4]; python: {{packages: ["torch==2.5.1+cu130"]{}}})", more)));
  };
  const Resolution refused = in("");
  CHECK(answer_text(refused) ==
        "no: torch==2.5.1+cu130 -> take torch 2.5.1 instead of torch==2.5.1+cu130");
  REQUIRE(!refused.conflicts.empty());
  CHECK(refused.conflicts.front().because.front().reason ==
        "of torch 2.5.1 the catalog knows cu118, cu121, cu124; cu130 is not among them");
  const Resolution elsewhere = in(", extra_index_urls: [\"https://wheels.example/simple\"]");
  CHECK(answer_text(elsewhere) == "torch 2.5.1+cu130; driver 580.65.06");
  REQUIRE(elsewhere.stack);
  CHECK(elsewhere.stack->doubts.back().reason ==
        "of torch 2.5.1 the catalog knows cu118, cu121, cu124; cu130 is not among them");
}

TEST_CASE("a build without CUDA is told where there are GPUs") {
  const Resolution found =
      solve(Catalog::built_in(), demands_in("fleet: [L4]; python: {packages: [torch==2.5.1+cpu]}"));
  CHECK(answer_text(found) == "torch 2.5.1+cpu");
  REQUIRE(found.stack);
  REQUIRE(found.stack->doubts.size() == 1);
  CHECK(found.stack->doubts.front().reason == "torch 2.5.1+cpu has no CUDA: it uses no GPU");
  const Resolution both = solve(
      Catalog::built_in(),
      demands_in("fleet: [L4]; python: {packages: [torch==1.13.0+cpu, \"jax[cuda12]==0.11.1\"]}"));
  CHECK(answer_text(both).find("take torch 2.2.0+cpu instead of torch==1.13.0+cpu") !=
        std::string::npos);
}

TEST_CASE("a build for CUDA that is pinned is known where there is no GPU") {
  const Resolution found = solve(
      Catalog::built_in(), demands_in("fleet: [cpu]; python: {packages: [torch==2.9.0+cu128]}"));
  CHECK(answer_text(found) == "torch 2.9.0+cu128");
  REQUIRE(found.stack);
  CHECK(found.stack->doubts.empty());
  CHECK(answer_text(solve(Catalog::built_in(),
                          demands_in("fleet: [cpu]; python: {packages: [torch==2.9.0]}"))) ==
        "torch 2.9.0+cpu");
  CHECK(answer_text(solve(Catalog::built_in(),
                          demands_in("fleet: [cpu]; python: {packages: [torch==2.9.0+cu118]}")))
            .starts_with("no: torch==2.9.0+cu118"));
}

TEST_CASE("what a runtime needs that is a package is told not to be compared") {
  for (const char* const package : {"sglang==0.5.3",
                                    "tensorrt-llm",
                                    "vllm==0.30.0+cu129",
                                    "onnxruntime-rocm",
                                    "tensorflow-rocm==2.14.0.600"}) {
    CHECK(doubts_of(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", package)) ==
          fmt::format("what {} needs of CUDA was not compared: `mlpack lock` compares its wheels",
                      package));
  }
  CHECK(doubts_of("fleet: [L4]; python: {packages: [vllm==0.30.0]}").empty());
  CHECK(doubts_of("fleet: [L4]; python: {packages: [vllm==0.7.3]}") ==
        "no document says what CUDA vllm 0.7.3 has: it is taken for that of torch 2.5.1, 12.4");
  CHECK(doubts_of("fleet: [L4]; python: {packages: [vllm==0.16.0]}") ==
        "vllm 0.16.0 is not in the catalog: what it needs was not compared");
  CHECK(doubts_of("fleet: [cpu]; python: {packages: [vllm==0.30.0]}").empty());
}

TEST_CASE("a specifier holds nothing where its bounds exclude each other") {
  for (const char* const text : {"",
                                 "==2.5.1",
                                 ">2.5,<2.5.1",
                                 ">=2.5,<=2.5",
                                 "!=2.5",
                                 "~=2.5.1",
                                 ">=2.5rc1,<2.5",
                                 "<0.1",
                                 "==2.*,!=2.5",
                                 "===2.5.1+cu121"})
    CHECK_MESSAGE(can_hold(text), text);
  for (const char* const text :
       {"==2.5.1,==2.6", ">=2.6,<2.5", ">2.5,<2.5", "==2.5.*,<2.5", "~=2.5.1,>=2.6"})
    CHECK_MESSAGE(!can_hold(text), text);
}

TEST_CASE("what libraries of CUDA beside a release rule out is not offered in its place") {
  const auto answer = [](std::string_view lines) {
    return answer_text(solve(Catalog::built_in(), demands_in(lines)));
  };
  const std::string_view packages =
      "python: {packages: [torch==2.5.1, nvidia-cuda-runtime-cu12==12.1.105]}";
  CHECK(answer(fmt::format("fleet: [L4]; cuda: '12.4'; {}", packages)) ==
        "no: torch + CUDA 12.4 -> take CUDA 12.1 instead of 12.4");
  // That of another major has another wheel of the runtime.
  CHECK(answer(fmt::format("fleet: [RTX 5090]; {}", packages)) ==
        "no: torch + RTX 5090 + torch==2.5.1 -> take torch 2.9.0 instead of torch==2.5.1");
}
