#include "lib/resolve/runtime_image.h"

#include "lib/error.h"
#include "lib/resolve/solve.h"
#include "lib/resolve/spec_demands.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <string>

using namespace mlpack;

namespace {

struct ImageRow {
  std::string_view spec;
  std::string_view platform;
  std::string_view expected;  // the reference, or `CODE MESSAGE`
  std::string_view source;
};

constexpr std::string_view tei_arm = "TEI, issue 733";
constexpr std::string_view tei_no_arm = "TEI, issue 900: no tag of a release is for linux/arm64";
constexpr std::string_view tei_tags = "TEI README.md: a tag for each compute capability";
constexpr std::string_view docker_md = "llama.cpp docs/docker.md";

const std::array image_rows{
    ImageRow{"fleet: [L4]\nruntime: {name: vllm, version: \"0.11.0\"}\n",
             "linux/amd64",
             "docker.io/vllm/vllm-openai:v0.11.0",
             "vLLM docs/deployment/docker.md"},
    ImageRow{"fleet: [cpu]\nruntime: {name: vllm, version: \"0.11.0\"}\n",
             "linux/amd64",
             "docker.io/vllm/vllm-openai-cpu:v0.11.0",
             "vLLM docs, CPU installation"},
    ImageRow{"fleet: [L4, cpu]\nruntime: {name: vllm, version: \"0.11.0\"}\n",
             "linux/amd64",
             "9 vLLM has no official image for machines with and without a GPU on linux/amd64",
             "vLLM docs: another image for CPUs"},
    ImageRow{"fleet: [H100]\nruntime: {name: sglang, version: \"0.5.19\"}\n",
             "linux/amd64",
             "docker.io/lmsysorg/sglang:v0.5.19",
             "SGLang docs, install"},
    ImageRow{"fleet: [L4]\nruntime: {name: tgi, version: \"3.3.5\"}\n",
             "linux/amd64",
             "ghcr.io/huggingface/text-generation-inference:3.3.5",
             "TGI docs/source/quicktour.md"},
    ImageRow{"runtime: {name: tei, version: \"1.9\"}\n",
             "linux/amd64",
             "ghcr.io/huggingface/text-embeddings-inference:cpu-1.9",
             tei_tags},
    ImageRow{"runtime: {name: tei, version: \"1.9\"}\n",
             "linux/arm64",
             "9 Text Embeddings Inference has no official image for machines without a GPU on "
             "linux/arm64",
             tei_no_arm},
    ImageRow{"fleet: [T4]\nruntime: {name: tei, version: \"1.9\"}\n",
             "linux/amd64",
             "ghcr.io/huggingface/text-embeddings-inference:turing-1.9",
             tei_tags},
    ImageRow{"fleet: [A100]\nruntime: {name: tei, version: \"1.9\"}\n",
             "linux/amd64",
             "ghcr.io/huggingface/text-embeddings-inference:1.9",
             tei_tags},
    ImageRow{"fleet: [L4, L40S]\nruntime: {name: tei, version: \"1.9\"}\n",
             "linux/amd64",
             "ghcr.io/huggingface/text-embeddings-inference:89-1.9",
             tei_tags},
    ImageRow{"fleet: [H100]\nruntime: {name: tei, version: \"1.9\"}\n",
             "linux/amd64",
             "ghcr.io/huggingface/text-embeddings-inference:hopper-1.9",
             tei_tags},
    ImageRow{"fleet: [L4, H100]\nruntime: {name: tei, version: \"1.9\"}\n",
             "linux/amd64",
             "ghcr.io/huggingface/text-embeddings-inference:cuda-1.9",
             "TEI Dockerfile-cuda-all: it looks which GPU there is"},
    ImageRow{"fleet: [L4, cpu]\nruntime: {name: triton, version: \"26.07\"}\n",
             "linux/amd64",
             "nvcr.io/nvidia/tritonserver:26.07-py3",
             "Triton docs/introduction/compatibility.md; the image runs without a GPU too"},
    ImageRow{"runtime: {name: triton, version: \"2.71.0\"}\n",
             "linux/amd64",
             "nvcr.io/nvidia/tritonserver:26.07-py3",
             "Triton build.py: 2.71.0 is 26.07"},
    ImageRow{"fleet: [H100]\nruntime: {name: tensorrt_llm, version: \"1.2.1\"}\n",
             "linux/amd64",
             "nvcr.io/nvidia/tensorrt-llm/release:1.2.1",
             "TensorRT-LLM docs, installation"},
    ImageRow{"runtime: {name: llamacpp, version: b10108}\n",
             "linux/arm64",
             "ghcr.io/ggml-org/llama.cpp:server-b10108",
             docker_md},
    ImageRow{"fleet: [L4]\nruntime: {name: llamacpp, version: b10108}\n",
             "linux/amd64",
             "ghcr.io/ggml-org/llama.cpp:server-cuda-b10108",
             docker_md},
    ImageRow{"fleet: [L4]\ncuda: \"13.0\"\nruntime: {name: llamacpp, version: b10108}\n",
             "linux/amd64",
             "ghcr.io/ggml-org/llama.cpp:server-cuda13-b10108",
             docker_md},
    ImageRow{"runtime: {name: ollama, version: \"0.30.0\"}\n",
             "linux/amd64",
             "docker.io/ollama/ollama:0.30.0",
             "Ollama docs/docker.md"},
    ImageRow{"fleet: [L4]\nruntime: {name: ray_serve, version: \"2.52.0\"}\n",
             "linux/amd64",
             "docker.io/rayproject/ray:2.52.0-py312-gpu",
             "Ray docker/README.md"},
    ImageRow{"fleet: [L4, cpu]\nruntime: {name: ray_serve, version: \"2.52.0\"}\n",
             "linux/amd64",
             "docker.io/rayproject/ray:2.52.0-py312-gpu",
             "Ray docker/README.md: the same with CUDA, which starts without a GPU too"},
    ImageRow{
        "fleet: [L4, cpu]\nruntime: {name: tei, version: \"1.9\"}\n",
        "linux/amd64",
        "9 Text Embeddings Inference has no official image for machines with and without a GPU "
        "on linux/amd64",
        tei_tags},
    ImageRow{"fleet: [GH200]\nruntime: {name: tei, version: \"1.9\"}\n",
             "linux/arm64",
             "9 Text Embeddings Inference has no official image for GPUs on linux/arm64",
             tei_arm},
    ImageRow{"fleet: [GB10]\nruntime: {name: tei, version: \"1.9\"}\n",
             "linux/arm64",
             "9 Text Embeddings Inference has no official image for GPUs on linux/arm64",
             tei_no_arm},
    ImageRow{"runtime: {name: ray_serve, version: \"2.52.0\"}\npython: {version: \"3.11\"}\n",
             "linux/amd64",
             "docker.io/rayproject/ray:2.52.0-py311",
             "Ray docker/README.md"},
    ImageRow{"fleet: [L4]\nruntime: {name: onnxruntime, version: \"1.29.0\"}\n",
             "linux/amd64",
             "docker.io/kibaes/onnxruntime-server:1.29.0-linux-cuda12",
             "onnxruntime-server README.md"},
    ImageRow{"runtime: python\npython: {version: \"3.12\"}\n",
             "linux/amd64",
             "docker.io/library/python:3.12-slim",
             "FastAPI docs/deployment/docker.md"},
    ImageRow{"fleet: [H100]\nruntime: {name: nim, version: \"1.0\"}\n",
             "linux/amd64",
             "2 NVIDIA NIM has no image of its own that `base: auto` could take",
             "NIM docs: an image for each model"},
    ImageRow{"fleet: [H100]\nruntime: vllm\n",
             "linux/amd64",
             "2 `base: auto` takes the official image of vLLM, and the spec does not name the "
             "release",
             "spec.md"},
    ImageRow{"runtime: {name: llamacpp, version: b10108}\n",
             "linux/arm64",
             "ghcr.io/ggml-org/llama.cpp:server-b10108",
             docker_md},
};

std::string base_for(const ImageRow& row) {
  const Spec spec = parse_spec(
      "schema: 1\nname: demo\nweights: [{name: base, source: w}]\n" + std::string(row.spec),
      "/spec/mlpack.yaml");
  try {
    return base_of_runtime(Catalog::built_in(), spec, *Platform::parse(row.platform));
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.fault())) + " " + error.what();
  }
}

}  // namespace

