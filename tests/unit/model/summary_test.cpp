#include "lib/model/config.h"
#include "lib/model/describe.h"
#include "lib/model/parameters.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::uint64_t parameters(const std::string& config, const std::vector<TensorSpec>& tensors) {
  const ModelReport report =
      read({{"config.json", config}, {"model.safetensors", safetensors(tensors)}});
  CHECK(report.problems.empty());
  return report.summary.parameters.value_or(0);
}

std::string quantised(const std::string& fields) {
  return "{\"quantization_config\":{" + fields + "}}";
}

}  // namespace

TEST_CASE("a model of transformers is described") {
  const std::string config = R"({"architectures":["LlamaForCausalLM"],"model_type":"llama",
      "max_position_embeddings":8192,"num_hidden_layers":32,"num_attention_heads":32,
      "num_key_value_heads":8,"hidden_size":4096,"rope_theta":1e6,"limit":[0.0, -Infinity, NaN]})";
  const ModelReport report =
      read({{"config.json", config},
            {"model.safetensors",
             safetensors({{"embed", "BF16", {1000, 4096}, 8'192'000}, {"n", "F32", {8}, 32}})}});
  CHECK(report.problems.empty());
  CHECK(describe(report.summary) ==
        "format        safetensors\n"
        "architecture  LlamaForCausalLM (llama)\n"
        "parameters    4.10 million\n"
        "weights       7.81 MiB in 1 file, 2 tensors\n"
        "dtypes        BF16 7.81 MiB, F32 32 B\n"
        "context       8192 tokens\n"
        "shape         32 layers, 32 heads, 8 of keys and values, width 4096\n");
  const auto json = model_json(report);
  CHECK(json["summary"]["architecture"] == "LlamaForCausalLM");
  CHECK(json["summary"]["parameters"] == 4'096'008);
  CHECK(json["summary"]["quantisation"].is_null());
  CHECK(json["files"][1]["format"] == "safetensors");
}

TEST_CASE("a GGUF model is described") {
  const ModelReport report = read({{"m.gguf", small_gguf()}});
  CHECK(describe(report.summary) ==
        "format        GGUF\n"
        "architecture  llama\n"
        "parameters    516\n"
        "weights       752 B in 1 file, 2 tensors\n"
        "dtypes        Q4_K 288 B, F32 16 B\n"
        "quantised     Q4_K_M, 4 bits\n"
        "context       4096 tokens\n"
        "shape         2 layers, 8 heads, 4 of keys and values\n");
}

TEST_CASE("of several GGUF models the first is described") {
  const std::string projector =
      GgufBuilder().text("general.type", "mmproj").tensor("v", {4}, 0, 16).bytes();
  const ModelReport report =
      read({{"b-q4.gguf", small_gguf()}, {"c-q8.gguf", small_gguf()}, {"a.gguf", projector}});
  CHECK(report.summary.parameters == 516);
  CHECK(report.summary.files == 2);
  CHECK(report.warnings ==
        std::vector<std::string>{"there is more than one GGUF model: `b-q4.gguf` and `c-q8.gguf`; "
                                 "name one with `include`"});
}

TEST_CASE("an adapter says its base and its largest rank") {
  const Files files{{"sql/adapter_config.json",
                     R"({"peft_type":"LORA","r":8,"rank_pattern":{"q_proj":64},)"
                     R"("base_model_name_or_path":"org/base"})"},
                    {"sql/adapter_model.safetensors", small_safetensors()}};
  const ModelReport report = read(files);
  REQUIRE(report.summary.adapters.size() == 1);
  const ModelAdapter& adapter = report.summary.adapters[0];
  CHECK(adapter.path == "sql/");
  CHECK(adapter.rank == 64);
  CHECK(adapter.parameters == 10);
  CHECK(report.summary.parameters == std::nullopt);
  CHECK(describe(report.summary).starts_with("adapter       LORA, rank 64, for `org/base`, "));

  Files both = files;
  both["config.json"] = "{}";
  both["model.safetensors"] = small_safetensors();
  CHECK(read(both).summary.parameters == 10);
  CHECK(read(both).summary.files == 1);
}

