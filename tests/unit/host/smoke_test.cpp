#include "lib/host/smoke.h"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>

using namespace mlpack;

namespace {

using Outcome = Answer::Outcome;

// How work goes on the GPU of tests/unit/host/fake_cuda_run.c.
GpuRun run_on(const std::string& how, double seconds = 20) {
  const std::string library = std::string(FAKES) + "/libfake_cuda_" + how + ".so";
  const auto runs = run_on_gpus({library}, 1, seconds);
  REQUIRE(runs.size() == 1);
  return runs.front();
}

}  // namespace

TEST_CASE("memory is copied and matrices are multiplied, and how fast is measured") {
  const GpuRun run = run_on("works");
  CHECK(run.answer.outcome == Outcome::answered);
  CHECK(run.name == "NVIDIA H100 80GB HBM3");
  CHECK(run.wrong == 0);
  CHECK(run.compared == 172961);
  CHECK(run.copied > 0.3e12);  // of 3e12; the machine that tests may be busy
  CHECK(run.copied < 3.1e12);
  CHECK(run.product > 0.4e13);
  CHECK(run.product < 4.1e13);
  CHECK(run.peak == doctest::Approx(66.9e12).epsilon(0.01));
  CHECK((run.code == GpuRun::Code::binary) == !smoke_fatbin().empty());
}

TEST_CASE("where the driver does not take the binary, it gets the text") {
  const GpuRun run = run_on("old");
  CHECK(run.answer.outcome == Outcome::answered);
  CHECK(run.code == GpuRun::Code::ptx);
}

TEST_CASE("entries that are wrong are counted") {
  CHECK(run_on("wrong").wrong == 3);
}

TEST_CASE("the call that fails and its error are kept") {
  const GpuRun run = run_on("fails");
  CHECK(run.answer.outcome == Outcome::failed);
  CHECK(run.answer.code == 2);
  CHECK(run.call == "cuMemAlloc_v2");
}

TEST_CASE("work that does not end is given up") {
  const auto begin = std::chrono::steady_clock::now();
  CHECK(run_on("hangs", 0.5).answer.outcome == Outcome::hung);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("work that crashes takes its own process alone") {
  const GpuRun run = run_on("crashes");
  CHECK(run.answer.outcome == Outcome::crashed);
  CHECK(run.answer.code == SIGABRT);
}

TEST_CASE("a libcuda that is not there, or has no such GPU, is told apart") {
  CHECK(run_on("none").answer.outcome == Outcome::missing);
  const std::string library = std::string(FAKES) + "/libfake_cuda_works.so";
  const auto runs = run_on_gpus({library}, 2, 20);
  CHECK(runs[0].answer.outcome == Outcome::answered);
  CHECK(runs[1].answer.outcome == Outcome::failed);
  CHECK(runs[1].call == "cuDeviceGet");
  CHECK(run_on_gpus({library}, 0, 20).empty());
}

TEST_CASE("the kernels are there as text, and compiled they are a fatbin") {
  CHECK(std::string(smoke_ptx()).find(".visible .entry mlpack_product(") != std::string::npos);
  CHECK((smoke_fatbin().empty() || smoke_fatbin().starts_with("\x50\xED\x55\xBA")));
}
