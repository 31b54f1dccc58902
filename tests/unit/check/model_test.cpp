#include "support.h"
#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// vLLM with a model of 32 heads, and more words of its command.
struct ServedModel : TestImage {
  explicit ServedModel(const std::string& more = "") {
    add("usr/bin/vllm", program({"libc.so.6"}));
    config.cmd = {"vllm", "serve", "/models/llama", "--host", "0.0.0.0"};
    add_words(more);
    model("");
  }
  void add_words(const std::string& words) {
    for (std::size_t at = 0; at < words.size();) {
      const std::size_t end = std::min(words.find(' ', at), words.size());
      config.cmd.push_back(words.substr(at, end - at));
      at = end + 1;
    }
  }
  void model(const std::string& more) {
    text("models/llama/config.json",
         R"({"model_type": "llama", "num_attention_heads": 32, "num_key_value_heads": 8)" + more +
             "}");
  }
  void machines(const std::string& name, unsigned count) {
    machine(name, "570.86.15");
    fleet.back().count = count;
  }
};

}  // namespace

TEST_CASE("a number of GPUs that does not divide the heads is an error") {
  ServedModel served("--tensor-parallel-size 3");
  const Finding found = served.only();
  CHECK(found.id == "model-not-divisible");
  CHECK(found.what ==
        "`/models/llama/config.json` has 32 attention heads, which 3 GPUs do not divide");
  CHECK(ServedModel("-tp 4").ids() == Ids{});
  CHECK(ServedModel("-tp=5").ids() == Ids{"error model-not-divisible"});
}

TEST_CASE("a model that the command does not name is not looked at") {
  ServedModel served("--tensor-parallel-size 3");
  served.config.cmd[2] = "/models/other";
  CHECK(served.ids() == Ids{});
}

TEST_CASE("a command that wants more GPUs than a machine has is an error") {
  ServedModel served("--tensor-parallel-size 4");
  served.machines("L4", 2);
  const Finding found = served.only();
  CHECK(found.id == "gpus-too-few");
  CHECK(found.what == "the command takes 4 GPUs (tensor 4), and 2 x L4 has 2");
  served.fleet.back().count = 4;
  CHECK(served.ids() == Ids{});
  served.add_words("-pp 2 --data-parallel-size=2");
  CHECK(served.only().what ==
        "the command takes 16 GPUs (tensor 4 x pipeline 2 x data 2), and 4 x L4 has 4");
  served.add_words("--nnodes 2");
  CHECK(served.only().what ==
        "the command takes 8 GPUs on each of 2 machines (tensor 4 x pipeline 2 x data 2), and 4 x "
        "L4 has 4");
  served.add_words("--nnodes 4");
  CHECK(served.ids() == Ids{});
  served.add_words("--nnodes 1 --distributed-executor-backend ray");
  CHECK(served.ids() == Ids{});
}

TEST_CASE("variables say a runtime how many GPUs to take, too") {
  ServedModel served;
  served.config.cmd = {"nim-serve"};
  served.machines("L4", 2);
  const auto is_told = [&] {
    const Ids ids = served.ids();
    return std::find(ids.begin(), ids.end(), "error gpus-too-few") != ids.end();
  };
  served.config.set_env("NIM_TENSOR_PARALLEL_SIZE", "2");
  CHECK_FALSE(is_told());
  served.config.set_env("NIM_PIPELINE_PARALLEL_SIZE", "2");
  CHECK(is_told());
  served.add_words("--pipeline-parallel-size 1");
  CHECK_FALSE(is_told());
}

TEST_CASE("numbers that a GPU does not compute with are told") {
  ServedModel fp8;
  fp8.model(R"(, "quantization_config": {"quant_method": "fp8"})");
  fp8.machines("L4", 1);
  CHECK(fp8.ids() == Ids{});
  fp8.machines("A100-SXM-80GB", 1);
  CHECK(fp8.ids() == Ids{"warning model-quantisation"});
  fp8.machines("T4", 1);
  CHECK(fp8.ids() == Ids{"error model-quantisation", "warning model-quantisation"});
  ServedModel bf16("--dtype=bfloat16");
  bf16.machines("T4", 1);
  CHECK(bf16.only().what == "the command asks for bfloat16, which T4 does not have");
  ServedModel replaced;
  replaced.machines("T4", 1);
  replaced.config.cmd = {
      "python3", "-m", "sglang.launch_server", "--model-path", "/models/llama", "--dtype=bfloat16"};
  const Ids ids = replaced.ids();
  CHECK(std::find(ids.begin(), ids.end(), "error model-dtype") == ids.end());
}

TEST_CASE("a model with code of its own needs a server that trusts it") {
  ServedModel served;
  served.model(R"(, "auto_map": {"AutoModel": "modeling_x.X"})");
  CHECK(served.only().id == "model-code-not-trusted");
  served.add_words("--trust_remote_code");
  CHECK(served.ids() == Ids{});
}

TEST_CASE("an adapter with a larger rank than the server takes is an error") {
  ServedModel served("--enable-lora --lora-modules sql=/adapters/sql");
  served.text("adapters/sql/adapter_config.json", R"({"peft_type": "LORA", "r": 64})");
  const Finding found = served.only();
  CHECK(found.id == "adapter-rank");
  CHECK(found.what == "`/adapters/sql/adapter_config.json` has rank 64, and the server takes 16");
  served.add_words("--max-lora-rank 64");
  CHECK(served.ids() == Ids{});
}

TEST_CASE("what is no configuration of a model is left to those who read it") {
  ServedModel served("--tensor-parallel-size 3");
  served.text("models/llama/config.json", R"({"model_type": )");
  CHECK(served.ids() == Ids{});
}

TEST_CASE("compiled modules of another Python are told once for each folder") {
  TestImage image;
  const std::string folder = "usr/lib/python3.12/site-packages/x/__pycache__/";
  image.add_content(folder + "a.cpython-312.pyc");
  CHECK(image.ids() == Ids{});
  image.add_content(folder + "a.cpython-311.pyc");
  image.add_content(folder + "b.cpython-311.opt-1.pyc");
  const Finding found = image.only();
  CHECK(found.id == "bytecode-of-other-python");
  CHECK(found.what == "`/usr/lib/python3.12` has 2 compiled modules of Python 3.11");
}
