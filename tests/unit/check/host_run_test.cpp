#include "lib/check/host_run.h"

#include <doctest/doctest.h>

#include <csignal>

using namespace mlpack;

namespace {

using Outcome = Answer::Outcome;

GpuRun run_of(const std::string& name) {
  GpuRun run;
  run.answer.outcome = Outcome::answered;
  run.name = name;
  run.copied = 2.9e12;
  run.product = 4e13;
  run.peak = 6.6e13;
  run.compared = 1000;
  return run;
}

Findings findings_of(const GpuRun& run) {
  return check_host_run(Catalog::built_in(), {run});
}

}  // namespace

TEST_CASE("what a healthy GPU does is told, compared with its datasheet") {
  const Findings findings = findings_of(run_of("NVIDIA H100 80GB HBM3"));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].id == "run-rates");
  CHECK(findings[0].what ==
        "GPU 0 (NVIDIA H100 80GB HBM3) copies 2900 GB/s (87 % of its datasheet's) and multiplies "
        "with 40.0 TFLOP/s");
  CHECK(findings[0].why == "1000 entries of a product of 32-bit matrices were right");
}

TEST_CASE("a slice of a GPU and one that the catalog does not have are compared with nothing") {
  for (const std::string name : {"NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA Mystery 9000"}) {
    GpuRun run = run_of(name);
    run.copied = 1e9;
    const Findings findings = findings_of(run);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what ==
          "GPU 0 (" + name + ") copies 1 GB/s and multiplies with 40.0 TFLOP/s");
  }
}

TEST_CASE("a GPU that is slower than it should be is warned of") {
  GpuRun run = run_of("NVIDIA H100 80GB HBM3");
  run.copied = 1e12;
  run.product = 5e12;
  const Findings findings = findings_of(run);
  REQUIRE(findings.size() == 3);
  CHECK(findings[1].id == "run-slow-memory");
  CHECK(findings[1].what == "GPU 0 (NVIDIA H100 80GB HBM3) copies 30 % of what its datasheet says");
  CHECK(findings[2].id == "run-slow");
  CHECK(findings[2].what == "GPU 0 (NVIDIA H100 80GB HBM3) multiplies at 8 % of what it could");
  CHECK(findings[2].level == Finding::Level::warning);
}

TEST_CASE("a GPU that computes wrongly is an error, however fast it is") {
  GpuRun run = run_of("NVIDIA L4");
  run.wrong = 7;
  const Findings findings = findings_of(run);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].id == "run-wrong");
  CHECK(findings[0].level == Finding::Level::error);
  CHECK(findings[0].why == "7 of 1000 entries of a matrix product were not right");
}

TEST_CASE("work that fails, hangs or crashes is an error") {
  GpuRun run;
  run.index = 3;
  run.call = "cuMemAlloc_v2";
  run.answer = {Outcome::failed, 2};
  CHECK(findings_of(run).front().what == "cuMemAlloc_v2 of CUDA on GPU 3 ends with error 2");
  run.answer = {Outcome::hung, 0};
  CHECK(findings_of(run).front().what == "work on GPU 3 does not end");
  run.answer = {Outcome::crashed, SIGSEGV};
  CHECK(findings_of(run).front().what == "work on GPU 3 crashes with signal 11");
  run.answer = {Outcome::crashed, 0};
  CHECK(findings_of(run).front().what == "work on GPU 3 crashes");
  CHECK(findings_of(run).front().id == "run-breaks");
}

TEST_CASE("where there is no GPU, nothing runs") {
  const Findings findings = check_host_run(Catalog::built_in(), {});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].id == "run-without-gpu");
  CHECK(findings[0].level == Finding::Level::error);
}
