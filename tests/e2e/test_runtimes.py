"""The image of each runtime's example, on a stand-in for its official image, starts it as its documentation says."""

import filecmp
import hashlib
import json
import os
import sys
import unittest

from harness import Case, MLPACK, ROOT, is_root, needs_root, run
from runtime_bases import IMAGES, write_base

EXAMPLES = os.path.join(ROOT, "examples", "runtimes")
NVIDIA = "/opt/nvidia/nvidia_entrypoint.sh"

# What the documents have after the official image's name, by hand: entrypoint, then command.
COMMANDS = {
    "vllm": (["vllm", "serve"],
             "/models/tiny-llama --served-model-name tiny-llama --host 0.0.0.0 --port 8000 --enable-lora --lora-modules "
             "shout=/adapters/shout whisper=/adapters/whisper --max-lora-rank 32 --max-model-len 64 "
             "--enable-prefix-caching"),
    "sglang": ([], "python3 -m sglang.launch_server --model-path /models/tiny-llama --served-model-name tiny-llama --host "
                   "0.0.0.0 --port 30000 --enable-metrics --tp 2 --context-length 64"),
    "tgi": (["/tgi-entrypoint.sh"],
            "--model-id /models/tiny-llama --hostname 0.0.0.0 --port 80 --usage-stats off --max-total-tokens 64 "
            "--max-input-tokens 32"),
    "tei": (["text-embeddings-router"],
            "--model-id /models/tiny-bert --served-model-name tiny-bert --hostname 0.0.0.0 --port 8080 --json-output"),
    "triton": ([NVIDIA], "tritonserver --model-repository=/models --exit-on-error=true --strict-readiness=true"),
    "tensorrt-llm": ([NVIDIA], "trtllm-serve /models/tiny-llama --served_model_name tiny-llama --host 0.0.0.0 --port 8000 "
                               "--tp_size 2 --max_seq_len 64"),
    "llamacpp": (["/app/llama-server"],
                 "-m /models/tiny.gguf --alias tiny --host 0.0.0.0 --port 8080 --metrics -c 64 -np 2 --offline"),
    "ollama": (["/bin/ollama"], "serve"),
    "ray-serve": ([], "serve run /etc/mlpack/serve_config.yaml"),
    "onnxruntime": ([], "/app/bin/onnxruntime_server --model-dir /models --http-port 8080 --prepare-model add:1 "
                        "--workers 2"),
    "torchserve": ([], "torchserve --start --foreground --model-store /models/archives --models all --ts-config "
                       "/etc/mlpack/config.properties"),
    "python": ([], "uvicorn server:app --host 0.0.0.0 --port 8000 --timeout-graceful-shutdown 30 --log-level warning"),
    "nim": ([NVIDIA], "nim-serve"),
}
USERS = {"tgi": "0:0", "triton": "1000:1000", "ray-serve": "1000", "nim": "1000", "torchserve": "model-server"}
ENV = {
    "vllm": ["HF_HUB_OFFLINE=1", "VLLM_CACHE_ROOT=/home/nonroot/.cache/vllm", "HOME=/home/nonroot"],
    "tei": ["HF_HUB_OFFLINE=1", "HUGGINGFACE_HUB_CACHE=/data"],
    "ollama": ["OLLAMA_MODELS=/models/ollama", "OLLAMA_NOPRUNE=1", "OLLAMA_NUM_PARALLEL=2", "HOME=/home/nonroot"],
    "ray-serve": ["RAY_SERVE_HTTP_HOST=0.0.0.0", "RAY_SERVE_HTTP_PORT=8000", "MODEL_PATH=/models/tiny-llama"],
    "onnxruntime": ["ORT_DISABLE_TELEMETRY=1"],
    "python": ["MODEL_PATH=/models/tiny-llama", "MODEL_NAME=tiny-llama"],
    "nim": ["NIM_MODEL_PATH=/models/tiny-llama", "NIM_TENSOR_PARALLEL_SIZE=2", "NIM_SERVER_PORT=8000",
            "NIM_PASSTHROUGH_ARGS=--max-model-len 64"],
}


