#include "tests/unit/resolve/runtime_support.h"

#include <doctest/doctest.h>

#include <array>

using namespace mlpack;
using namespace mlpack::runtime_tests;

namespace {

struct RefusedRow {
  std::string_view spec;
  std::string_view files;
  std::string_view expected;  // `CODE MESSAGE | HINT`
};

const std::array refused_rows{
    RefusedRow{"fleet: [\"L4:2\", \"H100:4\"]\nruntime: vllm\n",
               "models/base/config.json",
               "9 the machines of `fleet` have 2 and 4 GPUs, and a command in an image can say one "
               "number | give all rows one `count`, build an image for each, or say the number in "
               "`args`"},
    RefusedRow{"fleet: [\"L4:2\", cpu]\nruntime: sglang\n",
               "models/base/config.json",
               "9 the machines of `fleet` have 2 and 1 GPUs, and a command in an image can say one "
               "number | give all rows one `count`, build an image for each, or say the number in "
               "`args`"},
    RefusedRow{
        "fleet: [L4]\nruntime: {name: vllm, args: {port: 9000}}\n",
        "models/base/config.json",
        "2 `runtime.args` says `port`, which mlpack writes itself | write `port`, which says "
        "it to the runtime too"},
    RefusedRow{"fleet: [L4]\nruntime: {name: vllm, args: [--model=x]}\n",
               "models/base/config.json",
               "2 `runtime.args` says `model`, which mlpack writes itself | what is served is said "
               "by `model`, `adapters` and the `weights` they name"},
    RefusedRow{"runtime: llamacpp\n",
               "models/base/config.json models/base/model.safetensors",
               "2 llama.cpp reads files in GGUF, and `base` has none | convert the model, or take "
               "another runtime"},
    RefusedRow{
        "runtime: llamacpp\n",
        "models/base/a.gguf models/base/b.gguf",
        "2 llama.cpp serves one model, and `base` has 2: `a.gguf`, `b.gguf` | choose one with "
        "`include`"},
    RefusedRow{"runtime: ollama\n",
               "models/base/a-00001-of-00002.gguf models/base/a-00002-of-00002.gguf",
               "2 Ollama takes a model of one file, and `base` has shards | join them "
               "(`llama-gguf-split --merge`), or take `runtime: llamacpp`"},
    RefusedRow{"runtime: {name: ollama, args: [--x]}\n",
               "models/base/a.gguf",
               "2 Ollama takes no arguments | write a map, whose keys become variables: "
               "`context-length: 8192` is OLLAMA_CONTEXT_LENGTH"},
    RefusedRow{
        "runtime: {name: ollama, args: {host: x}}\n",
        "models/base/a.gguf",
        "2 `runtime.args` says `host`, which mlpack writes itself | what is served is said by "
        "`model`, `adapters` and the `weights` they name"},
    RefusedRow{
        "runtime: {name: ollama, adapters: [sql]}\nweights: [{name: base, source: w}, {name: "
        "sql, source: s}]\n",
        "models/base/a.gguf",
        "2 Ollama takes no adapters | merge them into the model"},
    RefusedRow{"runtime: ollama\nweights: [{name: base, source: w, target: /m}]\n",
               "m/a.gguf",
               "2 `base` goes into the store of Ollama, not to `/m` | take `target` out of the "
               "entry"},
    RefusedRow{
        "runtime: {name: tei, config: x.yaml}\n",
        "models/base/1_Pooling/config.json",
        "2 Text Embeddings Inference has no configuration file of its own | write `args`, or "
        "put the file into `files`"},
    RefusedRow{
        "runtime: triton\n",
        "models/base/readme.txt",
        "2 `base` is no model repository: Triton Inference Server wants MODEL/VERSION/FILE | "
        "put the file into `base/1/`, under a name such as `model.onnx`"},
    RefusedRow{"runtime: triton\n",
               "models/base/add/1/model.pt",
               "3 the model `add` has no config.pbtxt, which Triton Inference Server does not make "
               "for a `model.pt` | write it into the model's folder, or name it as "
               "`runtime.config`"},
    RefusedRow{"runtime: {name: triton, config: c.pbtxt}\n",
               "models/base/add/1/model.pt models/base/add/config.pbtxt",
               "2 `base` is a repository of models, which have a config.pbtxt each | put the file "
               "into the folder of its model"},
};

struct SizesRow {
  std::string_view fleet;
  std::string_view runtime;   // its name and `args`
  std::string_view expected;  // `MESSAGE | COUNT`, or `no error`
};

constexpr std::string_view fix_sizes = "say the numbers of GPUs that there are in `args`";

const std::array sizes_rows{
    SizesRow{
        "L4:2",
        "vllm, args: {pipeline-parallel-size: 2, tensor-parallel-size: 2}",
        "vLLM is told to take 4 GPUs (tensor 2 x pipeline 2), and a machine with L4 has 2 | 4"},
    SizesRow{
        "L4:2",
        "vllm, args: [--pipeline-parallel-size=2, -tp, \"2\"]",
        "vLLM is told to take 4 GPUs (tensor 2 x pipeline 2), and a machine with L4 has 2 | 4"},
    SizesRow{"L4:4", "vllm, args: [-pp, \"2\", -tp=2]", "no error"},
    SizesRow{"L4:4",
             "vllm, args: {pp: 2, tp: 2, dp: 2}",
             "vLLM is told to take 8 GPUs (tensor 2 x pipeline 2 x data 2), and a machine with L4 "
             "has 4 | 8"},
    SizesRow{"L4:2",
             "vllm, args: [-tp, \"2\", --tensor_parallel_size, \"4\"]",
             "vLLM is told to take 4 GPUs (tensor 4), and a machine with L4 has 2 | 4"},
    SizesRow{"L4",
             "sglang, args: [--dp-size, \"2\"]",
             "SGLang is told to take 2 GPUs (data 2), and a machine with L4 has 1 | 2"},
    SizesRow{"L4:4", "sglang, args: {tp: 4, dp: 4, enable-dp-attention: true}", "no error"},
    SizesRow{"L4:4", "sglang, args: [--enable-dp-attention, --dp, \"4\", --tp=4]", "no error"},
    SizesRow{
        "L4:4",
        "sglang, args: {tp: 4, dp: 4, enable-dp-attention: false}",
        "SGLang is told to take 16 GPUs (tensor 4 x data 4), and a machine with L4 has 4 | 16"},
    SizesRow{"L4",
             "tensorrt_llm, args: {pipeline_parallel_size: 3}",
             "TensorRT-LLM is told to take 3 GPUs (pipeline 3), and a machine with L4 has 1 | 3"},
    SizesRow{"L4:2",
             "nim, args: {pipeline-parallel-size: 3}",
             "NVIDIA NIM is told to take 3 GPUs (pipeline 3), and a machine with L4 has 2 | 3"},
    SizesRow{"L4:2",
             "nim}\nenv: {NIM_TENSOR_PARALLEL_SIZE: \"4\"",
             "NVIDIA NIM is told to take 4 GPUs (tensor 4), and a machine with L4 has 2 | 4"},
    SizesRow{"L4:2",
             "nim, args: {tensor-parallel-size: 2}}\nenv: {NIM_TENSOR_PARALLEL_SIZE: \"4\"",
             "no error"},
    SizesRow{"L4:2",
             "nim}\nenv: {NIM_PIPELINE_PARALLEL_SIZE: \"4\", NIM_NUM_COMPUTE_NODES: \"2\"",
             "no error"},
    SizesRow{
        "L4:2", "nim}\nenv: {NIM_TENSOR_PARALLEL_SIZE: \"4\", NIM_MULTI_NODE: \"1\"", "no error"},
    SizesRow{"L4:2", "vllm}\nenv: {NIM_TENSOR_PARALLEL_SIZE: \"4\"", "no error"},
    SizesRow{
        "L4:2",
        "tgi, args: {num-shard: 4}",
        "Text Generation Inference is told to take 4 GPUs (tensor 4), and a machine with L4 has "
        "2 | 4"},
    // Several machines that work as one.
    SizesRow{"L4:4", "vllm, args: {tp: 4, pp: 2, nnodes: 2}", "no error"},
    SizesRow{
        "L4:2",
        "vllm, args: {tp: 4, pp: 2, nnodes: 2}",
        "vLLM is told to take 8 GPUs (tensor 4 x pipeline 2), and 2 machines with L4 have 4 | 4"},
    SizesRow{"L4:2",
             "vllm, args: {tp: 4, nnodes: 1}",
             "vLLM is told to take 4 GPUs (tensor 4), and a machine with L4 has 2 | 4"},
    SizesRow{"L4:2", "vllm, args: {tp: 8, nnodes: $(NODES)}", "no error"},
    SizesRow{"L4:2", "vllm, args: {tp: 2, pp: 2, distributed-executor-backend: ray}", "no error"},
    SizesRow{
        "L4:2",
        "vllm, args: {tp: 2, pp: 2, distributed-executor-backend: mp}",
        "vLLM is told to take 4 GPUs (tensor 2 x pipeline 2), and a machine with L4 has 2 | 4"},
    SizesRow{"L4:4", "vllm, args: {tp: 2, dp: 4, data-parallel-size-local: 2}", "no error"},
    SizesRow{"L4:2",
             "vllm, args: [-tp, \"2\", -dp, \"4\", -dpl, \"2\", -dpa, 10.0.0.1]",
             "vLLM is told to take 4 GPUs (tensor 2 x data 2), and a machine with L4 has 2 | 4"},
    SizesRow{"L4:2", "vllm, args: {tp: 2, dp: 4, data-parallel-size-local: 0}", "no error"},
    SizesRow{"L4:2", "vllm, args: [-dp, \"4\", --data-parallel-address=10.0.0.1]", "no error"},
    SizesRow{"L4:2", "vllm, args: [-dp, \"8\", --data-parallel-external-lb]", "no error"},
    SizesRow{"L4:2", "sglang, args: {tp: 8, nccl-init-addr: \"a:1\"}", "no error"},
    SizesRow{"L4:2", "tensorrt_llm, args: {tp_size: 16, gpus_per_node: 8}", "no error"},
    // Numbers that nobody has, and what is none.
    SizesRow{"L4:2",
             "vllm, args: {pp: 99999999999}",
             "vLLM is told to take 99999999999 GPUs (pipeline 99999999999), and a machine with L4 "
             "has 2 | 0"},
    SizesRow{"L4:2",
             "vllm, args: {tp: 99999999999, pp: 99999999999, dp: 99999999999999999999999}",
             "vLLM is told to take 4611686018427387904 GPUs (tensor 99999999999 x pipeline "
             "99999999999 x data 4611686018427387904), and a machine with L4 has 2 | 0"},
    SizesRow{"L4:2",
             "vllm, args: {pp: 0}",
             "vLLM is told to take 0 GPUs (pipeline 0), and a machine with L4 has 2 | 0"},
    SizesRow{"L4:2",
             "sglang, args: {tp: 2, dp: 0, enable-dp-attention: true}",
             "SGLang is told to take 0 GPUs (tensor 2 x data 0), and a machine with L4 has 2 | 0"},
    SizesRow{"L4:2",
             "vllm, args: {pp: 0, distributed-executor-backend: ray}",
             "vLLM is told to take 0 GPUs (pipeline 0), and a machine with L4 has 2 | 0"},
    SizesRow{"L4:2",
             "vllm, args: {tp: 0}",
             "vLLM is told to take 0 GPUs (tensor 0), and a machine with L4 has 2 | 0"},
    SizesRow{"L4:2", "vllm, args: {nnodes: \"00\"}", "no error"},
    SizesRow{"L4:2", "vllm, args: {pp: -1, dp: two}", "no error"},
    SizesRow{"L4:2", "vllm, args: [-pp, \"-1\", -dp, two, --tensor-parallel-size]", "no error"},
    SizesRow{"cpu", "vllm, args: {tp: 2}", "no error"},
};

// What the refusal of a row has to be.
std::string wanted_of(const SizesRow& row) {
  const std::size_t bar = row.expected.find(" | ");
  if (bar == std::string_view::npos) return std::string(row.expected);
  const std::string_view count = row.expected.substr(bar + 3);
  return "9 " + std::string(row.expected.substr(0, bar)) + " | " +
         (count == "0" ? std::string(fix_sizes)
                       : "set `count: " + std::string(count) +
                             "` in `fleet`, or say smaller numbers in `args`");
}

// What is known of an adapter whose largest rank is `rank`.
RuntimeFacts facts_of_rank(std::uint64_t rank) {
  RuntimeFacts facts = facts_with({{"base", "models/base/config.json"}, {"sql", "adapters/sql/x"}});
  for (WeightsFacts& known : facts.weights) {
    if (known.name == "sql") known.rank = rank;
  }
  return facts;
}

constexpr std::string_view with_adapter =
    "adapters: [sql]}\nweights: [{name: base, source: w}, {name: sql, source: s, target: "
    "/adapters/sql}]\n";

std::string command_with_adapter(const std::string& runtime, std::uint64_t rank) {
  const Plan made =
      planned("fleet: [L4]\nruntime: {name: " + runtime + ", " + std::string(with_adapter),
              base_starting(""),
              facts_of_rank(rank));
  return join(made.config.cmd, " ");
}

}  // namespace

