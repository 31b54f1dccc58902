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