TEST_CASE("packed weights count as what they stand for") {
  CHECK(parameters(quantised(R"("quant_method":"gptq","bits":4)"),
                   {{"l.qweight", "I32", {4, 8}, 128},
                    {"l.qzeros", "I32", {8}, 32},
                    {"l.scales", "F16", {8}, 16},
                    {"l.g_idx", "I32", {8}, 32},
                    {"norm.weight", "F16", {8}, 16}}) == 32 * 8 + 8);
  CHECK(parameters(quantised(R"("quant_method":"compressed-tensors",)"
                             R"("config_groups":{"group_0":{"weights":{"num_bits":4}}})"),
                   {{"l.weight_packed", "I32", {8}, 32},
                    {"l.weight_scale", "BF16", {8}, 16},
                    {"l.weight_shape", "I64", {2}, 16}}) == 64);
  CHECK(parameters(quantised(R"("quant_method":"mxfp4")"),
                   {{"l.w_blocks", "U8", {16}, 16}, {"l.w_scales", "U8", {4}, 4}}) == 32);
  CHECK(parameters(quantised(R"("quant_method":"bitsandbytes","load_in_4bit":true)"),
                   {{"l.weight", "U8", {16}, 16},
                    {"l.weight.absmax", "U8", {4}, 4},
                    {"l.weight.quant_map", "F32", {16}, 64},
                    {"l.weight.quant_state.bitsandbytes__nf4", "U8", {9}, 9}}) == 32);
  CHECK(parameters(quantised(R"("quant_method":"fp8")"),
                   {{"l.weight", "F8_E4M3", {16}, 16}, {"l.weight_scale_inv", "F32", {1}, 4}}) ==
        16);
  CHECK(parameters("{}", {{"l.weight", "U8", {16}, 16}}) == 16);
}

TEST_CASE("quantisation is read from wherever tools write it") {
  const auto found = [](const std::string& name, const std::string& text) {
    const auto quantisation = read({{name, text}}).summary.quantisation;
    return quantisation ? quantisation->method + " " + std::to_string(*quantisation->bits) : "";
  };
  CHECK(found("quantize_config.json", R"({"bits":3})") == "gptq 3");
  CHECK(found("quant_config.json", R"({"w_bit":4})") == "awq 4");
  CHECK(found("hf_quant_config.json", R"({"quantization":{"quant_algo":"NVFP4"}})") ==
        "modelopt 4");
  CHECK(found("config.json", R"({"text_config":{"quantization_config":{"quant_method":"fp8"}}})") ==
        "fp8 8");
}

TEST_CASE("what the top of a config lacks is taken from its text model") {
  const ModelSummary summary = read({{"config.json",
                                      R"({"model_type":"gemma3","text_config":)"
                                      R"({"num_hidden_layers":4,"n_positions":7,)"
                                      R"("num_local_experts":16}})"}})
                                   .summary;
  CHECK(summary.layers == 4);
  CHECK(summary.context_length == 7);
  CHECK(summary.experts == 16);
}

TEST_CASE("positions that nothing stretches are a limit") {
  const auto is_limit = [](const std::string& config) {
    return read({{"config.json", config}}).summary.is_context_limit;
  };
  CHECK(is_limit(R"({"max_position_embeddings":8192})"));
  CHECK(is_limit(R"({"max_position_embeddings":8192,"rope_scaling":null})"));
  CHECK(is_limit(
      R"({"max_position_embeddings":8192,"rope_parameters":{"rope_type":"default","rope_theta":1}})"));
  CHECK_FALSE(is_limit(R"({"max_position_embeddings":8192,"rope_scaling":{"type":"yarn"}})"));
  CHECK_FALSE(is_limit(R"({"max_position_embeddings":8192,"rope_scaling":{"factor":2.0}})"));
  CHECK_FALSE(
      is_limit(R"({"max_position_embeddings":8,"rope_parameters":{"full":{"rope_type":"yarn"}}})"));
  CHECK_FALSE(is_limit(R"({"max_position_embeddings":8192,"model_max_length":32768})"));
  CHECK_FALSE(is_limit(R"({"text_config":{"max_position_embeddings":8192}})"));
}

TEST_CASE("a pipeline of diffusers is named by its class") {
  const ModelReport report =
      read({{"model_index.json", R"({"_class_name":"FluxPipeline"})"},
            {"text_encoder/config.json", R"({"architectures":["CLIPTextModel"]})"},
            {"transformer/diffusion_pytorch_model.safetensors", small_safetensors()}});
  CHECK(report.summary.architecture == "FluxPipeline");
  CHECK(report.summary.parameters == 10);
}

TEST_CASE("numbers that only Python knows are taken from a config") {
  CHECK(without_python_numbers(R"({"a":[0,Infinity,-Infinity],"b":NaN,"c":"NaN \" Infinity"})") ==
        R"({"a":[0,null    ,null     ],"b":0  ,"c":"NaN \" Infinity"})");
}