TEST_CASE("base: auto is the official image of the runtime's release for the fleet") {
  for (const ImageRow& row : image_rows) {
    CAPTURE(row.spec);
    CAPTURE(row.source);
    CHECK(base_for(row) == row.expected);
  }
}

TEST_CASE("what is chosen for a release is what its name alone would give") {
  for (const char* const runtime : {"{name: ray_serve, version: \"2.59.0\"}",
                                    "{name: vllm, version: \"0.11.0\"}",
                                    "{name: triton, version: \"26.07\"}"}) {
    for (const char* const fleet : {"[L4]", "[cpu]", "[L4, cpu]", "[H100, L4, cpu]"}) {
      const Spec spec = parse_spec(
          fmt::format("schema: 1\nname: demo\nweights: [{{name: base, source: w}}]\nfleet: {}\n"
                      "runtime: {}\n",
                      fleet,
                      runtime),
          "/spec/mlpack.yaml");
      const Demands demands = demands_of(Catalog::built_in(), spec, {});
      const Resolution found = solve(Catalog::built_in(), demands);
      if (!found.stack) continue;  // vLLM has another image for machines without a GPU
      CAPTURE(runtime);
      CAPTURE(fleet);
      CHECK(found.stack->base ==
            base_of_runtime(Catalog::built_in(), spec, *Platform::parse("linux/amd64")));
    }
  }
}

TEST_CASE("where a runtime has an image for the GPUs alone, the hint is to leave the others out") {
  const auto hint = [](std::string_view fleet) {
    const Spec spec =
        test::spec_in(fmt::format("fleet: {}; runtime: {{name: tei, version: \"1.9\"}}", fleet));
    try {
      base_of_runtime(Catalog::built_in(), spec, *Platform::parse("linux/amd64"));
    } catch (const Error& error) {
      return error.hint();
    }
    return std::string();
  };
  CHECK(hint("[L4, cpu]").starts_with("take `cpu` out of `fleet`"));
  CHECK(hint("[L4]").empty());
}

TEST_CASE("a release that nobody names is asked for before anything is compared") {
  const auto refused = [](std::string_view lines) -> std::string {
    try {
      require_release(Catalog::built_in(), test::spec_in(lines));
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  };
  CHECK(refused("fleet: [V100]; runtime: tei") ==
        "`base: auto` takes the official image of Text Embeddings Inference, and the spec does not "
        "name the release");
  CHECK(refused("fleet: [L4]; runtime: ollama") != "");
  CHECK(refused("fleet: [L4]; runtime: {name: ollama, version: \"0.30.0\"}").empty());
  CHECK(refused("fleet: [L4]; runtime: ollama; base: \"ollama/ollama:0.30.0\"").empty());
  CHECK(refused("fleet: [L4]; runtime: vllm").empty());
  CHECK(refused("runtime: python").empty());
}
