#include "lib/resolve/asked_packages.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("an index of PyTorch's has one build") {
  CHECK(index_build("https://download.pytorch.org/whl/cu118") == "cu118");
  CHECK(index_build("https://user@mirror.example/pytorch/whl/cpu/") == "cpu");
  for (const char* const other : {"https://download.pytorch.org/whl",
                                  "https://pypi.org/simple",
                                  "https://example.org/cu118",
                                  "https://download.pytorch.org/whl/nightly/cu130",
                                  "https://example.org/whl/rocm6.2"})
    CHECK(index_build(other).empty());
}

TEST_CASE("torch is of the index that is named") {
  const auto of = [](std::string_view index, std::string_view package) {
    return answer_text(solve(
        Catalog::built_in(),
        demands_in(fmt::format(R"(fleet: [{{gpu: L4, driver: "535.183.01"}}]; )"
                               R"(python: {{index_url: "https://download.pytorch.org/whl/{}", )"
                               R"(packages: ["{}"]}})",
                               index,
                               package))));
  };
  CHECK(of("cu118", "torch") == "torch 2.7.1+cu118; driver 520");
  CHECK(of("cu118", "torch==2.5.1") == "torch 2.5.1+cu118; driver 520");
  CHECK(of("cu121", "torch==2.5.1+cu121") == "torch 2.5.1+cu121; driver 525.60.13");
  CHECK(of("cu118", "torch==2.5.1+cu121") ==
        "no: torch==2.5.1+cu121 -> take torch 2.5.1 instead of torch==2.5.1+cu121");
  CHECK(of("cu121", "torch==2.9.0+cu128") ==
        "no: torch==2.9.0+cu128 -> take torch 2.5.1 instead of torch==2.9.0+cu128");
  CHECK(of("cpu", "torch==2.5.1+cu121") ==
        "no: torch==2.5.1+cu121 -> take torch 2.5.1 instead of torch==2.5.1+cu121");
  CHECK(of("cpu", "torch==2.5.1") == "torch 2.5.1+cpu");
  CHECK(of("cu130", "torch") ==
        "no: torch from whl/cu130 + L4 + driver 535.183.01 of L4 -> name a base with the compat "
        "package: `base: nvidia/cuda:13.0.3-base-ubuntu24.04`");
  CHECK(of("cu118", "torch==2.9.0") ==
        "no: torch==2.9.0 -> take torch 2.7.1 instead of torch==2.9.0");
}

// Wheels of torch 2.9.0+cu129 are named with their hashes in public repositories (alibaba/rtp-llm).
TEST_CASE("a build that releases before and after have may have been overlooked") {
  const std::string_view told = "of torch 2.9.0 the catalog knows cu126, cu128, cu130; cu129";
  const auto doubts = [](std::string_view python) {
    return doubts_of(fmt::format("fleet: [L4]; python: {{{}}}", python));
  };
  CHECK(doubts("packages: ['torch==2.9.0+cu129']").find(told) != std::string::npos);
  CHECK(doubts("index_url: 'https://download.pytorch.org/whl/cu129', packages: ['torch==2.9.0']")
            .find(told) != std::string::npos);
  for (const char* const build : {"2.9.0+cu118", "2.5.1+cu130"}) {
    const std::string lines =
        fmt::format("fleet: [L4]; python: {{packages: ['torch=={}']}}", build);
    CHECK_FALSE(solve(Catalog::built_in(), demands_in(lines)).stack);
  }
}

TEST_CASE("a build of torch for GPUs of others runs on none of NVIDIA's") {
  const auto answer = [](std::string_view fleet, std::string_view python) {
    return solve(Catalog::built_in(),
                 demands_in(fmt::format("fleet: [{}]; python: {{{}}}", fleet, python)));
  };
  const std::string label = "packages: ['torch==2.9.0+rocm6.4']";
  const std::string index =
      "index_url: 'https://DOWNLOAD.pytorch.org/whl/xpu/', packages: ['torch']";
  CHECK(answer_text(answer("L4", label)) ==
        "no: L4 + torch==2.9.0+rocm6.4 -> take torch 2.9.0 instead of "
        "torch==2.9.0+rocm6.4");
  const Resolution of_index = answer("L4", index);
  CHECK(answer_text(of_index) == "no: torch + L4 -> look for torch elsewhere than on whl/xpu");
  CHECK(of_index.conflicts.at(0).because.at(0).reason ==
        "what whl/xpu has of torch is built for GPUs of Intel");
  CHECK(answer("cpu", label).stack);
  CHECK(answer("cpu", index).stack);
}