TEST_CASE("what a runtime cannot serve is refused, with what to do") {
  for (const RefusedRow& row : refused_rows) {
    CAPTURE(row.spec);
    CHECK(refusal(row.spec, facts_with({{"base", row.files}})) == row.expected);
  }
}

TEST_CASE(
    "a command that wants more GPUs than a machine has is refused, unless several work as one") {
  for (const SizesRow& row : sizes_rows) {
    CAPTURE(row.fleet);
    CAPTURE(row.runtime);
    const std::string spec = "fleet: [\"" + std::string(row.fleet) +
                             "\"]\nruntime: {name: " + std::string(row.runtime) + "}\n";
    CHECK(refusal(spec, facts_with({{"base", "models/base/config.json"}})) == wanted_of(row));
  }
}

TEST_CASE("too few GPUs are told of at their row of the fleet") {
  try {
    planned("fleet:\n  - \"H100:8\"\n  - \"L4:2\"\nruntime: {name: vllm, args: {tp: 4}}\n",
            base_starting(""),
            facts_with({{"base", "models/base/config.json"}}));
    FAIL("no error");
  } catch (const Error& error) {
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].line == 6);
  }
}

TEST_CASE("a runtime without weights has nothing to serve") {
  try {
    planned_without_weights("fleet: [L4]\nruntime: vllm\n");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.what() == std::string("`runtime` has nothing to serve: the spec has no `weights`"));
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].line == 5);
  }
}

