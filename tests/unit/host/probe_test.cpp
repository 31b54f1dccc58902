#include "lib/host/probe.h"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>

using namespace mlpack;

namespace {

using Outcome = Answer::Outcome;

std::string fake(const std::string& name) {
  return std::string(FAKES) + "/libfake_" + name + ".so";
}

ProbeFacts probe(const std::string& nvml, const std::string& cuda, double seconds = 20) {
  return parse_probe(probe_libraries({{fake(nvml)}, {fake(cuda)}, seconds}));
}

}  // namespace

TEST_CASE("NVML is asked for every GPU") {
  const ProbeFacts facts = probe("nvml", "cuda");
  CHECK(facts.nvml.answer.outcome == Outcome::answered);
  CHECK(facts.nvml.driver->text() == "550.54.15");
  CHECK(facts.nvml.cuda->text() == "12.4");
  REQUIRE(facts.nvml.gpus.size() == 2);
  const NvmlGpu& gpu = facts.nvml.gpus[0];
  CHECK(gpu.code == 0);
  CHECK(gpu.name == "NVIDIA A100-SXM4-80GB");
  CHECK(gpu.address == "0000:18:00.0");
  CHECK(gpu.capability->text() == "8.0");
  CHECK(gpu.memory == 85899345920U);
  CHECK(gpu.mig == 1U);
  CHECK(gpu.slices == std::vector<std::string>{"NVIDIA A100-SXM4-80GB MIG 3g.40gb"});
  CHECK_FALSE(gpu.ecc);
  CHECK(facts.nvml.gpus[1].code == 15);
}

TEST_CASE("the error of libcuda is kept") {
  const ProbeFacts facts = probe("nvml", "cuda");
  CHECK(facts.cuda.answer.outcome == Outcome::failed);
  CHECK(facts.cuda.answer.code == 802);
  CHECK(facts.cuda.version->text() == "12.4");
}

TEST_CASE("a library that hangs is given up, and what it said before is kept") {
  const auto begin = std::chrono::steady_clock::now();
  const ProbeFacts facts = probe("nvml_hangs", "cuda", 0.3);
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took < std::chrono::seconds(10));
  CHECK(facts.nvml.answer.outcome == Outcome::hung);
  CHECK(facts.nvml.driver->text() == "550");
  CHECK(facts.cuda.answer.code == 802);
}

TEST_CASE("a library that crashes takes its own process alone") {
  const ProbeFacts facts = probe("nvml_crashes", "cuda");
  CHECK(facts.nvml.answer.outcome == Outcome::crashed);
  CHECK(facts.nvml.answer.code == SIGABRT);
  CHECK(facts.cuda.answer.code == 802);
}

TEST_CASE("a library that is not there is told apart") {
  const ProbeFacts facts = probe("none", "none");
  CHECK(facts.nvml.answer.outcome == Outcome::missing);
  CHECK(facts.cuda.answer.outcome == Outcome::missing);
}
