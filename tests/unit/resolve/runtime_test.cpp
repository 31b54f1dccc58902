#include "lib/resolve/plan.h"
#include "lib/text.h"
#include "tests/unit/resolve/runtime_support.h"

#include <doctest/doctest.h>

#include <array>

using namespace mlpack;
using namespace mlpack::runtime_tests;

namespace {

// What a runtime's documentation starts it with, and what comes out on a base that starts
// `entrypoint`, with the files `files` as the weights `base`.
struct CommandRow {
  std::string_view spec;
  std::string_view entrypoint;  // of the base, words with blanks between them
  std::string_view files;       // in the image
  std::string_view expected;    // `ENTRYPOINT | CMD`
  std::string_view source;
};

constexpr std::string_view folder = "models/base/config.json models/base/model.safetensors";
constexpr std::string_view gguf = "models/base/base.gguf";

const std::array command_rows{
    CommandRow{"fleet: [L4]\nruntime: vllm\n",
               "vllm serve",
               folder,
               "vllm serve | /models/base --served-model-name base --host 0.0.0.0 --port 8000",
               "vLLM docs/deployment/docker.md: the image's entrypoint is `vllm serve`"},
    CommandRow{"fleet: [L4]\nruntime: {name: vllm, args: {max-model-len: 8192, "
               "enable-prefix-caching: true, disable-log-stats: false, "
               "limit-mm-per-prompt: {image: 2}, cuda-graph-sizes: [1, 2]}}\n",
               "python3 -m vllm.entrypoints.openai.api_server",
               folder,
               "python3 -m vllm.entrypoints.openai.api_server | --model /models/base "
               "--served-model-name base --host 0.0.0.0 --port 8000 --max-model-len 8192 "
               "--enable-prefix-caching --limit-mm-per-prompt {\"image\":2} --cuda-graph-sizes 1 2",
               "vLLM docs/deployment/docker.md of 0.6: the module is the entrypoint"},
    CommandRow{"fleet: [\"H100:4\", \"A100-80GB:4\"]\nruntime: vllm\nport: 9000\n",
               "",
               folder,
               " | vllm serve /models/base --served-model-name base --host 0.0.0.0 --port 9000 "
               "--tensor-parallel-size 4",
               "vLLM docs/serving/parallelism_scaling.md"},
    CommandRow{"fleet: [\"H100:4\", \"L4:2\"]\nruntime: {name: vllm, args: {tp: 2}}\n",
               "vllm serve",
               folder,
               "vllm serve | /models/base --served-model-name base --host 0.0.0.0 --port 8000 "
               "-tp 2",
               "vLLM docs: -tp is --tensor-parallel-size"},
    CommandRow{"fleet: [L4]\nruntime: {name: vllm, args: [--max-model-len, \"8192\", "
               "--served-model-name=chat]}\n",
               "vllm serve",
               folder,
               "vllm serve | /models/base --host 0.0.0.0 --port 8000 --max-model-len 8192 "
               "--served-model-name=chat",
               "spec.md: a list is taken verbatim"},
    CommandRow{"fleet: [L4]\nruntime: vllm\n",
               "vllm serve",
               "models/base/base.gguf models/base/tokenizer.json",
               "vllm serve | /models/base/base.gguf --served-model-name base --host 0.0.0.0 --port "
               "8000",
               "vLLM docs/features/quantization/gguf.md: the path of one file"},
    CommandRow{"fleet: [\"H200:8\"]\nruntime: sglang\n",
               "",
               folder,
               " | python3 -m sglang.launch_server --model-path /models/base --served-model-name "
               "base --host 0.0.0.0 --port 30000 --enable-metrics --tp 8",
               "SGLang docs, install and server_arguments: --host is needed"},
    CommandRow{"fleet: [\"H200:8\"]\nruntime: {name: sglang, args: {pp-size: 2}}\n",
               "",
               folder,
               " | python3 -m sglang.launch_server --model-path /models/base --served-model-name "
               "base --host 0.0.0.0 --port 30000 --enable-metrics --tp 4 --pp-size 2",
               "SGLang docs, server_arguments: what stages leave is for tensors"},
    CommandRow{
        "fleet: [\"H200:8\"]\nruntime: {name: sglang, args: [--enable-dp-attention, --dp, "
        "\"8\"]}\n",
        "",
        folder,
        " | python3 -m sglang.launch_server --model-path /models/base --served-model-name "
        "base --host 0.0.0.0 --port 30000 --enable-metrics --tp 8 --enable-dp-attention --dp "
        "8",
        "SGLang docs, dp_dpa_smg_guide: attention is copied on the GPUs of the tensors"},
    CommandRow{"fleet: [\"H200:8\"]\nruntime: {name: vllm, args: {pp: 2, dp: 2}}\n",
               "vllm serve",
               folder,
               "vllm serve | /models/base --served-model-name base --host 0.0.0.0 --port 8000 "
               "--tensor-parallel-size 2 -pp 2 -dp 2",
               "vLLM docs/serving/data_parallel_deployment.md"},
    CommandRow{"fleet: [\"H200:8\"]\nruntime: {name: vllm, args: {pp: 2, nnodes: 4}}\n",
               "vllm serve",
               folder,
               "vllm serve | /models/base --served-model-name base --host 0.0.0.0 --port 8000 "
               "--tensor-parallel-size 16 -pp 2 --nnodes 4",
               "vLLM vllm/engine/arg_utils.py: all GPUs are those of nnodes machines"},
    CommandRow{"fleet: [\"H200:8\"]\nruntime: {name: vllm, args: {dp: 4, dpl: 2}}\n",
               "vllm serve",
               folder,
               "vllm serve | /models/base --served-model-name base --host 0.0.0.0 --port 8000 "
               "--tensor-parallel-size 4 -dp 4 -dpl 2",
               "vLLM docs/serving/data_parallel_deployment.md: copies on this machine"},
    CommandRow{"fleet: [\"H200:8\"]\nruntime: {name: vllm, args: {pp: 2, "
               "distributed-executor-backend: ray}}\n",
               "vllm serve",
               folder,
               "vllm serve | /models/base --served-model-name base --host 0.0.0.0 --port 8000 "
               "--tensor-parallel-size 8 -pp 2 --distributed-executor-backend ray",
               "vLLM docs/serving/parallelism_scaling.md: tensors of a machine, a stage for each"},
    CommandRow{
        "fleet: [\"H200:2\"]\nruntime: {name: vllm, args: {dp: 2}}\n",
        "vllm serve",
        folder,
        "vllm serve | /models/base --served-model-name base --host 0.0.0.0 --port 8000 -dp 2",
        "vLLM docs: one GPU is what it takes unasked"},
    CommandRow{"fleet: [\"L4:2\"]\nruntime: tgi\n",
               "/tgi-entrypoint.sh",
               folder,
               "/tgi-entrypoint.sh | --model-id /models/base --hostname 0.0.0.0 --port 80 "
               "--usage-stats off --num-shard 2",
               "TGI docs/source/reference/launcher.md, Dockerfile"},
    CommandRow{"fleet: [L4]\nruntime: tei\n",
               "text-embeddings-router",
               "models/base/1_Pooling/config.json models/base/config.json",
               "text-embeddings-router | --model-id /models/base --served-model-name base "
               "--hostname 0.0.0.0 --port 8080 --json-output",
               "TEI README.md; Dockerfile has --json-output as its command"},
    CommandRow{"fleet: [L4]\nruntime: {name: tei, args: {pooling: cls}}\nuser: \"0:0\"\n",
               "./entrypoint.sh",
               "models/base/config.json",
               "./entrypoint.sh | --model-id /models/base --served-model-name base --hostname "
               "0.0.0.0 --port 80 --json-output --pooling cls",
               "TEI Dockerfile-cuda-all: entrypoint.sh picks the router of the GPU"},
    CommandRow{"fleet: [L4]\nruntime: triton\n",
               "/opt/nvidia/nvidia_entrypoint.sh",
               "models/base/1/model.onnx models/base/config.pbtxt",
               "/opt/nvidia/nvidia_entrypoint.sh | tritonserver --model-repository=/models "
               "--exit-on-error=true --strict-readiness=true",
               "Triton docs/user_guide/model_repository.md"},
    CommandRow{"runtime: {name: triton, args: {load-model: [a, b], strict-readiness: \"false\", "
               "disable-auto-complete-config: true}}\nport: {http: 9000, metrics: 9002}\n",
               "",
               "models/base/det/1/model.onnx models/base/cls/3/model.plan",
               " | tritonserver --model-repository=/models/base --http-port=9000 "
               "--metrics-port=9002 --exit-on-error=true --load-model=a --load-model=b "
               "--strict-readiness=false --disable-auto-complete-config=true",
               "Triton src/command_line_parser.cc"},
    CommandRow{"fleet: [\"H100:2\"]\nruntime: tensorrt_llm\n",
               "/opt/nvidia/nvidia_entrypoint.sh",
               folder,
               "/opt/nvidia/nvidia_entrypoint.sh | trtllm-serve /models/base --served_model_name "
               "base --host 0.0.0.0 --port 8000 --tp_size 2",
               "https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve.html"},
    CommandRow{"runtime: {name: llamacpp, args: {c: 16384, np: 2, ngl: all, flash-attn: \"on\"}}\n",
               "/app/llama-server",
               "models/base/q-00001-of-00003.gguf models/base/q-00002-of-00003.gguf "
               "models/base/q-00003-of-00003.gguf",
               "/app/llama-server | -m /models/base/q-00001-of-00003.gguf --alias base --host "
               "0.0.0.0 --port 8080 --metrics -c 16384 -np 2 -ngl all --flash-attn on",
               "llama.cpp tools/server/README.md; the image's entrypoint is /app/llama-server"},
    CommandRow{"runtime: {name: llamacpp, args: {metrics: false, ts: [3, 1], lora-scaled: -x}}\n",
               "/app/llama-server",
               "models/base/base.gguf models/base/mmproj-base.gguf",
               "/app/llama-server | -m /models/base/base.gguf --mmproj "
               "/models/base/mmproj-base.gguf --alias base --host 0.0.0.0 --port 8080 -ts 3,1 "
               "--lora-scaled=-x",
               "llama.cpp tools/server/README.md: -ts 3,1"},
    CommandRow{"runtime: ollama\n",
               "/bin/ollama",
               gguf,
               "/bin/ollama | serve",
               "Ollama Dockerfile: ENTRYPOINT /bin/ollama, CMD serve"},
    CommandRow{"runtime: ray_serve\n",
               "",
               folder,
               " | serve run app:app",
               "Ray Serve docs: serve run app:app"},
    CommandRow{"runtime: {name: ray_serve, config: serve_config.yaml}\n",
               "",
               folder,
               " | serve run /etc/mlpack/serve_config.yaml",
               "Ray Serve docs: serve run config.yaml"},
    CommandRow{"runtime: {name: torchserve, config: config.properties}\n",
               "/usr/local/bin/dockerd-entrypoint.sh",
               "models/base/base.mar",
               " | torchserve --start --foreground --model-store /models/base --models all "
               "--ts-config /etc/mlpack/config.properties",
               "TorchServe docs: --foreground keeps it in front"},
    CommandRow{"runtime: onnxruntime\n",
               "/app/bin/onnxruntime_server --model-dir models --log-file logs/app.log",
               "models/base/1/model.onnx models/base/12/model.onnx models/base/2/model.onnx",
               " | /app/bin/onnxruntime_server --model-dir /models --http-port 8080 "
               "--prepare-model base:12",
               "onnxruntime-server README.md"},
    CommandRow{"runtime: {name: python, args: {app: \"server:api\", workers: 2}}\nport: 8080\n",
               "",
               folder,
               " | uvicorn server:api --host 0.0.0.0 --port 8080 --timeout-graceful-shutdown 30 "
               "--workers 2",
               "https://www.uvicorn.org/settings/"},
    CommandRow{"runtime: {name: python, args: [\"server:api\", --workers, \"2\"]}\n",
               "",
               folder,
               " | uvicorn --host 0.0.0.0 --port 8000 --timeout-graceful-shutdown 30 server:api "
               "--workers 2",
               "spec.md: a list is taken verbatim"},
    CommandRow{"fleet: [H100]\nruntime: nim\n",
               "/opt/nvidia/nvidia_entrypoint.sh",
               folder,
               "/opt/nvidia/nvidia_entrypoint.sh | nim-serve",
               "https://docs.nvidia.com/nim/large-language-models/latest/: nim-serve"},
};

std::string shown(const std::vector<std::string>& words) {
  return join(words, " ");
}

}  // namespace