class RuntimeCase(Case):
    def build_example(self, name, *argv):
        """The result of building it on the stand-in base."""
        return self.build(self.examples("runtimes", name), "--var", "base=oci:" + self.path("base"), *argv)

    def built(self, name):
        """The config of the example's image on the stand-in base, which is in a layout."""
        write_base(self.path("base"), name)
        self.built_image = self.build_example(name, "-o", "oci:%s:1" % self.path("image"))
        return self.skopeo("inspect", "--config", "oci:%s:1" % self.path("image")).json()["config"]

    def unpacked(self):
        rootless = [] if is_root() else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", self.path("image") + ":1", self.path("bundle"))
        return self.path("bundle", "rootfs")

    def started(self):
        """What the stand-in program says: its words, and its environment."""
        told = self.run_tool(ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid")).out.split("\n")
        name = [line[6:] for line in told if line.startswith("argv0=")]
        return name + [line[5:] for line in told if line.startswith("word=")], told

class Runtimes(RuntimeCase):
    def check_config(self, name):
        config = self.built(name)
        entrypoint, command = COMMANDS[name]
        self.assertEqual(config.get("Entrypoint") or [], entrypoint)
        self.assertEqual(config["Cmd"], command.split(" "))
        self.assertEqual(config["User"], USERS.get(name, "65532:65532"))
        self.assertEqual(config["StopSignal"], "SIGTERM")
        for variable in ENV.get(name, []):
            self.assertIn(variable, config["Env"])
        self.assertNotIn("VLLM_PORT", [variable.split("=")[0] for variable in config["Env"]])

    def check_start(self, name):
        rootfs = self.unpacked()
        words, told = self.started()
        entrypoint, command = COMMANDS[name]
        expected = [word for word in entrypoint + command.split(" ") if word not in (NVIDIA, "/tgi-entrypoint.sh")]
        program = next(path for path, content in IMAGES[name]["programs"].items() if b"argv0" in content)
        self.assertIn(os.path.basename(program), [os.path.basename(words[0])])
        self.assertEqual(words[1:], expected[1:] if name != "tgi" else expected)
        for path in expected:
            if path.startswith(("/models", "/adapters", "/etc/mlpack")):
                self.assertTrue(os.path.exists(rootfs + path), path)
        for variable in ENV.get(name, []):
            self.assertIn(variable, told)


def tests_of(name):
    def config(self):
        self.check_config(name)

    @needs_root
    def start(self):
        self.built(name)
        self.check_start(name)

    key = name.replace("-", "_")
    return {"test_the_image_of_%s_says_what_the_documentation_says" % key: config,
            "test_the_image_of_%s_starts_its_program_with_those_words" % key: start}


for runtime in COMMANDS:
    for title, test in tests_of(runtime).items():
        setattr(Runtimes, title, test)


class Stores(RuntimeCase):
    """What beside the command makes a runtime find its model."""

    def test_the_store_of_ollama_is_whole_and_holds_the_file_itself(self):
        self.built("ollama")
        store = self.unpacked() + "/models/ollama"
        with open(store + "/manifests/registry.ollama.ai/library/tiny/latest", "rb") as file:
            manifest = json.load(file)
        kinds = [layer["mediaType"].rsplit(".", 1)[1] for layer in manifest["layers"]]
        self.assertEqual(kinds, ["model", "template", "system", "license", "params"])
        described = manifest["layers"] + [manifest["config"]]
        names = set()
        for blob in described:
            names.add(blob["digest"].replace(":", "-"))
            with open(os.path.join(store, "blobs", blob["digest"].replace(":", "-")), "rb") as file:
                content = file.read()
            self.assertEqual("sha256:" + hashlib.sha256(content).hexdigest(), blob["digest"])
            self.assertEqual(len(content), blob["size"])
        self.assertEqual(set(os.listdir(store + "/blobs")), names)
        self.assertTrue(filecmp.cmp(os.path.join(EXAMPLES, "ollama", "weights", "tiny.gguf"),
                                    store + "/blobs/" + manifest["layers"][0]["digest"].replace(":", "-"), False))
        with open(os.path.join(store, "blobs", manifest["layers"][4]["digest"].replace(":", "-"))) as file:
            self.assertEqual(json.load(file), {"num_ctx": 64, "stop": ["</s>", "<s>"], "temperature": 0.2})
        with open(os.path.join(store, "blobs", manifest["config"]["digest"].replace(":", "-"))) as file:
            config = json.load(file)
        self.assertEqual((config["model_format"], config["model_family"], config["file_type"]), ("gguf", "llama", "F32"))

    def test_a_model_in_ollamas_store_is_not_copied_and_not_read_again(self):
        self.built("ollama")
        kept = [os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(self.path("store", "blobs"))
                for name in names]
        size = os.path.getsize(os.path.join(EXAMPLES, "ollama", "weights", "tiny.gguf"))
        self.assertNotIn(size, kept)
        again = self.build_example("ollama")
        self.assertEqual(again["digest"], self.built_image["digest"])
        self.assertEqual(again["bytesRead"], 0)

    def test_onnx_is_laid_out_as_the_server_looks_for_it(self):
        self.built("onnxruntime")
        self.assertTrue(os.path.isfile(self.unpacked() + "/models/add/1/model.onnx"))

    def test_what_a_runtime_listens_on_is_exposed_and_what_its_image_exposed_is_not(self):
        self.assertEqual(set(self.built("onnxruntime")["ExposedPorts"]), {"8080/tcp", "6432/tcp"})


class Words(Case):
    def refused(self, spec, code, *parts, files=None):
        folder = self.project("project", "schema: 1\nname: odd\n" + spec, files)
        told = self.mlpack("build", folder, "--offline", code=code).err
        for part in parts:
            self.assertIn(part, told)

    def test_an_official_image_out_of_reach_is_an_error_that_names_other_bases(self):
        folder = self.project("project", "schema: 1\nname: odd\nruntime: {name: llamacpp, version: b1}\n"
                              "weights: [{source: a.gguf}]\n", {"a.gguf": b"x"})
        env = {"https_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
        told = self.mlpack("build", folder, code=6, env=env).err
        self.assertIn("ghcr.io/ggml-org/llama.cpp:server-b1", told)
        self.assertIn("oci:DIR", told)
        self.assertIn("{debian: CODENAME}", told)

    def test_machines_with_unlike_numbers_of_gpus_have_no_common_command(self):
        self.refused("base: scratch\nfleet: [\"L4:2\", \"H100:4\"]\nruntime: vllm\nweights: [{source: w}]\n", 9,
                     "mlpack.yaml:4:", "have 2 and 4 GPUs", files={"w/config.json": "{}"})

    def test_what_mlpack_writes_itself_is_not_taken_as_an_argument(self):
        self.refused("base: scratch\nruntime: {name: llamacpp, args: {port: 1}}\nweights: [{source: a.gguf}]\n", 2,
                     "`runtime.args` says `port`", "write `port`", files={"a.gguf": b"x"})


class Models(Case):
    def test_the_models_of_the_examples_are_what_their_script_writes(self):
        made = run([sys.executable, "-B", os.path.join(EXAMPLES, "make_weights.py"), self.path("made")])
        self.assertEqual(made.code, 0, str(made))
        for at, _, names in os.walk(self.path("made")):
            for name in names:
                path = os.path.join(at, name)
                kept = os.path.join(EXAMPLES, os.path.relpath(path, self.path("made")))
                self.assertTrue(filecmp.cmp(path, kept, False), kept)