TEST_CASE("counts are said in words") {
  CHECK(human_count(512) == "512");
  CHECK(human_count(999'499) == "999499");
  CHECK(human_count(999'500) == "1.00 million");
  CHECK(human_count(109'482'240) == "109 million");
  CHECK(human_count(8'030'261'248) == "8.03 billion");
  CHECK(human_count(46'702'792'704) == "46.7 billion");
  CHECK(human_count(1'026'000'000'000) == "1.03 trillion");
}

TEST_CASE("a config that is none is refused") {
  CHECK(problems({{"config.json", "[]"}}) ==
        "config.json is a bad config: it is not a JSON object");
  CHECK(problems({{"config.json", R"({"a":1,"a":2})"}}) ==
        "config.json is a bad config: the document: key `a` appears twice");
}

TEST_CASE("the order of the files does not matter") {
  std::vector<ModelFile> files;
  for (const auto& [path, bytes] : Files{{"b.gguf", "GG"}, {"a.gguf", small_gguf()}}) {
    files.push_back(
        {path, bytes.size(), [text = bytes] { return std::make_unique<TextReadAt>(text); }});
  }
  const std::string one = model_json(read_model(files)).dump();
  std::swap(files[0], files[1]);
  CHECK(model_json(read_model(files)).dump() == one);
}

namespace {

CacheShape cache_of(const std::string& config) {
  const ModelReport report =
      read({{"config.json", config}, {"model.safetensors", small_safetensors()}});
  CHECK(report.problems.empty());
  return report.summary.cache;
}

}  // namespace

TEST_CASE("a config says what is kept for a token") {
  const CacheShape deepseek = cache_of(
      R"({"kv_lora_rank":512,"qk_rope_head_dim":64,"v_head_dim":128,"intermediate_size":18432})");
  CHECK(deepseek.kv_lora_rank == 512);
  CHECK(deepseek.qk_rope_head_dim == 64);
  CHECK(deepseek.value_head_dim == 128);
  CHECK(deepseek.intermediate_size == 18432);

  const CacheShape nested =
      cache_of(R"({"text_config":{"head_dim":256,"vocab_size":262208,"num_hidden_layers":6,
          "sliding_window":1024,"sliding_window_pattern":6}})");
  CHECK(nested.head_dim == 256);
  CHECK(nested.vocabulary == 262208);
  CHECK(nested.sliding_layers == 5);

  const CacheShape typed = cache_of(
      R"({"sliding_window":128,"layer_types":["sliding_attention","full_attention",
          "linear_attention","mamba","other",7]})");
  CHECK(typed.sliding_layers == 1);
  CHECK(typed.constant_layers == 2);
}

TEST_CASE("layers slide where the family says so") {
  const auto sliding = [](const std::string& fields) {
    return cache_of("{\"num_hidden_layers\":42,\"sliding_window\":4096" + fields + "}")
        .sliding_layers;
  };
  CHECK(sliding("") == 42);
  CHECK(sliding(R"(,"model_type":"gemma2")") == 21);
  CHECK(sliding(R"(,"use_sliding_window":false)") == 0);
  CHECK(sliding(R"(,"use_sliding_window":true,"max_window_layers":40)") == 2);
  CHECK(sliding(R"(,"use_sliding_window":true,"max_window_layers":99)") == 0);
  // Only some layers of Llama 4 see chunks, and nothing here says which.
  CHECK(cache_of(R"({"num_hidden_layers":48,"attention_chunk_size":8192})").sliding_layers == 0);
}

TEST_CASE("a quantised model says how many weights have one scale") {
  const auto group = [](const std::string& config) {
    return read({{"config.json", config}, {"model.safetensors", small_safetensors()}})
        .summary.quantisation->group;
  };
  CHECK(group(quantised(R"("quant_method":"awq","bits":4,"group_size":128)")) == 128);
  CHECK(group(quantised(R"("quant_method":"gptq","bits":4,"group_size":-1)")) == std::nullopt);
  CHECK(group(quantised(R"("quant_method":"compressed-tensors","config_groups":)"
                        R"({"g":{"weights":{"num_bits":4,"group_size":32}}})")) == 32);
}

TEST_CASE("a GGUF file says how wide its heads are") {
  const std::string file = GgufBuilder()
                               .text("general.architecture", "llama")
                               .number("llama.attention.key_length", 128)
                               .number("llama.attention.value_length", 96)
                               .tensor("t", {4}, 0, 16)
                               .bytes();
  const CacheShape cache = read({{"m.gguf", file}}).summary.cache;
  CHECK(cache.head_dim == 128);
  CHECK(cache.value_head_dim == 96);
}