TEST_CASE("every runtime is started as its documentation says") {
  for (const CommandRow& row : command_rows) {
    CAPTURE(row.spec);
    CAPTURE(row.source);
    const Plan made =
        planned(row.spec, base_starting(row.entrypoint), facts_with({{"base", row.files}}));
    CHECK(shown(made.config.entrypoint) + " | " + shown(made.config.cmd) == row.expected);
  }
}

TEST_CASE("run beside a runtime replaces its command and keeps the rest of it") {
  const Plan made =
      planned("fleet: [L4]\nruntime: vllm\nrun: [my-server]\n", base_starting("vllm serve"), {});
  CHECK(made.config.entrypoint.empty());
  CHECK(made.config.cmd == Words{"my-server"});
  CHECK(made.config.env_value("HF_HUB_OFFLINE") == "1");
  CHECK(made.config.exposed_ports == Words{"8000/tcp"});
}

TEST_CASE("an entrypoint of the spec stands before the whole command of the runtime") {
  const Plan made = planned("fleet: [L4]\nruntime: vllm\nentrypoint: [tini, --]\n",
                            base_starting("vllm serve"),
                            facts_with({{"base", folder}}));
  CHECK(made.config.entrypoint == Words{"tini", "--"});
  CHECK(made.config.cmd.front() == "vllm");
}

