#include "lib/resolve/rules_library.h"

#include "tests/unit/resolve/rules_support.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

struct CudnnQuestion {
  std::string_view cudnn;
  std::string_view cuda;
  std::string_view gpu;
  Verdict expected;
};

// Source: NVIDIA cuDNN Support Matrix 8.9.6, 9.0.0, 9.5.1, 9.10.2, 9.17.0, 9.25.1; for 9.11.0,
// which has no Maxwell, Pascal and Volta any more, PyTorch's issue 162574.
const CudnnQuestion cudnn_questions[] = {
    {"8.9.6.50", "12.2", "P40", yes},      {"8.9.6.50", "11.8", "V100", yes},
    {"8.9.7.29", "12.2", "L4", yes},       {"8.9.6.50", "12.2", "RTX 5090", unknown},
    {"8.3.1.22", "11.8", "V100", unknown}, {"9.1.0.70", "12.4", "P100", yes},
    {"9.5.1.17", "12.6", "H100", yes},     {"9.7.1.26", "12.8", "V100", yes},
    {"9.10.2.21", "12.8", "V100", yes},    {"9.10.2.21", "12.8", "P40", yes},
    {"9.10.2.21", "11.8", "P100", yes},    {"9.13.0.50", "12.8", "V100", no},
    {"9.13.0.50", "12.8", "T4", yes},      {"9.17.1.4", "12.8", "V100", no},
    {"9.17.1.4", "12.8", "P100", no},      {"9.17.1.4", "12.9", "P40", no},
    {"9.28.0.42", "12.9", "V100", no},     {"9.17.0", "13.0", "T4", yes},
    {"9.20.0.48", "13.0", "V100", no},     {"9.26.0.51", "13.2", "RTX 5090", yes},
    {"9.26.0.51", "13.2", "V100", no},     {"9.1.0.70", "99.0", "L4", unknown},
};

struct NewerQuestion {
  std::vector<std::string> requirements;
  std::string_view fleet;
  std::string_view answer;
};

// What is not in the catalog is judged by what is pinned beside it (facts torch.variant_libs,
// cuda.minor_version; NVIDIA cuDNN Support Matrix).
const NewerQuestion newer_questions[] = {
    {{"torch==99.0.0"}, "{gpu: A100, driver: \"470.256.02\"}", "torch 99.0.0"},
    {{"torch==99.0.0", "nvidia-cuda-runtime==13.0.96"},
     "{gpu: L4, driver: \"580.95.05\"}",
     "torch 99.0.0; driver 580.65.06"},
    {{"torch==99.0.0", "cuda-toolkit[cudart]==13.2.2", "nvidia-cuda-runtime==13.2.75"},
     "L4",
     "torch 99.0.0; driver 580.65.06"},
    {{"torch==99.0.0", "nvidia-cuda-runtime-cu12==12.6.77"},
     "{gpu: L4, driver: \"535.183.01\"}",
     "torch 99.0.0; driver 525.60.13"},
    {{"torch==99.0.0+cu126"},
     "{gpu: L4, driver: \"535.183.01\"}",
     "torch 99.0.0+cu126; driver 525.60.13"},
    {{"torch==99.0.0", "nvidia-cuda-runtime==13.0.96"},
     "{gpu: L4, driver: \"535.183.01\"}",
     "no: torch + L4 + torch==99.0.0 + driver 535.183.01 of L4 -> take torch 2.14.1 "
     "instead of torch==99.0.0"},
    {{"torch==99.0.0", "nvidia-cuda-runtime-cu12==12.8.90", "nvidia-cudnn-cu12==9.28.0.42"},
     "V100",
     "torch 99.0.0; driver 525.60.13"},
    {{"torch==99.0.0", "nvidia-cuda-runtime-cu12==12.8.90", "nvidia-cudnn-cu12==9.10.2.21"},
     "V100",
     "torch 99.0.0; driver 525.60.13"},
    {{"torch==2.9.1", "nvidia-cuda-runtime-cu12==12.6.77"},
     "L4",
     "torch 2.9.1+cu126; driver 525.60.13"},
    {{"torch==2.9.1"}, "L4", "torch 2.9.1+cu130; driver 580.65.06"},
    {{"torch==99.0.0", "nvidia-cuda-runtime-cu12==12.8.90", "nvidia-cuda-runtime==13.0.96"},
     "{gpu: A100, driver: \"470.256.02\"}",
     "torch 99.0.0"},
    {{"torch>=99", "nvidia-cuda-runtime==13.0.96"}, "L4", "torch >=99"},
};

Resolution solved(const NewerQuestion& question, const std::vector<std::string>& locked = {}) {
  const std::string text = fmt::format(
      "schema: 1\nname: x\nfleet: [{}]\npython: {{packages: [torch]}}\n", question.fleet);
  DemandSources sources;
  sources.requirements = question.requirements;
  sources.locked = locked;
  return solve(catalog(), demands_of(catalog(), parse_spec(text, "/project/mlpack.yaml"), sources));
}

}  // namespace

