#include "tests/unit/resolve/fit_support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

using namespace mlpack;
using namespace mlpack::test;
using namespace mlpack::fit_tests;

namespace {

struct Example {
  ModelShape shape;
  std::string_view gpu;
  std::uint64_t parallel;
  std::uint64_t context;
  std::uint64_t blocks;  // 0: does not fit
  std::uint64_t tokens;
};

}  // namespace

TEST_CASE("keys and values of a token take what the formulas of vLLM say") {
  CHECK(cache_token_bytes(llama_8b(), 1, CacheType::half) == 131'072);
  CHECK(cache_token_bytes(llama_8b(), 2, CacheType::half) == 65'536);
  CHECK(cache_token_bytes(llama_8b(), 8, CacheType::half) == 16'384);
  CHECK(cache_token_bytes(llama_8b(), 16, CacheType::half) == 16'384);
  CHECK(cache_token_bytes(llama_8b(), 1, CacheType::fp8) == 65'536);
  CHECK(cache_token_bytes(llama_8b(), 1, CacheType::int8_heads) == 65'536 + 32 * 8 * 2 * 4);
  CHECK(cache_token_bytes(llama_8b(), 1, CacheType::nvfp4) == 32 * 8 * 2 * (64 + 8));
  CHECK(cache_token_bytes(llama_70b(), 1, CacheType::half) == 327'680);
  CHECK(cache_token_bytes(llama_70b(), 4, CacheType::half) == 81'920);
  CHECK(cache_token_bytes(llama_70b(), 8, CacheType::half) == 40'960);
  CHECK(cache_token_bytes(llama_7b(), 1, CacheType::half) == 524'288);
  CHECK(cache_token_bytes(qwen_7b(), 1, CacheType::half) == 57'344);
  CHECK(cache_token_bytes(deepseek(), 1, CacheType::half) == 70'272);
  CHECK(cache_token_bytes(deepseek(), 8, CacheType::half) == 70'272);
  CHECK(cache_token_bytes(deepseek(), 8, CacheType::fp8_ds_mla) == 40'016);
}

// model_formats.yaml, worked_examples: KAITO's formula with a utilisation of 0.90.
TEST_CASE("worked examples of the fit come out to the block") {
  const ModelShape fp8 = llama_70b(72'655'052'800);
  const ModelShape awq = llama_70b(39'767'785'472);
  const Example examples[] = {
      {llama_8b(), "L4", 1, 8192, 985, 15'760},
      {llama_8b(), "T4", 1, 8192, 0, 0},
      {llama_8b(), "A100-80GB", 1, 8192, 27'484, 439'744},
      {llama_70b(), "H100-80GB", 2, 32'768, 0, 0},
      {llama_70b(), "H100-80GB", 4, 32'768, 28'013, 448'208},
      {llama_70b(), "L40S", 4, 8192, 2459, 39'344},
      {llama_70b(), "H200", 1, 8192, 0, 0},
      {llama_70b(), "H200", 2, 131'072, 21'990, 351'840},
      {fp8, "H100-80GB", 2, 32'768, 13'577, 217'232},
      {awq, "A100-80GB", 1, 8192, 6150, 98'400},
      {awq, "L40S", 1, 8192, 0, 0},
      {awq, "L40S", 2, 32'768, 7518, 120'288},
      {mixtral(), "A100-80GB", 2, 32'768, 23'671, 378'736},
  };
  for (const Example& example : examples) {
    const Fit fit = fit_of(example.shape, question(example.gpu, example.parallel, example.context));
    CAPTURE(std::string(example.gpu));
    CAPTURE(fit.reason);
    CHECK(fit.verdict == (example.blocks > 0 ? yes : no));
    if (example.blocks == 0) continue;
    CHECK(fit.cache_blocks == example.blocks);
    CHECK(fit.cache_tokens == example.tokens);
  }
}

TEST_CASE("the parts of the worked examples come out to the byte") {
  const Fit small = fit_of(llama_8b(), question("L4", 1, 8192));
  CHECK(small.have_bytes == 21'737'609'625);
  CHECK(small.weight_bytes == 16'381'732'945);
  CHECK(small.overhead_bytes == 3'288'692'842);
  CHECK(small.cache_available == 2'067'183'837);
  CHECK(small.largest_batch == 1);
  CHECK(small.largest_context == 15'760);
  CHECK(fit_of(llama_8b(), question("T4", 1, 8192)).cache_available == -5'174'911'164);
  CHECK(fit_of(llama_70b(), question("H100-80GB", 2, 32'768)).cache_available == -1'063'896'866);
  const Fit large = fit_of(llama_70b(), question("H100-80GB", 4, 32'768));
  CHECK(large.weight_bytes == 35'982'390'312);
  CHECK(large.overhead_bytes == 4'268'725'710);
  CHECK(large.cache_available == 36'717'612'961);
  CHECK(large.largest_batch == 13);
}

TEST_CASE("a model is divided over GPUs that divide its heads, layers and groups") {
  using Numbers = std::vector<std::uint64_t>;
  constexpr auto tensor = MemoryOverhead::Split::tensor;
  ModelShape qwen = qwen_7b();
  qwen.intermediate = 0;
  CHECK(possible_parallel(qwen, tensor, 64) == Numbers{1, 2, 4, 28});
  ModelShape grouped = llama_7b();
  grouped.group = 128;
  CHECK(possible_parallel(grouped, tensor, 8) == Numbers{1, 2});
  CHECK(possible_parallel(llama_7b(), tensor, 8) == Numbers{1, 2, 4, 8});
  CHECK(possible_parallel(llama_7b(), MemoryOverhead::Split::layers, 3) == Numbers{1, 2, 3});
  CHECK(possible_parallel(llama_7b(), MemoryOverhead::Split::single, 8) == Numbers{1});

  const Fit refused = fit_of(llama_8b(), question("H100-80GB", 3, 8192));
  CHECK(refused.verdict == no);
  CHECK(refused.reason == "the model cannot be divided over 3 of 3 GPUs; possible: 1, 2");
}

TEST_CASE("a 70B in bf16 does not fit one H100, and what would is said") {
  FitQuestion asked = question("H100", 1, 8192);
  asked.parallel.reset();
  asked.utilisation_permille.reset();
  const Fit fit = fit_model(catalog(), llama_70b(), asked);
  CHECK(fit.verdict == no);
  CHECK(fit.reason ==
        "on 1 of H100 SXM 80GB each needs about 146 GiB (weights 134 GiB, overhead 9.00 GiB, keys "
        "and values 2.50 GiB for 8192 tokens) of the 73.3 GiB that may be used");
  for (const FitRemedy& remedy : fit.remedies)
    INFO(remedy.text);
  CHECK(has(fit, FitRemedy::Kind::quantisation, "weights in 4 bits (AWQ), about 37.0 GiB"));
  CHECK(has(fit, FitRemedy::Kind::count, "4 GPUs instead of 1"));
  CHECK(has(fit, FitRemedy::Kind::gpu, "1 of B200 (180 GB each)"));
}

TEST_CASE(
    "what would help one row of a fleet has to do for the others, which run the same command") {
  const auto fit = [](std::string_view gpu, std::uint64_t count, std::string_view other) {
    return fit_model(
        catalog(), llama_70b(), question(gpu, count, 8192), {question(other, count, 8192)});
  };
  using Kind = FitRemedy::Kind;
  CHECK(has(fit("L40S", 2, "H200"), Kind::count, "4 GPUs instead of 2 in every row of `fleet`"));
  CHECK(has(fit("H100", 3, "H200"), Kind::count, "4 GPUs instead of 3 in every row of `fleet`"));
  // Two would hold it, but not of the other row's.
  CHECK(has(fit("H200", 3, "H100"), Kind::count, "4 GPUs instead of 3 in every row of `fleet`"));
  CHECK(has(fit("H200", 3, "H200"), Kind::count, "2 GPUs instead of 3 in every row of `fleet`"));
  const auto quantised = [](const Fit& found) {
    return std::find_if(found.remedies.begin(),
                        found.remedies.end(),
                        [](const auto& remedy) { return remedy.kind == Kind::quantisation; })
        ->text;
  };
  CHECK(quantised(fit("H100", 1, "H200")).starts_with("weights in 4 bits"));
  CHECK(quantised(fit("L40S", 2, "L4")).starts_with("weights in FP8"));
  CHECK(quantised(fit("L40S", 2, "A100")).starts_with("weights in 4 bits"));
}

TEST_CASE("the number of GPUs that would do is the nearest one, below or above") {
  struct Count {
    ModelShape shape;
    std::string_view gpu;
    std::uint64_t count;
    std::uint64_t told;
    std::string_view text;  // empty: no number does
  };
  const Count counts[] = {
      {llama_8b(), "H100", 3, 3, "2 GPUs instead of 3"},
      {llama_70b(), "H100", 3, 3, "4 GPUs instead of 3"},  // two have not the memory
      {llama_8b(), "H100", 5, 5, "4 GPUs instead of 5"},
      {llama_8b(), "H100", 7, 7, "8 GPUs instead of 7"},
      {llama_70b(), "H100", 5, 5, "4 GPUs instead of 5"},
      {llama_70b(), "L40S", 5, 5, "4 GPUs instead of 5"},
      {llama_70b(), "L40S", 6, 6, "4 GPUs instead of 6"},  // 8 would do as well
      {llama_70b(), "H100", 4, 2, "the model over 4 GPUs instead of 2"},
      {llama_8b(), "H100", 4, 3, "the model over 2 GPUs instead of 3"},
      {llama_70b(), "H100", 2, 1, "4 GPUs instead of 2, and the model over all of them"},
      {llama_8b(), "H100", 1, 2, "2 GPUs instead of 1"},
      {deepseek(), "L4", 1, 1, ""},
  };
  for (const Count& row : counts) {
    FitQuestion asked = question(row.gpu, row.told, 8192);
    asked.count = row.count;
    const Fit fit = fit_model(catalog(), row.shape, asked);
    CAPTURE(std::string(row.gpu));
    CAPTURE(row.count);
    CHECK(fit.verdict == no);
    std::string found;
    for (const FitRemedy& remedy : fit.remedies)
      if (remedy.kind == FitRemedy::Kind::count) found = remedy.text;
    CHECK(found == row.text);
  }
}

TEST_CASE("more GPUs and more memory never fit less, a longer context never needs less") {
  const ModelShape shapes[] = {llama_8b(), llama_70b(), qwen_7b(), mixtral(), deepseek()};
  for (const ModelShape& shape : shapes) {
    for (const std::string_view runtime : {"vllm", "sglang", "tensorrt_llm", "llamacpp", "other"}) {
      for (const Gpu& card : catalog().gpus()) {
        FitQuestion asked;
        asked.gpu = &card;
        asked.runtime = runtime;
        bool has_fitted = false;
        for (asked.count = 1; asked.count <= 16; ++asked.count) {
          asked.context = 8192;
          const bool fits = fit_of(shape, asked).verdict == yes;
          CHECK((fits || !has_fitted));
          has_fitted = fits;
        }
        asked.parallel = 1;
        std::uint64_t before = 0;
        for (const std::uint64_t context : {1U, 15U, 16U, 17U, 4096U, 8192U, 131'072U}) {
          asked.context = context;
          const std::uint64_t need = fit_of(shape, asked).need_bytes;
          CHECK(need >= before);
          before = need;
        }
      }
    }
  }
  // The largest context fits, and one token more does not.
  FitQuestion asked = question("L4", 1, 8192);
  const std::uint64_t most = fit_of(llama_8b(), asked).largest_context;
  asked.context = most;
  CHECK(fit_of(llama_8b(), asked).verdict == yes);
  asked.context = most + 1;
  CHECK(fit_of(llama_8b(), asked).verdict == no);
}

TEST_CASE("layers with a window keep no more than it") {
  ModelShape shape = llama_8b();
  shape.window = 4096;
  shape.sliding_layers = 32;
  FitQuestion asked = question("L4", 1, 131'072);
  const Fit fit = fit_of(shape, asked);
  // ceil((4096 - 1 + 8192) / 16) + 1 pages of 16 tokens
  CHECK(fit.need_bytes - fit.weight_bytes - fit.overhead_bytes == 769ULL * 16 * 131'072);
  CHECK(fit.verdict == yes);
  shape.sliding_layers = 16;
  CHECK(fit_of(shape, asked).verdict == no);
}

TEST_CASE("a slice of a GPU is one GPU with its own memory") {
  FitQuestion asked = question("A100-80GB", 1, 4096);
  asked.mig = "3g.40gb";
  CHECK(gpu_bytes(catalog(), *asked.gpu, asked.mig) == 40ULL << 30);
  CHECK(fit_of(llama_8b(), asked).verdict == yes);
  asked.mig = "1g.10gb";
  CHECK(fit_of(llama_8b(), asked).verdict == no);
  asked.mig = "9g.1gb";
  CHECK_THROWS_AS(fit_of(llama_8b(), asked), Error);
  // Not known of nvidia-smi: fifteen sixteenths.
  CHECK(gpu_bytes(catalog(), gpu("A30"), "") == (24ULL << 30) / 16 * 15);
}

TEST_CASE("what is not known makes no answer, but for weights that are too large alone") {
  ModelShape shape = llama_8b();
  shape.gap = "its files do not say how many layers it has";
  const Fit unsure = fit_of(shape, question("L4", 1, 8192));
  CHECK(unsure.verdict == unknown);
  CHECK(unsure.reason.ends_with("; its files do not say how many layers it has"));
  CHECK(fit_of(shape, question("T4", 1, 8192)).verdict == no);

  FitQuestion own = question("L4", 1, 8192);
  own.runtime = "triton";
  own.parallel.reset();
  own.count = 1;
  CHECK(fit_of(llama_70b(), own).verdict == no);
  own.count = 8;
  const Fit divided = fit_of(llama_70b(), own);
  CHECK(divided.verdict == unknown);
  CHECK(
      divided.reason.ends_with("; nothing is known of how this runtime divides a model over GPUs"));

  ModelShape empty;
  CHECK(fit_of(empty, question("L4", 1, 8192)).reason ==
        "no file of weights says how large the model is");
}

TEST_CASE("models that keep nothing need their weights and an allowance") {
  ModelSummary bert;
  bert.formats = {FileFormat::safetensors};
  bert.architecture = "BertModel";
  bert.bytes = 437'928'960;
  CHECK(model_shape(bert).kind == ModelShape::Kind::pools);
  FitQuestion asked = question("T4", 1, 512);
  asked.runtime = "tei";
  const Fit fit = fit_of(model_shape(bert), asked);
  CHECK(fit.verdict == yes);
  CHECK(fit.need_bytes == fit.weight_bytes + fit.overhead_bytes);
  ModelSummary onnx;
  onnx.formats = {FileFormat::onnx};
  onnx.bytes = 100;
  CHECK(model_shape(onnx).kind == ModelShape::Kind::other);
}

TEST_CASE("hostile numbers of a config do no harm") {
  ModelSummary summary;
  summary.formats = {FileFormat::safetensors};
  summary.architecture = "XForCausalLM";
  for (const std::uint64_t value : {std::uint64_t{0},
                                    std::uint64_t{1},
                                    std::uint64_t{4096},
                                    std::uint64_t{1} << 40,
                                    ~std::uint64_t{0}}) {
    summary.bytes = value;
    summary.parameters = value;
    summary.context_length = summary.layers = summary.heads = summary.kv_heads = value;
    summary.hidden_size = summary.cache.head_dim = summary.cache.sliding_window = value;
    summary.cache.kv_lora_rank = summary.cache.intermediate_size = value;
    summary.cache.sliding_layers = summary.cache.constant_layers = value;
    summary.quantisation = Quantisation{"awq", 4, value};
    for (const std::string_view runtime : {"vllm", "llamacpp"}) {
      FitQuestion asked = question("L4", 1, value);
      asked.runtime = runtime;
      asked.batch = value;
      asked.parallel.reset();
      asked.count = std::min<std::uint64_t>(value, 64);
      for (const auto kind : {CacheRoom::Kind::rest,
                              CacheRoom::Kind::bytes,
                              CacheRoom::Kind::blocks,
                              CacheRoom::Kind::share,
                              CacheRoom::Kind::tokens}) {
        asked.room = {kind, value};
        CHECK_FALSE(fit_model(catalog(), model_shape(summary), asked).reason.empty());
        asked.block_tokens = value;
      }
    }
  }
}