// PEP 440, local version identifiers; uv, "Searching across multiple indexes".
TEST_CASE("an index with builds for GPUs of others beside another is told") {
  const auto told = [](std::string_view fleet,
                       std::string_view package,
                       std::string_view more,
                       const std::vector<std::string>& extra) {
    const Spec spec =
        spec_in(fmt::format("fleet: [{}]; python: {{packages: [{}]{}}}", fleet, package, more));
    DemandSources sources;
    sources.requirements = spec.python->value.packages;
    sources.extra_index_urls = extra;
    if (!extra.empty()) sources.builds = PackageDemand::Builds::any;
    const Resolution found =
        solve(Catalog::built_in(), demands_of(Catalog::built_in(), spec, sources));
    REQUIRE(found.stack);
    const auto& doubts = found.stack->doubts;
    return std::count_if(doubts.begin(), doubts.end(), [](const Ruling& doubt) {
      return doubt.reason.find("for GPUs of AMD: uv looks there before") != std::string::npos;
    });
  };
  const std::string rocm = "https://download.pytorch.org/whl/rocm6.4";
  const std::string in_spec = fmt::format(", extra_index_urls: ['{}']", rocm);
  CHECK(told("L4", "torch==2.9.0", "", {rocm}) == 1);
  CHECK(told("L4", "torch", in_spec, {}) == 1);
  CHECK(told("L4", "torch", in_spec, {rocm + "/"}) == 1);
  CHECK(
      told("L4", "torch", ", index_url: 'https://download.pytorch.org/whl/cu126'" + in_spec, {}) ==
      1);
  CHECK(told("L4", "torch==2.9.0+cu126", "", {rocm}) == 0);
  CHECK(told("cpu", "torch==2.9.0", "", {rocm}) == 0);
  CHECK(told("L4", "numpy", "", {rocm}) == 0);
}

TEST_CASE("an index of PyTorch's that is named beside another has the higher version") {
  const auto of = [](std::string_view extra, std::string_view package) {
    return answer_text(
        solve(Catalog::built_in(),
              demands_in(fmt::format(R"(fleet: [{{gpu: L4, driver: "535.183.01"}}]; )"
                                     R"(python: {{extra_index_urls: [{}], packages: ["{}"]}})",
                                     extra,
                                     package))));
  };
  const std::string cu118 = "\"https://download.pytorch.org/whl/cu118\"";
  const std::string cu121 = "\"https://download.pytorch.org/whl/cu121\"";
  CHECK(of(cu118, "torch==2.5.1") == "torch 2.5.1+cu118; driver 520");
  CHECK(of(cu121, "torch>=2.4,<2.6") == "torch 2.5.1+cu121; driver 525.60.13");
  CHECK(of(cu118, "torch==2.5.1+cu121") ==
        "no: torch==2.5.1+cu121 -> take torch 2.5.1 instead of torch==2.5.1+cu121");
  CHECK(of(cu118 + ", " + cu121, "torch==2.5.1+cu121") == "torch 2.5.1+cu121; driver 525.60.13");
  CHECK(of(cu121, "torch==2.9.0") == "torch 2.9.0+cu128; driver 525.60.13");
  CHECK(of("\"https://download.pytorch.org/whl/cpu\"", "torch==2.5.1") == "torch 2.5.1+cpu");
  CHECK(of("\"https://download.pytorch.org/whl/cu130\"", "torch==2.9.0") ==
        "no: torch from whl/cu130 + L4 + torch==2.9.0 + driver 535.183.01 of L4 -> take torch "
        "2.8.0 instead of torch==2.9.0");
  CHECK(of(cu118 + ", " + cu121, "torch==2.5.1") == "torch 2.5.1+cu118; driver 520");
  CHECK(of(cu121 + ", " + cu118, "torch==2.5.1") == "torch 2.5.1+cu121; driver 525.60.13");
  DemandSources sources;
  sources.index_url = "https://download.pytorch.org/whl/cu130";
  sources.requirements = {"torch==2.5.1"};
  sources.extra_index_urls = {"https://download.pytorch.org/whl/cu118/"};
  CHECK(answer_text(solve(Catalog::built_in(),
                          demands_of(Catalog::built_in(),
                                     spec_in("fleet: [L4]; python: {packages: [x]}"),
                                     sources))) == "torch 2.5.1+cu118; driver 520");
}