TEST_CASE("a runtime brings ports, health, metrics, shared memory and a signal") {
  const Plan made = planned("fleet: [\"L4:2\"]\nruntime: {name: vllm, version: \"0.11.0\"}\n",
                            base_starting("vllm serve"),
                            facts_with({{"base", folder}}));
  const auto& labels = made.config.labels;
  CHECK(labels.at("dev.mlpack.runtime") == "vllm");
  CHECK(labels.at("dev.mlpack.runtime.version") == "0.11.0");
  CHECK(labels.at("dev.mlpack.model") == "base");
  CHECK(labels.at("dev.mlpack.ports") == "http=8000");
  CHECK(labels.at("dev.mlpack.health.readiness") == "/health");
  CHECK(labels.at("dev.mlpack.health.liveness") == "/health");
  CHECK(labels.at("dev.mlpack.health.startup") == "1800");
  CHECK(labels.at("dev.mlpack.metrics") == "8000/metrics");
  CHECK(labels.at("dev.mlpack.resources.shm") == "2Gi");
  CHECK(made.config.stop_signal == "SIGTERM");
  CHECK(made.config.env_value("VLLM_CACHE_ROOT") == "/home/nonroot/.cache/vllm");
  CHECK_FALSE(made.config.env_value("VLLM_PORT"));
}

