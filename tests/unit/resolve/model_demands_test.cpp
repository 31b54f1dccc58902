#include "lib/resolve/model_demands.h"

#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace mlpack;
using namespace mlpack::test;

namespace {

struct Model {
  std::string_view dtype = "bfloat16";
  std::string_view quantisation = "";
  std::uint64_t bytes = 0;
};

Resolution resolved(std::string_view gpu, std::string_view runtime, const Model& model) {
  const Spec spec = spec_in(
      fmt::format("fleet: ['{}']; runtime: {{name: {}}}; weights: [{{source: w}}]", gpu, runtime));
  DemandSources sources;
  sources.dtype = model.dtype;
  sources.quantisation = model.quantisation;
  sources.weight_bytes = model.bytes;
  return solve(Catalog::built_in(), demands_of(Catalog::built_in(), spec, sources));
}

std::string answer(std::string_view gpu, std::string_view runtime, const Model& model = {}) {
  const Resolution resolution = resolved(gpu, runtime, model);
  return resolution.stack ? "runs" : answer_text(resolution);
}

}  // namespace

TEST_CASE("vLLM is not started in bfloat16 on a GPU that has none") {
  const std::string refused =
      "no: vllm + V100 SXM2 32GB + dtype bfloat16 -> say `dtype: half` in `args`";
  CHECK(answer("V100-32GB", "vllm, version: 0.11.0, args: {dtype: bfloat16}") == refused);
  CHECK(answer("V100-32GB", "vllm, version: 0.11.0, args: [--dtype, BFloat16]") == refused);
  CHECK(answer("V100-32GB", "vllm, version: 0.11.0, args: {dtype: half}") == "runs");
  CHECK(answer("A100-80GB", "vllm, version: 0.11.0, args: {dtype: bfloat16}") == "runs");
}

TEST_CASE("a model in bfloat16 is refused where its release does not make it float16") {
  const std::string refused = "no: vllm + T4 + bfloat16 weights -> say `dtype: half` in `args`";
  CHECK(answer("T4", "vllm, version: 0.6.6.post1") == refused);
  CHECK(answer("T4", "vllm, version: 0.6.6.post1, args: {dtype: auto}") == refused);
  CHECK(answer("T4", "vllm, version: 0.6.6.post1, args: {dtype: half}") == "runs");
  CHECK(answer("T4", "vllm, version: 0.6.6.post1", {.dtype = "float16"}) == "runs");
  CHECK(answer("T4", "vllm, version: 0.11.0") == "runs");
  CHECK(answer("T4", "vllm") == "runs");
  CHECK(answer("T4", "sglang, args: {dtype: bfloat16}") == "runs");
}

TEST_CASE("a quantisation that a command names needs the GPU that weights of it do") {
  CHECK(answer("T4", "vllm, version: 0.11.0, args: {quantization: fp8}") ==
        "no: T4 + quantisation fp8 -> take `fp8` out of `args`");
  CHECK(answer("T4", "vllm, version: 0.11.0", {.quantisation = "fp8"}) ==
        "no: T4 + fp8 weights -> take weights that are not fp8");
  CHECK(answer("L4", "vllm, version: 0.11.0, args: {quantization: fp8}") == "runs");
  CHECK(answer("T4", "vllm, version: 0.11.0, args: {quantization: bitsandbytes}") == "runs");
}

TEST_CASE("GPUs that cannot hold the weights are no way out") {
  const auto has_fix = [](std::uint64_t bytes, std::string_view runtime, std::string_view text) {
    const Resolution resolution = resolved("V100-32GB:2", runtime, {"float16", "awq", bytes});
    for (const Fix& fix : resolution.conflicts.at(0).fixes) {
      if (fix.text == text) return true;
    }
    return false;
  };
  const std::string_view small = "run it on T4 instead of V100 SXM2 32GB";
  const std::string_view large = "run it on A100 SXM 40GB instead of V100 SXM2 32GB";
  constexpr std::uint64_t forty = std::uint64_t{40} << 30;
  CHECK(has_fix(0, "vllm, version: 0.11.0", small));
  CHECK(has_fix(forty / 2, "vllm, version: 0.11.0", small));
  CHECK_FALSE(has_fix(forty, "vllm, version: 0.11.0", small));
  CHECK(has_fix(forty, "vllm, version: 0.11.0", large));
  CHECK(has_fix(forty, "vllm, version: 0.11.0, args: {cpu-offload-gb: 20}", small));
}