TEST_CASE("adapters are named as each runtime wants them") {
  CHECK(
      command_with_adapter("vllm", 8).ends_with("--enable-lora --lora-modules sql=/adapters/sql"));
  CHECK(command_with_adapter("vllm", 17)
            .ends_with("--lora-modules sql=/adapters/sql --max-lora-rank 32"));
  CHECK(command_with_adapter("sglang", 17)
            .ends_with("--enable-lora --lora-paths sql=/adapters/sql --max-lora-rank 17"));
  CHECK(command_with_adapter("tgi", 17).ends_with("--lora-adapters sql=/adapters/sql"));
  const Plan nim = planned("fleet: [L4]\nruntime: {name: nim, " + std::string(with_adapter),
                           base_starting(""),
                           facts_of_rank(8));
  CHECK(nim.config.env_value("NIM_PEFT_SOURCE") == "/adapters");
}

TEST_CASE("an adapter of a rank that vLLM does not take is incompatible") {
  CHECK(refusal("fleet: [L4]\nruntime: {name: vllm, " + std::string(with_adapter),
                facts_of_rank(513)) ==
        "9 an adapter has rank 513, and the largest that can be served is 512 | merge it into the "
        "model");
}

TEST_CASE("folders that sentence-transformers names have to be there") {
  RuntimeFacts facts = facts_with({{"base", "models/base/config.json models/base/modules.json"}});
  facts.weights[0].modules = {"1_Pooling"};
  CHECK(refusal("runtime: tei\n", facts) ==
        "3 modules.json of `base` names the folder `1_Pooling`, which is not there | download it "
        "too: without it Text Embeddings Inference does not know how to pool");
  facts.weights[0].files.emplace_back("models/base/1_Pooling/config.json");
  CHECK(refusal("runtime: tei\n", facts) == "no error");
}