TEST_CASE("of several indexes of PyTorch's uv takes the first and pip the highest version") {
  const auto of = [](std::string_view machine, std::string_view indexes, std::string_view package) {
    std::vector<std::string> urls;
    for (const std::string_view index : split(indexes, ' '))
      urls.push_back(fmt::format("\"https://download.pytorch.org/whl/{}\"", index));
    const Resolution found =
        solve(Catalog::built_in(),
              demands_in(fmt::format(
                  R"(fleet: [{{{}}}]; python: {{extra_index_urls: [{}], packages: ["{}"]}})",
                  machine,
                  join(urls, ", "),
                  package)));
    std::string text = answer_text(found);
    for (const Ruling& doubt : found.stack ? found.stack->doubts : std::vector<Ruling>())
      text += "; " + doubt.reason;
    return text;
  };
  CHECK(of("gpu: L4", "cu126 cu130", "torch==2.9.0") ==
        "torch 2.9.0+cu126; driver 525.60.13; several of the indexes that are named have torch "
        "2.9.0: uv takes 2.9.0+cu126, of the first, and pip 2.9.0+cu130, the highest version");
  CHECK(of("gpu: L4", "cu130 cu126", "torch==2.9.0") == "torch 2.9.0+cu130; driver 580.65.06");
  CHECK(of("gpu: L4, driver: '535.183.01'", "cu130 cu126", "torch==2.9.0")
            .starts_with("no: torch from whl/cu130, whl/cu126 + L4 + torch==2.9.0 + driver"));
  CHECK(of("gpu: V100", "cu126 cu130", "torch==2.9.0").starts_with("torch 2.9.0+cu126"));
  CHECK(of("gpu: L4", "cu118 cu130", "torch==2.9.0") ==
        "torch 2.9.0+cu130; driver 580.65.06; uv looks for torch on whl/cu118 alone, the first of "
        "the indexes that are named, and does not find 2.9.0 there: pip takes it from another");
  CHECK(of("gpu: L4", "cpu cu130", "torch==2.9.0").starts_with("torch 2.9.0+cpu; torch 2.9.0+cpu"));
  CHECK(of("gpu: L4", "cu130 cpu", "torch==2.9.0") == "torch 2.9.0+cu130; driver 580.65.06");
}

TEST_CASE("torch is what the indexes have that the spec names, also without a GPU") {
  const auto of = [](std::string_view fleet, std::string_view python) {
    const Resolution found = solve(
        Catalog::built_in(), demands_in(fmt::format("fleet: [{}]; python: {{{}}}", fleet, python)));
    std::string text = answer_text(found);
    for (const Ruling& doubt : found.stack ? found.stack->doubts : std::vector<Ruling>())
      text += "; " + doubt.reason;
    return text;
  };
  const std::string pypi = "index_url: \"https://pypi.org/simple\", packages: ";
  const std::string other = "index_url: \"https://wheels.example/simple\", packages: ";
  const std::string cu128 = "index_url: \"https://download.pytorch.org/whl/cu128\", packages: ";
  CHECK(of("cpu", "packages: [torch==2.9.0]") == "torch 2.9.0+cpu");
  CHECK(of("cpu", pypi + "[torch==2.9.0]") == "torch 2.9.0+cu128");
  CHECK(of("cpu", pypi + "[\"torch<2.6\"]") == "torch 2.5.1+cu124");
  CHECK(of("cpu", cu128 + "[torch==2.9.0]") == "torch 2.9.0+cu128");
  CHECK(of("cpu", other + "[torch==2.9.0]") == "torch 2.9.0");
  CHECK(of("cpu",
           "extra_index_urls: [\"https://wheels.example/simple\"], packages: [torch==2.9.0]") ==
        "torch 2.9.0");
  CHECK(of("cpu", cu128 + "[torch==2.5.1]") ==
        "no: torch==2.5.1 -> take torch 2.7.0 instead of torch==2.5.1");
  CHECK(of("L4", pypi + "[torch==2.9.0]") == "torch 2.9.0+cu128; driver 525.60.13");
  CHECK(of("L4", pypi + "[torch==2.9.0+cu128]").starts_with("no: torch==2.9.0+cu128"));
  CHECK(of("{gpu: L4, driver: '535.183.01'}", pypi + "[torch==2.11.0]")
            .starts_with("no: torch from PyPI + L4 + torch==2.11.0 + driver 535.183.01 of L4"));
  CHECK(of("L4", other + "[torch==2.9.0]") ==
        "torch 2.9.0+cu130; driver 580.65.06; which build of torch 2.9.0 comes of the indexes that "
        "the spec names is not known");
}

TEST_CASE("what an index of nightly builds has is not compared") {
  const auto of = [](std::string_view python) {
    const Resolution found =
        solve(Catalog::built_in(),
              demands_in(fmt::format("fleet: [{{gpu: L4, driver: '535.183.01'}}]; python: {{{}}}",
                                     python)));
    std::string text = answer_text(found);
    for (const Ruling& doubt : found.stack ? found.stack->doubts : std::vector<Ruling>())
      text += "; " + doubt.reason;
    return text;
  };
  const std::string nightly = "\"https://download.pytorch.org/whl/nightly/cu130\"";
  CHECK(of("index_url: " + nightly + ", packages: [torch]") ==
        "; what torch needs of CUDA was not compared: `mlpack lock` compares its wheels");
  CHECK(of("extra_index_urls: [" + nightly + "], packages: [torch]") ==
        "; what torch needs of CUDA was not compared: `mlpack lock` compares its wheels");
  CHECK(of("extra_index_urls: [" + nightly + "], packages: [torch==2.9.0]") ==
        "torch 2.9.0+cu128; driver 525.60.13; which build of torch 2.9.0 comes of the indexes that "
        "the spec names is not known");
}