TEST_CASE("cuDNN supports the GPUs of its support matrix") {
  for (const CudnnQuestion& question : cudnn_questions) {
    const Version device = gpu(question.gpu).compute_capability;
    check_answer(
        cudnn_runs(catalog(), version(question.cudnn), version(question.cuda), device),
        question.expected,
        fmt::format("cuDNN {} for CUDA {} on {}", question.cudnn, question.cuda, question.gpu));
  }
}

TEST_CASE("what a release of cuDNN supports rests on the documents around it") {
  const Ruling ruling =
      cudnn_runs(catalog(), version("9.6.0.74"), version("12.8"), gpu("B200").compute_capability);
  CHECK(ruling.reason ==
        "cuDNN 9.6.0.74 for CUDA 12 is not known to support compute capability 10.0");
  REQUIRE(ruling.evidence.size() == 2);
  CHECK(ruling.evidence[0]->at("cudnn") == "9.5.1");
  CHECK(ruling.evidence[1]->at("cudnn") == "9.10.2");
}

TEST_CASE("a release that is newer than the catalog is judged by what is pinned beside it") {
  for (const NewerQuestion& question : newer_questions) {
    CHECK_MESSAGE(answer_text(solved(question)) == question.answer,
                  join(question.requirements, ", "),
                  " on ",
                  std::string(question.fleet));
  }
}

TEST_CASE("what was read of a newer release, and what was not, is told") {
  const auto read = solved({{"torch==99.0.0", "nvidia-cuda-runtime==13.0.96"}, "L4", ""});
  REQUIRE(read.stack);
  REQUIRE(read.stack->doubts.size() == 1);
  CHECK(
      read.stack->doubts[0].reason ==
      "torch 99.0.0 with CUDA 13.0 is not in the catalog: its CUDA version is what its own wheels "
      "say, and which GPUs they have code for is seen when they are built in");
  const auto unread = solved({{"torch==99.0.0"}, "L4", ""});
  REQUIRE(unread.stack);
  CHECK(unread.stack->doubts[0].reason ==
        "torch 99.0.0 is not in the catalog: what it needs was not compared");
}

TEST_CASE("a lock beside the spec says what a newer release needs, of that release alone") {
  const NewerQuestion question{{"torch==99.0.0"}, "{gpu: L4, driver: \"535.183.01\"}", ""};
  CHECK(answer_text(solved(question, {"torch==99.0.0", "nvidia-cuda-runtime==13.0.96"}))
            .starts_with("no: torch + L4"));
  CHECK(answer_text(solved(question, {"torch==98.0.0", "nvidia-cuda-runtime==13.0.96"})) ==
        "torch 99.0.0");
}

TEST_CASE("a lock keeps to its build of a known release, and yields to what asks for another") {
  const std::vector<std::string> locked{"torch==2.9.1", "nvidia-cuda-runtime-cu12==12.8.90"};
  const auto answer = [&](std::string_view fleet) {
    return answer_text(solved({{"torch==2.9.1"}, fleet, ""}, locked));
  };
  CHECK(answer("L4") == "torch 2.9.1+cu128; driver 525.60.13");
  CHECK(answer("P40") == "torch 2.9.1+cu126; driver 525.60.13");
  const Spec spec = spec_in(R"(fleet: [L4]; cuda: "12.6"; python: {packages: [torch==2.9.1]})");
  DemandSources sources;
  sources.requirements = spec.python->value.packages;
  sources.locked = locked;
  CHECK(answer_text(solve(catalog(), demands_of(catalog(), spec, sources))) ==
        "torch 2.9.1+cu126; driver 525.60.13");
}

TEST_CASE("a release of which one build was seen may have others") {
  const auto found = solve(catalog(),
                           demands_in(R"(fleet: [{gpu: L4, driver: "580.65.06"}]; cuda: "13.0"; )"
                                      R"(python: {packages: [torch==2.15.0]})"));
  REQUIRE(found.stack);
  CHECK(answer_text(found) == "torch 2.15.0+cu130; driver 580.65.06");
  REQUIRE(found.stack->doubts.size() == 1);
  CHECK(found.stack->doubts[0].reason ==
        "of torch 2.15.0 only cu132 is in the catalog: whether there is a build for CUDA 13.0 is "
        "not known");
  const std::string known = answer_text(
      solve(catalog(), demands_in(R"(fleet: [L4]; cuda: "13.0"; python: {packages: [torch]})")));
  CHECK(known == "torch 2.14.1+cu130; driver 580.65.06");
}