TEST_CASE("config.pbtxt has to call a model as its folder is called") {
  RuntimeFacts facts =
      facts_with({{"base", "models/base/add/1/model.onnx models/base/add/config.pbtxt"}});
  facts.weights[0].model_names = {{"models/base/add/config.pbtxt", "sum"}};
  CHECK(refusal("runtime: triton\n", facts) ==
        "3 `/models/base/add/config.pbtxt` calls the model `sum`, and its folder is `add` | take "
        "`name` out of the file, or call them the same");
}

TEST_CASE("one file is laid out as a model repository") {
  for (const std::string_view runtime : {"triton", "onnxruntime"}) {
    RuntimeFacts facts = facts_with({{"base", "models/base"}});
    facts.weights[0].source = "det.onnx";
    const Plan made = planned("runtime: " + std::string(runtime) + "\n", base_starting(""), facts);
    REQUIRE(made.weights.size() == 1);
    CHECK(made.weights[0].tree.target == "/models/base/1/model.onnx");
  }
}

TEST_CASE("a model's config.pbtxt goes beside it") {
  RuntimeFacts facts = facts_with({{"base", "models/base"}});
  facts.weights[0].source = "net.pt";
  const Plan made = planned("runtime: {name: triton, config: c.pbtxt}\n", base_starting(""), facts);
  CHECK(made.weights[0].tree.target == "/models/base/1/model.pt");
  REQUIRE(made.files.size() == 1);
  CHECK(made.files[0].tree.target == "/models/base/config.pbtxt");
}