TEST_CASE("what the spec says of ports, health, memory and environment wins") {
  const Plan made = planned(
      "fleet: [L4]\nruntime: vllm\nport: {http: 9000, debug: 5678}\nhealth: {readiness: /ready}\n"
      "resources: {shm: 1Gi}\nenv: {HF_HUB_OFFLINE: \"0\"}\n",
      base_starting("vllm serve"),
      facts_with({{"base", folder}}));
  const auto& labels = made.config.labels;
  CHECK(labels.at("dev.mlpack.ports") == "http=9000,debug=5678");
  CHECK(labels.at("dev.mlpack.health.readiness") == "/ready");
  CHECK(labels.at("dev.mlpack.health.liveness") == "/health");
  CHECK(labels.at("dev.mlpack.metrics") == "9000/metrics");
  CHECK(labels.at("dev.mlpack.resources.shm") == "1Gi");
  CHECK(made.config.exposed_ports == Words{"5678/tcp", "9000/tcp"});
  CHECK(made.config.env_value("HF_HUB_OFFLINE") == "0");
}

TEST_CASE("ports of a list are the runtime's in its order") {
  const Plan made = planned("runtime: triton\nport: [9000, 9001]\n",
                            base_starting(""),
                            facts_with({{"base", "models/base/m/1/model.onnx"}}));
  CHECK(made.config.labels.at("dev.mlpack.ports") == "http=9000,grpc=9001,metrics=8002");
  CHECK(made.config.labels.at("dev.mlpack.metrics") == "8002/metrics");
}

TEST_CASE("the port that an official image exposes goes where the runtime listens on another") {
  BaseFacts base = base_starting("text-embeddings-router");
  base.config.exposed_ports = {"80/tcp", "7777/tcp"};
  const Plan made = planned("runtime: {name: tei, args: {pooling: cls}}\n",
                            base,
                            facts_with({{"base", "models/base/config.json"}}));
  CHECK(made.config.exposed_ports == Words{"7777/tcp", "8080/tcp", "9000/tcp"});
}

TEST_CASE("a runtime's own user takes the place of 65532, not of the base's or the spec's") {
  const auto facts = facts_with({{"base", "models/base/m/1/model.onnx"}});
  CHECK(planned("runtime: triton\n", base_starting(""), facts).config.user == "1000:1000");
  CHECK(planned("runtime: triton\nuser: \"7:7\"\n", base_starting(""), facts).config.user == "7:7");
  BaseFacts base = base_starting("");
  base.config.user = "triton-server";
  CHECK(planned("runtime: triton\n", base, facts).config.user == "triton-server");
}