TEST_CASE("a front end of cuDNN is not cuDNN") {
  const auto cudnn = [](const std::string& line) {
    const Spec spec = spec_in("python: {packages: [torch==99.0.0]}");
    DemandSources sources;
    sources.requirements = {"torch==99.0.0", "nvidia-cuda-runtime==13.0.96", line};
    const std::optional<Version> found =
        demands_of(catalog(), spec, sources).packages.front().cudnn;
    return found ? std::string(found->text()) : "";
  };
  CHECK(cudnn("nvidia-cudnn-frontend==1.14.1") == "");
  CHECK(cudnn("nvidia-cudnn==9.10.2.21") == "9.10.2.21");
  CHECK(cudnn("nvidia-cudnn-cu13==9.10.2.21") == "9.10.2.21");
}

TEST_CASE("a plugin of JAX that is pinned beside it says which build it is") {
  const auto jax = [](const std::vector<std::string>& requirements) {
    const Spec spec = spec_in("python: {packages: [jax]}");
    DemandSources sources;
    sources.requirements = requirements;
    return demands_of(catalog(), spec, sources).packages.front().text();
  };
  CHECK(jax({"jax==0.9.0", "jax-cuda12-pjrt==0.9.0", "jax-cuda12-plugin==0.9.0"}) ==
        "jax[cuda12]==0.9.0");
  CHECK(jax({"jax==0.9.0", "jax-cuda12-plugin==0.9.0", "jax-cuda13-plugin==0.9.0"}) ==
        "jax[cuda]==0.9.0");
  CHECK(jax({"jax[cuda13]==0.9.0", "jax-cuda12-plugin==0.9.0"}) == "jax[cuda13]==0.9.0");
  CHECK(jax({"jax==0.9.0", "jax-plugin==1", "jax-metal-plugin==1"}) == "jax==0.9.0");
}

TEST_CASE("cuDNN that does not support a GPU of the fleet is told as that") {
  const auto found = solve(
      catalog(), demands_in("fleet: [K80, T4]; python: {packages: [\"torch==2.4.0+cu118\"]}"));
  REQUIRE(found.stack);
  std::size_t doubts = 0;
  for (const Ruling& doubt : found.stack->doubts) {
    if (doubt.evidence.empty() || doubt.evidence.front()->table != "cudnn") continue;
    CHECK(doubt.verdict == Verdict::no);
    CHECK(doubt.reason == "cuDNN 9.1.0.70 for CUDA 11 does not support compute capability 3.7");
    ++doubts;
  }
  CHECK(doubts == 1);
}

TEST_CASE("cuDNN that a framework needs at least, or that is pinned, is held against the GPUs") {
  const auto told = [](std::string_view gpu, std::string_view packages) {
    const auto found =
        solve(catalog(),
              demands_in(fmt::format("fleet: [{}]; python: {{packages: [{}]}}", gpu, packages)));
    REQUIRE(found.stack);
    std::string text;
    for (const Ruling& doubt : found.stack->doubts) {
      if (!doubt.evidence.empty() && doubt.evidence.front()->table == "cudnn") text += doubt.reason;
    }
    return text;
  };
  CHECK(told("V100", "'jax[cuda12]==0.11.1'") ==
        "cuDNN 9.12.0.46 for CUDA 12 does not support compute capability 7.0");
  CHECK(told("T4", "'jax[cuda12]==0.11.1'").empty());
  for (const char* const packages : {"'jax[cuda12]==0.11.0'",
                                     "'tensorflow[and-cuda]==2.18.0'",
                                     "'tensorflow[and-cuda]==2.18.0', nvidia-cudnn-cu12==9.5.1.17",
                                     "'onnxruntime-gpu[cuda,cudnn]==1.22.1'"})
    CHECK_MESSAGE(told("V100", packages).empty(), packages);
  CHECK(told("V100", "'tensorflow[and-cuda]==2.18.0', nvidia-cudnn-cu12==9.28.0.42") ==
        "cuDNN 9.28.0.42 for CUDA 12 does not support compute capability 7.0");
  CHECK(told("V100", "'jax[cpu]==0.11.1'").empty());
}

TEST_CASE("cuDNN of another major in the base is a doubt") {
  const auto doubts = [](std::string_view base, std::string_view package = "torch==2.5.1") {
    const auto found =
        solve(catalog(),
              demands_in(
                  fmt::format("fleet: [L4]; base: {}; python: {{packages: [{}]}}", base, package)));
    REQUIRE(found.stack);
    std::string text;
    for (const Ruling& doubt : found.stack->doubts)
      text += doubt.reason;
    return text;
  };
  CHECK(doubts("nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04") ==
        "nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04 has cuDNN 8.9.6.50, and 2.5.1+cu124 brings "
        "cuDNN 9: a program may load both");
  CHECK(
      doubts("nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04", "tensorflow==2.15.0") ==
      "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04 has cuDNN 9.5.1.17, and 2.15.0 loads cuDNN 8");
  CHECK(doubts("nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04").empty());
  CHECK(doubts("nvidia/cuda:12.2.2-runtime-ubuntu22.04").empty());
}