TEST_CASE("warnings of runtimes come where they apply") {
  const auto facts = facts_with({{"base", "models/base/config.json"}});
  const std::string old = "Text Generation Inference is in maintenance mode";
  CHECK(warned(planned("fleet: [L4]\nruntime: tgi\n", base_starting(""), facts)) == Words{old});
  CHECK(warned(planned("fleet: [L4]\nruntime: tgi\nuser: \"7:7\"\n", base_starting(""), facts)) ==
        Words{old, "Text Generation Inference does not run as this user"});
  CHECK(warned(planned("fleet: [cpu]\nruntime: tgi\nrun: [a]\n", base_starting(""), facts)) ==
        Words{old, "the name of the container may become the address to listen on"});
  CHECK(warned(planned("fleet: [\"L4:2\"]\nruntime: tei\n", base_starting(""), facts)) ==
        Words{"`base` does not say how it pools", "Text Embeddings Inference uses one GPU"});
  CHECK(warned(planned(
            "fleet: [cpu]\nruntime: vllm\nenv: {VLLM_PORT: \"1\"}\n", base_starting(""), facts)) ==
        Words{"`VLLM_PORT` is set"});
  CHECK(warned(planned("runtime: torchserve\nport: 9000\n", base_starting(""), facts)) ==
        Words{"TorchServe is no longer maintained",
              "TorchServe listens where its config.properties says"});
  BaseFacts debian{BaseFacts::Kind::debian, "bookworm", {}, {}};
  const Plan made = planned("fleet: [cpu]\nruntime: vllm\nsystem_packages: [gcc]\n", debian, facts);
  REQUIRE(made.warnings.size() == 1);
  CHECK(made.warnings[0].fix == "add `system_packages: [libc6-dev, libnuma1, python3-dev]`");
}
