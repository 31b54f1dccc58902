#include "lib/resolve/parallel_sizes.h"

#include "tests/unit/resolve/fit_support.h"

#include <doctest/doctest.h>

#include <optional>

using namespace mlpack;
using namespace mlpack::test;
using namespace mlpack::fit_tests;

namespace {

// A 70B as a command shares it.
FitQuestion shared(std::string_view gpu, std::uint64_t count, const ParallelSizes& sizes) {
  FitQuestion asked = question(gpu, 1, 8192);
  asked.count = count;
  asked.sizes = sizes;
  asked.parallel = sizes.tensor.value_or(sizes.tensors_of(count));
  return asked;
}

ParallelSizes copied(std::uint64_t tensor, std::uint64_t copies) {
  ParallelSizes sizes;
  sizes.tensor = tensor;
  sizes.data = sizes.copies = copies;
  return sizes;
}

}  // namespace

TEST_CASE("a stage of a pipeline has layers of its own, and their keys and values") {
  const Fit whole = fit_of(llama_70b(), question("A100-80GB", 4, 8192));
  const Fit halves = fit_of(llama_70b(), shared("A100-80GB", 4, {.tensor = 2, .pipeline = 2}));
  CHECK(halves.verdict == yes);
  CHECK(halves.weight_bytes == whole.weight_bytes);
  CHECK(halves.need_bytes == whole.need_bytes);
  CHECK(halves.cache_blocks == whole.cache_blocks);
  CHECK(halves.parallel == 4);
  CHECK(halves.stages == 2);
  CHECK(halves.reason.starts_with("on 4 of A100 SXM 80GB (2 stages of 2) each needs about"));
  // What is not said is left for tensors.
  CHECK(fit_of(llama_70b(), shared("A100-80GB", 4, {.pipeline = 2})).reason == halves.reason);
  // 27 of 80 layers.
  const Fit thirds = fit_of(llama_70b(), shared("A100-80GB", 8, {.tensor = 2, .pipeline = 3}));
  CHECK(thirds.weight_bytes == 24'288'113'461);
  CHECK(thirds.cache_token_bytes == 27 * 4 * (128 + 128) * 2);
  CHECK(thirds.parallel == 6);
  const Fit many = fit_of(llama_70b(), shared("A100-80GB", 128, {.pipeline = 81}));
  CHECK(many.verdict == no);
  CHECK(many.reason == "the model has 80 layers, and its pipeline 81 stages");
  const Fit odd = fit_of(llama_70b(), shared("A100-80GB", 8, {.tensor = 3, .pipeline = 2}));
  CHECK(odd.reason == "a stage of the model cannot be divided over 3 of 4 GPUs; possible: 1, 2, 4");
}

TEST_CASE("what would help a pipeline is said for all of its GPUs") {
  const Fit fit =
      fit_model(catalog(), llama_70b(), shared("L40S", 2, {.tensor = 1, .pipeline = 2}));
  CHECK(fit.verdict == no);
  CHECK(has(fit, FitRemedy::Kind::count, "4 GPUs instead of 2 (tensor 2 x pipeline 2)"));
  const Fit three =
      fit_model(catalog(), llama_8b(), shared("H100", 8, {.tensor = 3, .pipeline = 2}));
  CHECK(has(
      three, FitRemedy::Kind::count, "the model over 4 GPUs instead of 6 (tensor 2 x pipeline 2)"));
}

TEST_CASE("copies of a model have GPUs of their own") {
  const Fit fit = fit_model(catalog(), llama_70b(), shared("H100", 4, copied(2, 2)));
  CHECK(fit.verdict == no);
  CHECK(fit.reason.starts_with("on 2 of H100 SXM 80GB (one of 2 copies) each needs about"));
  CHECK(fit.parallel == 2);
  CHECK(fit.copies == 2);
  CHECK(has(fit, FitRemedy::Kind::count, "8 GPUs instead of 4 (tensor 4 x data 2)"));
  CHECK(has(fit, FitRemedy::Kind::copies, "1 copy of the model instead of 2 (tensor 4)"));
  CHECK(fit_of(llama_70b(), shared("H100", 8, copied(4, 2))).verdict == yes);
  // Two on each of two machines.
  ParallelSizes local = copied(2, 2);
  local.data = 4;
  CHECK(fit_of(llama_8b(), shared("L4", 4, local)).verdict == yes);
  CHECK(fit_of(llama_8b(), shared("L4", 2, local)).reason ==
        "the model cannot be divided over 2 of 1 GPUs; possible: 1");
}

TEST_CASE("machines that work as one have their GPUs together") {
  const ParallelSizes two{.tensor = 8, .machines = 2};
  CHECK(fit_of(llama_70b(), shared("H100", 4, two)).verdict == yes);
  CHECK(fit_of(llama_70b(), shared("H100", 2, two)).verdict == no);
  const Fit fit = fit_model(catalog(), llama_70b(), shared("L4", 2, {.machines = 2}));
  CHECK(has(fit, FitRemedy::Kind::count, "4 GPUs instead of 2"));
  // Nobody says how many.
  const ParallelSizes some{.tensor = 8, .pipeline = 2, .machines = std::nullopt};
  CHECK(fit_of(llama_70b(), shared("A100-80GB", 8, some)).parallel == 16);
  const Fit few =
      fit_model(catalog(),
                llama_70b(),
                shared("L4", 4, {.tensor = 2, .pipeline = 2, .machines = std::nullopt}));
  CHECK(has(
      few, FitRemedy::Kind::count, "the model over 8 GPUs instead of 4 (tensor 4 x pipeline 2)"));
}

TEST_CASE("a number that nobody has is shown as it is said") {
  const ParallelSizes absurd{.tensor = 99'999'999'999, .machines = std::nullopt};
  CHECK(has(fit_model(catalog(), llama_70b(), shared("L4", 2, absurd)),
            FitRemedy::Kind::count,
            "the model over 64 GPUs instead of 99999999999"));
}

TEST_CASE("copies of attention have parts of the GPUs, and keys and values of their own") {
  FitQuestion asked = shared("H100", 8, {.tensor = 8, .attention = 4});
  asked.runtime = "sglang";
  const Fit fit = fit_of(llama_8b(), asked);
  CHECK(fit.cache_token_bytes == cache_token_bytes(llama_8b(), 2, CacheType::half));
  CHECK(fit.weight_bytes == fit_of(llama_8b(), shared("H100", 8, {.tensor = 8})).weight_bytes);
  CHECK(fit.reason.starts_with("on 8 of H100 SXM 80GB (4 copies of attention) each"));
  // Each has 14 of 28 heads.
  asked.sizes.tensor = asked.parallel = 4;
  asked.sizes.attention = 2;
  CHECK(fit_of(qwen_7b(), asked).verdict == yes);
  asked.sizes.attention = 3;
  CHECK(fit_of(qwen_7b(), asked).reason ==
        "the model with 3 copies of attention cannot be divided over 4 of 8 GPUs; possible: none");
}

TEST_CASE("experts that copies share are not counted for each") {
  ModelShape experts = mixtral();
  experts.experts = 8;
  ParallelSizes sizes = copied(1, 2);
  CHECK(fit_of(experts, shared("H100", 2, sizes)).verdict == no);
  sizes.experts = ParallelSizes::Experts::shared;
  const Fit fit = fit_of(experts, shared("H100", 2, sizes));
  CHECK(fit.verdict == unknown);
  CHECK(
      fit.reason.ends_with("; experts are divided over the GPUs of all 2 copies, and how large "
                           "they are is not known"));
  CHECK(fit_of(mixtral(), shared("H100", 2, sizes)).verdict == no);
  CHECK(fit_of(experts, shared("L4", 2, sizes)).verdict == no);
}

TEST_CASE("sizes that nobody has do no harm") {
  using Number = std::uint64_t;
  const Number numbers[] = {0, 1, 2, 3, 1024, Number{1} << 40, Number{1} << 62};
  for (const Number first : numbers) {
    for (const Number second : numbers) {
      ParallelSizes sizes{.tensor = first, .pipeline = second, .data = first, .copies = second};
      for (const std::optional<Number> machines :
           {std::optional(second), std::optional<Number>()}) {
        sizes.machines = machines;
        sizes.attention = first;
        const Fit fit = fit_model(catalog(), llama_70b(), shared("L4", 2, sizes));
        CHECK_FALSE(fit.reason.empty());
      }
    }
  }
}