TEST_CASE("NIM and Ollama are told by variables") {
  const Plan nim = planned(
      "fleet: [\"H100:2\"]\nruntime: {name: nim, args: {max-model-len: 8192, "
      "chat-template: \"a b\"}}\nport: 9000\n",
      base_starting(""),
      facts_with({{"base", folder}}));
  CHECK(nim.config.env_value("NIM_MODEL_PATH") == "/models/base");
  CHECK(nim.config.env_value("NIM_SERVED_MODEL_NAME") == "base");
  CHECK(nim.config.env_value("NIM_TENSOR_PARALLEL_SIZE") == "2");
  CHECK(nim.config.env_value("NIM_SERVER_PORT") == "9000");
  CHECK(nim.config.env_value("NIM_PASSTHROUGH_ARGS") ==
        "--max-model-len 8192 --chat-template 'a b'");
  CHECK(nim.account.writable == Words{"/opt/nim/.cache"});
  CHECK(nim.account.uid == 1000);

  const Plan staged = planned(
      "fleet: [\"H100:8\"]\nruntime: {name: nim, args: "
      "{pipeline-parallel-size: 2}}\n",
      base_starting(""),
      facts_with({{"base", folder}}));
  CHECK(staged.config.env_value("NIM_TENSOR_PARALLEL_SIZE") == "4");
  const Plan divided = planned(
      "fleet: [\"H100:8\", \"L4:4\"]\nruntime: {name: nim, args: "
      "[--tensor-parallel-size=4]}\n",
      base_starting(""),
      facts_with({{"base", folder}}));
  CHECK_FALSE(divided.config.env_value("NIM_TENSOR_PARALLEL_SIZE"));
  const Plan own = planned(
      "fleet: [\"H100:8\", \"L4:4\"]\nruntime: nim\nenv: "
      "{NIM_TENSOR_PARALLEL_SIZE: \"4\"}\n",
      base_starting(""),
      facts_with({{"base", folder}}));
  CHECK(own.config.env_value("NIM_TENSOR_PARALLEL_SIZE") == "4");
  CHECK(divided.config.env_value("NIM_PASSTHROUGH_ARGS") == "--tensor-parallel-size=4");

  const Plan ollama = planned(
      "runtime: {name: ollama, args: {context-length: 8192, flash-attention: true}}\n"
      "port: 8080\n",
      base_starting("/bin/ollama"),
      facts_with({{"base", gguf}}));
  CHECK(ollama.config.env_value("OLLAMA_HOST") == "0.0.0.0:8080");
  CHECK(ollama.config.env_value("OLLAMA_MODELS") == "/models/ollama");
  CHECK(ollama.config.env_value("OLLAMA_CONTEXT_LENGTH") == "8192");
  CHECK(ollama.config.env_value("OLLAMA_FLASH_ATTENTION") == "1");
  CHECK(ollama.config.env_value("HOME") == "/home/nonroot");
  REQUIRE(ollama.store);
  CHECK(ollama.store->model == "models/base/base.gguf");
  CHECK(ollama.store->root == "/models/ollama");
}

TEST_CASE("an application knows its model by variables, and needs none") {
  const Plan with = planned("runtime: python\n", base_starting(""), facts_with({{"base", folder}}));
  CHECK(with.config.env_value("MODEL_PATH") == "/models/base");
  CHECK(with.config.env_value("MODEL_NAME") == "base");
  const Plan without = planned_without_weights("runtime: python\n");
  CHECK_FALSE(without.config.env_value("MODEL_PATH"));
  CHECK(without.config.cmd.front() == "uvicorn");
}

TEST_CASE("the runtime's own file goes into the image, and its flag names it") {
  const Plan made = planned("fleet: [L4]\nruntime: {name: vllm, config: conf/serve.yaml}\n",
                            base_starting("vllm serve"),
                            facts_with({{"base", folder}}));
  CHECK(shown(made.config.cmd).ends_with("--config /etc/mlpack/serve.yaml"));
  REQUIRE(made.files.size() == 1);
  CHECK(made.files[0].tree.source == "/spec/conf/serve.yaml");
  CHECK(made.files[0].tree.target == "/etc/mlpack/serve.yaml");
}
