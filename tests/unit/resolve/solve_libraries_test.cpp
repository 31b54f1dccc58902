#include "lib/resolve/solve.h"
#include "tests/unit/resolve/rules_support.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("JAX without an extra uses no GPU, and the extra that fits is named") {
  CHECK(doubts_of("fleet: [L4]; python: {packages: [jax]}") ==
        "`jax` without an extra such as `jax[cuda13]` uses no GPU");
  CHECK(doubts_of("fleet: [{gpu: L4, driver: '535.183.01'}]; python: {packages: [jax]}") ==
        "`jax` without an extra such as `jax[cuda12]` uses no GPU");
  CHECK(doubts_of("fleet: [L4]; python: {packages: [jax, torch==2.5.1]}") ==
        "`jax` without an extra such as `jax[cuda12]` uses no GPU");
  CHECK(doubts_of("fleet: [{gpu: T4, driver: '470.256.02'}]; python: {packages: [jax==0.6.0]}") ==
        "`jax` without an extra uses no GPU, and none of its builds for CUDA goes with the rest");
  // PyPI, METADATA of jax 0.4.13: it has no extra cuda12.
  CHECK(doubts_of("fleet: [L4]; python: {packages: [jax==0.4.13]}") ==
        "`jax` without an extra such as `jax[cuda12-pip]` uses no GPU");
  CHECK(doubts_of("fleet: [cpu]; python: {packages: [jax]}").empty());
  CHECK(doubts_of("fleet: [L4]; python: {packages: ['jax[cuda12]']}").empty());
}

TEST_CASE("packages for processors use no GPU, and what does is named") {
  const auto with = [](std::string_view fleet, std::string_view packages) {
    return doubts_of(fmt::format("fleet: [{}]; python: {{packages: [{}]}}", fleet, packages));
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
    return doubts_of(fmt::format("fleet: [B200]; python: {{packages: ['jax[cuda12]=={}']}}", jax));
  };
  CHECK(with("0.5.0").find("is older than Blackwell") != std::string::npos);
  for (const char* const jax : {"0.6.0", "0.7.1"})
    CHECK_MESSAGE(with(jax).find("is older than") == std::string::npos, jax);
}

TEST_CASE("libraries of CUDA that nothing brings are told, with what brings them") {
  // No Ubuntu that there are images of has a Python 3.11.
  const auto with = [](std::string_view package) {
    return doubts_of(
        fmt::format("fleet: [L4]; python: {{version: '3.11', packages: ['{}']}}", package));
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
    return doubts_of(
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

TEST_CASE("a URL that names no wheel of its package is told not to be compared") {
  for (const char* const file : {"torch-2.5.1.tar.gz", "tensorflow-2.20.0-py3-none-any.whl"}) {
    CHECK_MESSAGE(
        doubts_of(fmt::format("fleet: [L4]; python: {{packages: ['torch @ https://x.example/{}']}}",
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

TEST_CASE("CUDA in the Python that a base has for itself is a doubt beside CUDA of wheels") {
  const auto with = [](std::string_view base, std::string_view package) {
    return doubts_of(
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
    CHECK_MESSAGE(doubts_of(fmt::format("fleet: [L4]; python: {{packages: [{}]}}", packages))
                          .find("loads CUDA") == std::string::npos,
                  packages);
  CHECK(doubts_of("fleet: [cpu]; python: {packages: [tensorflow==2.18.0]}").empty());
}
