"""What `mlpack plan` says before anything is built: its schema, and that it leaves no trace."""

import json
import os
import shutil
import subprocess
import unittest

from harness import Case, MLPACK, ROOT, is_root, make_base, write_files
from hub_server import Hub
from runtime_bases import SCRIPT, architecture, write_image

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = os.path.join(os.path.dirname(os.path.dirname(MLPACK)), "share", "mlpack", "mlpack-plan.schema.json")
EXAMPLES = os.path.join(ROOT, "examples")
CONFLICT = """\
schema: 1
name: odd
platform: linux/amd64
fleet: [{gpu: L4, driver: "470.82.01"}, {gpu: "GTX 1080 Ti"}]
cuda: "13.0"
run: [app]
"""
CONFLICTS = """\
schema: 1
name: much
platform: linux/amd64
runtime: {name: vllm, version: "0.6.2"}
cuda: "12.1"
python: {packages: [torch==2.5.0], version: "3.8"}
fleet:
  - {gpu: "RTX 5090", driver: "470.256.02"}
  - {gpu: V100, driver: "450.80.02"}
  - {gpu: T4, driver: "418.197.02"}
  - {gpu: "GTX 980", driver: "590.44.01"}
"""
FINE = """\
schema: 1
name: fine
platform: linux/amd64
fleet: [{gpu: L4, driver: "535.183.01"}, {gpu: H100, driver: "550.90"}]
python: {packages: [torch]}
run: [app]
"""


def processor_ms(*argv, code):
    """What a run of mlpack takes of a processor, however busy the machine is."""
    process = subprocess.Popen([MLPACK, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == code, process.returncode
    return 1000 * (used.ru_utime + used.ru_stime)


def state(folder):
    """Every file below a folder, with its size and times."""
    found = {}
    for at, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(at, name)
            told = os.lstat(path)
            found[path] = (told.st_size, told.st_mtime_ns, told.st_ino)
    return found


class Plans(Case):
    def setUp(self):
        super().setUp()
        shutil.copytree(EXAMPLES, self.path("examples"), ignore=shutil.ignore_patterns("*.lock"))
        self.validator = None
        if jsonschema and os.path.exists(SCHEMA):
            with open(SCHEMA) as file:
                schema = json.load(file)
            jsonschema.Draft7Validator.check_schema(schema)
            self.validator = jsonschema.Draft7Validator(schema)

    def plan(self, folder, *argv, code=0, **how):
        """The document, which is what the schema says."""
        document = self.mlpack("plan", folder, "--json", *argv, code=code, **how).json()
        if self.validator:
            self.assertEqual([error.message for error in self.validator.iter_errors(document)], [])
        return document

    def test_every_example_is_planned_and_nothing_is_written(self):
        before = state(self.path("examples"))
        runtimes = self.path("examples", "runtimes")
        folders = [os.path.join(at, name) for at in (self.path("examples"), runtimes) for name in os.listdir(at)
                   if os.path.exists(os.path.join(at, name, "mlpack.yaml"))]
        self.assertGreater(len(folders), 12)
        for folder in folders:
            with self.subTest(os.path.basename(folder)):
                document = self.plan(folder, "--offline")
                self.assertTrue(document["layers"])
                self.assertIn("LAYER", self.mlpack("plan", folder, "--offline").out)
        self.assertEqual(state(self.path("examples")), before)
        self.assertFalse(os.path.exists(self.path("store")))

    def test_what_is_explained_and_refused_is_what_the_schema_says(self):
        spec = "schema: 1\nname: x\nfleet: [%s]\npython: {packages: [torch]}\nrun: [x]\n"
        write_files(self.dir, {"one/mlpack.yaml": spec % "L4", "two/mlpack.yaml": spec % "L4, GH200", "bad/mlpack.yaml": "schema: 2\n"})
        self.assertEqual(self.plan(self.path("one"), "--offline", "--explain", "torch")["explained"][0]["what"], "torch")
        two = self.plan(self.path("two"), "--offline", "--explain", "platform")["images"]
        self.assertEqual([image["explained"][0]["chosen"] for image in two], ["linux/amd64", "linux/arm64"])
        self.assertEqual(two[1]["explained"][0]["because"][1]["evidence"][0]["table"], "gpu_processors")
        told = self.mlpack("plan", self.path("two"), "--offline", "--explain", "platform").out
        self.assertIn("for linux/arm64\nplatform: linux/arm64\n", told)
        self.assertEqual(self.plan(self.path("bad"), "--offline", code=2)["error"]["code"], 2)

    def test_the_schema_is_installed(self):
        self.assertTrue(os.path.exists(SCHEMA), SCHEMA)

    @unittest.skipUnless(jsonschema, "needs python3-jsonschema")
    def test_the_schema_refuses_what_is_no_plan(self):
        document = self.plan(self.path("examples", "runtimes", "vllm"), "--offline")
        for key in ("platform", "fits", "layers"):
            self.assertFalse(self.validator.is_valid({k: v for k, v in document.items() if k != key}))
        self.assertFalse(self.validator.is_valid({"schema": 1, "conflicts": []}))

    def test_a_conflict_names_the_lines_of_the_spec_and_ways_out(self):
        folder = self.project("odd", CONFLICT)
        document = self.plan(folder, code=9)
        for conflict in document["conflicts"]:
            self.assertTrue(conflict["fixes"])
            self.assertTrue(all(fact["line"] for fact in conflict["facts"]))
        told = self.mlpack("plan", folder, code=9).out
        self.assertIn("mlpack.yaml:4:", told)
        self.assertIn("  1. ", told)

    def test_every_machine_of_a_mixed_fleet_meets_what_the_image_demands(self):
        write_image(self.path("cuda"), {"env": ["CUDA_VERSION=12.9.1"], "programs": {"/usr/bin/app": SCRIPT}})
        folder = self.project("mixed", "schema: 1\nname: mixed\nplatform: linux/%s\nbase: \"oci:../cuda\"\nrun: [app]\n"
                                       "fleet: [{gpu: L4, driver: \"535\"}, {gpu: B200, driver: \"570\"}]\n" % architecture())
        plan = self.plan(folder)
        self.assertEqual(plan["minDriver"], "525.60.13")
        self.assertEqual(plan["labels"]["dev.mlpack.driver"], "525.60.13")
        self.assertEqual(plan["env"]["NVIDIA_REQUIRE_CUDA"], "cuda>=12.0,driver>=525.60.13")
        self.mlpack("build", folder, "--no-check")
        for gpu, driver, unmet in (("L4", "535", False), ("L4", "525", False), ("L4", "520.61.05", True), ("B200", "570", False)):
            found = json.loads(self.mlpack("check", "mixed", "--gpu", gpu, "--driver", driver, "--json", code=None).out)
            self.assertEqual("require-unmet" in [finding["id"] for finding in found["findings"]], unmet, (gpu, driver))

    def test_fixes_hold_for_a_base_that_the_catalog_does_not_know(self):
        write_image(self.path("cuda"), {"env": ["CUDA_VERSION=13.0.2"], "programs": {"/usr/bin/app": SCRIPT}})
        spec = ("schema: 1\nname: own\nplatform: linux/%s\nbase: \"%%s\"\nrun: [app]\nfleet: [{gpu: L4, driver: \"%%s\"}]\n"
                % architecture())
        conflicts = self.plan(self.project("own", spec % ("oci:../cuda", "470")), code=9)["conflicts"]
        self.assertEqual([conflict["fixes"] for conflict in conflicts], [["raise the driver of L4 from 470 to 580.65.06 or newer"]])
        self.plan(self.project("own", spec % ("oci:../cuda", "580.65.06")))
        self.assertIn("`mlpack plan` says more", self.mlpack("build", self.project("own", spec % ("oci:../cuda", "470")), code=9).err)
        for base in ("oci:../none", "127.0.0.1:1/a:1"):  # the machines contradict each other whatever is there
            self.plan(self.project("own", spec % (base, "470")), code=9, env={"MLPACK_NETWORK": "attempts=1"})

    def test_a_plan_is_made_in_the_time_of_a_few_starts_even_where_much_contradicts(self):
        start = min(processor_ms("--version", code=0) for _ in range(10))
        for name, text, code in (("odd", CONFLICT, 9), ("much", CONFLICTS, 9), ("fine", FINE, 0)):
            folder = self.project(name, text)
            best = min(processor_ms("plan", folder, "--offline", code=code) for _ in range(10))
            self.assertLess(best / start, 4, name)

    def test_the_layers_that_were_built_are_known_from_the_store(self):
        folder = self.path("examples", "hello-scratch")
        built = self.build(folder)
        before = state(self.path("store"))
        planned = self.plan(folder)["layers"]
        self.assertEqual([layer["digest"] for layer in planned if layer["kind"] == "files"],
                         [layer["digest"] for layer in built["layers"] if layer["kind"] == "files"])
        self.assertEqual(state(self.path("store")), before)

    def test_of_a_base_in_a_registry_manifest_and_config_are_read_and_no_layer(self):
        registry = self.registry()
        reference = make_base(self, registry, "acme/base", 1 << 20)
        proxy = self.proxy(registry)
        reference = reference.replace(registry.host, proxy.host)
        folder = self.project("based", "schema: 1\nname: based\nplatform: linux/amd64\nbase: %s\nrun: [app]\n" % reference)
        document = self.plan(folder)
        self.assertEqual([layer["knownBy"] for layer in document["layers"] if layer["kind"] == "base"], ["image"])
        self.assertEqual(document["user"], "1000")
        self.assertLess(sum(request.received for request in proxy.take()), 16384)
        self.assertFalse(os.path.exists(self.path("store")))
        offline = self.plan(folder, "--offline")
        self.assertIn("was not read", " ".join(warning["what"] for warning in offline["warnings"]))
        self.assertIsNone(offline["user"])

    def test_a_store_that_may_only_be_read_will_do(self):
        if not is_root():
            self.skipTest("needs root, to plan as another user")
        folder = self.path("examples", "hello-scratch")
        self.build(folder)
        before = state(self.path("store"))
        result = self.mlpack("plan", folder, "--json", user="nobody")
        self.assertEqual(result.json()["layers"][0]["knownBy"], "store")
        self.assertEqual(state(self.path("store")), before)

    def test_explain_gives_documents_with_their_dates(self):
        folder = self.path("examples", "runtimes", "vllm")
        found = self.mlpack("plan", folder, "--offline", "--json", "--explain", "cuda").json()["explained"]
        rows = [row for answer in found for reason in answer["because"] for row in reason["evidence"]]
        self.assertTrue(rows)
        self.assertTrue(all(row["sources"] and row["retrieved"] for row in rows))
        self.assertIn("there is", self.mlpack("plan", folder, "--offline", "--explain", "zzzzzzzz", code=2).err)

    def test_a_model_that_does_not_fit_is_told_with_what_would_help(self):
        folder = self.project("large", "schema: 1\nname: large\nfleet: [L4]\nbase: scratch\nrun: [app]\n"
                                       "weights: [{source: weights}]\n")
        os.makedirs(self.path("large", "weights"))
        header = json.dumps({"w": {"dtype": "BF16", "shape": [15 << 30], "data_offsets": [0, 30 << 30]}}).encode()
        with open(self.path("large", "weights", "model.safetensors"), "wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            file.truncate(8 + len(header) + (30 << 30))
        document = self.plan(folder, code=9)
        self.assertIs(document["fits"][0]["ok"], False)
        self.assertGreater(document["fits"][0]["needBytes"], document["fits"][0]["haveBytes"])
        self.assertEqual(len(document["conflicts"]), 1)
        self.assertTrue(document["conflicts"][0]["fixes"])
        self.assertEqual(document["conflicts"][0]["endsAll"], document["conflicts"][0]["fixes"])

    def test_of_what_a_number_of_gpus_cannot_hold_the_nearest_that_can_is_told(self):
        """Eight billion weights in bf16 with 32 heads, of which eight have keys and values: three GPUs cannot share them."""
        spec = "schema: 1\nname: heads\nplatform: linux/amd64\nfleet: [\"%s\"]\nbase: scratch\nruntime: vllm\nweights: [{source: w}]\n"
        config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
                  "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
                  "vocab_size": 128256, "max_position_embeddings": 8192, "torch_dtype": "bfloat16"}
        header = json.dumps({"w": {"dtype": "BF16", "shape": [8 << 30], "data_offsets": [0, 16 << 30]}}).encode()
        for fleet, fix in (("H100:3", "2 GPUs instead of 3"), ("H100:5", "4 GPUs instead of 5"), ("H100:7", "8 GPUs instead of 7"),
                           ("RTX-3080:3", "4 GPUs instead of 3")):
            folder = self.project("heads", spec % fleet, {"w/config.json": json.dumps(config)})
            with open(self.path("heads", "w", "model.safetensors"), "wb") as file:
                file.write(len(header).to_bytes(8, "little") + header)
                file.truncate(8 + len(header) + (16 << 30))
            document = self.plan(folder, "--offline", code=9)
            self.assertIn(fix, document["fits"][0]["remedies"])
            self.assertEqual(document["fits"][0]["remedies"], document["conflicts"][0]["fixes"])
        for fleet in ("H100:2", "H100:4", "H100:8", "RTX-3080:4"):
            folder = self.project("heads", spec % fleet, {"w/config.json": json.dumps(config)})
            self.plan(folder, "--offline")

    def test_stages_and_copies_that_a_command_says_take_gpus(self):
        """Eight billion weights in bf16, on GPUs with 10 GiB: four of them have to share each copy."""
        spec = "schema: 1\nname: parts\nplatform: linux/amd64\nfleet: [\"%s\"]\nbase: scratch\nruntime: {name: vllm, args: %s}\n" \
               "weights: [{source: w}]\n"
        config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
                  "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
                  "vocab_size": 128256, "max_position_embeddings": 8192, "torch_dtype": "bfloat16"}
        header = json.dumps({"w": {"dtype": "BF16", "shape": [8 << 30], "data_offsets": [0, 16 << 30]}}).encode()

        def folder(fleet, args):
            made = self.project("parts", spec % (fleet, args), {"w/config.json": json.dumps(config)})
            with open(self.path("parts", "w", "model.safetensors"), "wb") as file:
                file.write(len(header).to_bytes(8, "little") + header)
                file.truncate(8 + len(header) + (16 << 30))
            return made

        document = self.plan(folder("RTX-3080:4", "{pp: 2}"), "--offline")
        self.assertIn("--tensor-parallel-size 2 -pp 2", " ".join(document["command"]))
        self.assertEqual([document["fits"][0][key] for key in ("ok", "parallel", "stages", "copies")], [True, 4, 2, 1])
        explained = self.mlpack("plan", self.path("parts"), "--offline", "--explain", "fit").out
        self.assertIn("on 4 of RTX 3080 10GB (2 stages of 2) each needs", explained)
        copies = self.plan(folder("RTX-3080:4", "[--data-parallel-size=2]"), "--offline", code=9)["fits"][0]
        self.assertEqual([copies[key] for key in ("ok", "parallel", "stages", "copies")], [False, 2, 1, 2])
        for fix in ("8 GPUs instead of 4 (tensor 4 x data 2)", "1 copy of the model instead of 2 (tensor 4)"):
            self.assertIn(fix, copies["remedies"])
        refused = self.mlpack("plan", folder("RTX-3080:2", "{pp: 2, tp: 2}"), "--offline", code=9).err
        self.assertIn("vLLM is told to take 4 GPUs (tensor 2 x pipeline 2), and a machine with RTX-3080 has 2", refused)
        self.plan(folder("RTX-3080:2", "{pp: 2, tp: 2, nnodes: 2}"), "--offline")

    def test_what_a_command_says_of_memory_counts(self):
        """Seven billion weights in bf16, on a GPU with 24 GB."""
        spec = "schema: 1\nname: told\nplatform: linux/amd64\nfleet: [L4]\nbase: scratch\nruntime: {name: %s}\nweights: [{source: w}]\n"
        config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
                  "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
                  "vocab_size": 128256, "max_position_embeddings": 8192, "torch_dtype": "bfloat16"}
        header = json.dumps({"w": {"dtype": "BF16", "shape": [7 << 30], "data_offsets": [0, 14 << 30]}}).encode()
        for runtime, code, ok in (("vllm", 0, True), ("vllm, args: {dtype: float32}", 9, False),
                                  ("vllm, args: {max-model-len: 8k}", 0, True), ("vllm, args: {max-model-len: 1m}", 9, False),
                                  ("vllm, args: {gpu-memory-utilization: 0.5}", 9, False),
                                  ("vllm, args: {gpu-memory-utilization: 0.5, quantization: bitsandbytes}", 0, None),
                                  ("vllm, args: {gpu-memory-utilization: 0.5, cpu-offload-gb: 10}", 0, None),
                                  ("vllm, args: {kv-cache-memory-bytes: 1G}", 0, True),
                                  ("vllm, args: {kv-cache-memory-bytes: 512M}", 9, False),
                                  ("vllm, args: {num-gpu-blocks-override: 511, quantization: bitsandbytes}", 9, False),
                                  ("sglang, args: {max-total-tokens: 2048}", 0, True),
                                  ("tensorrt_llm, args: {max_seq_len: 32768}", 0, True),
                                  ("tensorrt_llm, args: {kv_cache_free_gpu_memory_fraction: 0.1}", 9, False),
                                  ("tgi, args: {cuda-memory-fraction: 0.3}", 9, False),
                                  ("sglang, args: {context-length: 2048, mem-fraction-static: 0.3}", 9, False)):
            folder = self.project("told", spec % runtime, {"w/config.json": json.dumps(config)})
            with open(self.path("told", "w", "model.safetensors"), "wb") as file:
                file.write(len(header).to_bytes(8, "little") + header)
                file.truncate(8 + len(header) + (14 << 30))
            with self.subTest(runtime):
                self.assertIs(self.plan(folder, "--offline", code=code)["fits"][0]["ok"], ok)
        folder = self.project("told", spec % "vllm, args: {kv-cache-memory-bytes: 1G}", {"w/config.json": json.dumps(config)})
        self.assertIn("1.00 GiB as `--kv-cache-memory-bytes 1G` says; 8192 tokens take 1.00 GiB",
                      self.mlpack("plan", folder, "--offline", "--explain", "fit").out)
        folder = self.project("told", spec % "vllm, args: {gpu-memory-utilization: 1.5}", {"w/config.json": json.dumps(config)})
        self.assertIn("no share of a GPU's memory", self.mlpack("plan", folder, "--offline", code=2).err)

    def test_what_a_model_is_computed_in_needs_its_gpu_and_all_that_is_wrong_is_told(self):
        spec = "schema: 1\nname: old\nplatform: linux/amd64\nfleet: [%s]\nbase: scratch\nruntime: {name: vllm, version: %s}\n" \
               "weights: [{source: w}]\n"
        config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
                  "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
                  "vocab_size": 128256, "max_position_embeddings": 8192, "torch_dtype": "bfloat16"}
        header = json.dumps({"w": {"dtype": "BF16", "shape": [8 << 30], "data_offsets": [0, 16 << 30]}}).encode()

        def conflicts(fleet, runtime):
            folder = self.project("old", spec % (fleet, runtime), {"w/config.json": json.dumps(config)})
            with open(self.path("old", "w", "model.safetensors"), "wb") as file:
                file.write(len(header).to_bytes(8, "little") + header)
                file.truncate(8 + len(header) + (16 << 30))
            return self.plan(folder, "--offline", code=9)["conflicts"]

        kept = conflicts("V100-32GB", "0.6.6.post1")
        self.assertEqual([fact["what"] for fact in kept[0]["facts"]], ["vllm", "V100 SXM2 32GB", "bfloat16 weights"])
        self.assertEqual(kept[0]["fixes"][0], "say `dtype: half` in `args`")
        both = conflicts("T4", "0.11.0, args: {dtype: bfloat16}")
        self.assertEqual([conflict["facts"][0]["what"] for conflict in both], ["vllm", "the model `w`"])

    def test_what_the_lock_pins_is_planned_without_a_network_or_a_store(self):
        registry = self.registry()
        reference = make_base(self, registry, "acme/base", 1000)
        folder = self.project("based", "schema: 1\nname: based\nplatform: linux/amd64\nbase: %s\nrun: [app]\n" % reference)
        self.mlpack("lock", folder)
        registry.stop()
        with open(self.path("based", "mlpack.lock")) as file:
            pinned = file.read()
        for store in ("store", "another"):
            document = self.plan(folder, "--offline", env={"MLPACK_STORE": self.path(store)})
            self.assertIn(document["baseDigest"], pinned)
        self.assertFalse(os.path.exists(self.path("another")))

    def test_what_a_lock_pins_is_compared_with_the_machines_and_the_base(self):
        """The GPU code of the build that goes with the CUDA beside it, its driver, and the C library of its tag."""
        spec = ("schema: 1\nname: pinned\nplatform: linux/amd64\nbase: \"%s\"\nfleet: [%s]\n"
                "python: {version: \"3.12\", lock: %s}\nrun: [app]\n")
        package = '[[%s]]\nname = "%s"\nversion = "%s"\n'
        for file, head, key in (("pylock.toml", 'lock-version = "1.0"\ncreated-by = "test"\n', "packages"), ("uv.lock", "version = 1\n", "package")):
            lock = lambda torch, cuda: head + package % (key, "torch", torch) + package % (key, "nvidia-cuda-runtime-cu12", cuda)  # noqa: E731
            for torch, cuda, base, fleet, why in (
                    ("2.5.1", "12.4.127", "python:3.12-slim-bookworm", "RTX 5090", "there is no code for 12.0"),
                    ("2.5.1", "12.4.127", "python:3.12-slim-bookworm", '{gpu: RTX 3090, driver: "470.256.02"}', "CUDA 12.4"),
                    ("2.9.0", "12.8.90", "ubuntu:18.04", "L4", "glibc 2.28 is needed")):
                folder = self.project("pinned", spec % (base, fleet, file), {file: lock(torch, cuda)})
                conflicts = self.plan(folder, "--offline", code=9)["conflicts"]
                self.assertIn(why, " ".join(reason for conflict in conflicts for reason in conflict["because"]))
                self.assertTrue(all(conflict["fixes"] for conflict in conflicts))
            folder = self.project("pinned", spec % ("python:3.12-slim-bookworm", "L4", file), {file: lock("2.5.1", "12.4.127")})
            plan = self.plan(folder, "--offline")
            self.assertEqual(plan["frameworks"], {"torch": "2.5.1+cu124"})
            self.assertEqual(plan["env"]["NVIDIA_REQUIRE_CUDA"], "cuda>=12.0,driver>=525.60.13")

    def test_what_a_lock_is_for_decides_python(self):
        """Of requires-python, of wheels, and of a project that is not locked."""
        digest = "hashes = {sha256 = \"%s\"}" % ("0" * 64)
        wheels = ", ".join("{name = \"own-1-cp%s-linux_x86_64.whl\", url = \"https://a.example/own-1-cp%s-linux_x86_64.whl\", %s}"
                           % (tag, tag, digest) for tag in ("310-cp310", "311-cp311"))
        of_uv = ("version = 1\n%s\n[[package]]\nname = \"app\"\nversion = \"1\"\nsource = {virtual = \".\"}\n"
                 "dependencies = [{name = \"own\"}]\n[[package]]\nname = \"own\"\nversion = \"1\"\n%s\n")
        of_wheels = "wheels = [%s]" % wheels
        files = (("pylock.toml", 'lock-version = "1.0"\ncreated-by = "test"\nrequires-python = ">=3.9,<3.12"\npackages = []\n'),
                 ("pylock.toml", 'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "own"\nversion = "1"\n%s\n' % of_wheels),
                 ("uv.lock", of_uv % ('requires-python = ">=3.9, <3.12"', "")), ("uv.lock", of_uv % ("", of_wheels)),
                 ("pyproject.toml", '[project]\nname = "app"\nversion = "1"\nrequires-python = "<3.12"\n'))
        spec = "schema: 1\nname: app\nplatform: linux/amd64\npython: {%s: %s%s}\nrun: [app]\n"
        for file, text in files:
            key = "requirements" if file == "pyproject.toml" else "lock"
            plan = self.plan(self.project("app", spec % (key, file, ""), {file: text}), "--offline")
            self.assertIn("python:3.11-slim", plan["base"])
            self.assertIn("%s is for" % file, json.dumps(plan))
            pinned = self.project("app", spec % (key, file, ', version: "3.14"'), {file: text})
            conflict, = self.plan(pinned, "--offline", code=9)["conflicts"]
            self.assertEqual([fact["what"] for fact in conflict["facts"]], [file, "Python 3.14"])
            self.assertEqual(conflict["fixes"], ["take Python 3.11 instead of 3.14", "make %s for a Python that goes with the rest" % file])

    def test_what_a_lock_has_for_each_python_decides_python(self):
        """The newest that goes with the machines; where none does, what the newest has is told."""
        head = "version = 1\n[[package]]\nname = \"app\"\nversion = \"1\"\nsource = {virtual = \".\"}\ndependencies = [\n"
        pins = (("2.4.1", "< '3.11'"), ("2.9.0", ">= '3.11'"))
        lock = head + "".join("{name = \"torch\", version = \"%s\", marker = \"python_full_version %s\"},\n" % pin for pin in pins) + "]\n"
        lock += "".join("[[package]]\nname = \"torch\"\nversion = \"%s\"\n" % version for version, _ in pins)
        spec = "schema: 1\nname: app\nplatform: linux/amd64\nfleet: [%s]\npython: {lock: uv.lock}\nrun: [app]\n"
        for gpu, python, torch in (("L4", "3.14", "2.9.0"), ('{gpu: P100, driver: "450.80.02"}', "3.10", "2.4.1")):
            plan = self.plan(self.project("forked", spec % gpu, {"uv.lock": lock}), "--offline")
            self.assertIn("python:%s-slim" % python, plan["base"])
            self.assertTrue(plan["frameworks"]["torch"].startswith(torch + "+"), plan["frameworks"])
        conflict, = self.plan(self.project("forked", spec % '{gpu: T4, driver: "410.48"}', {"uv.lock": lock}), "--offline", code=9)["conflicts"]
        self.assertEqual([fact["what"] for fact in conflict["facts"]], ["torch", "T4", "driver 410.48 of T4"])

    def test_of_weights_on_a_hub_names_are_read_and_with_a_lock_not_even_those(self):
        weights = b"\x02\0\0\0\0\0\0\0{}" + bytes(1 << 20)
        with Hub({"acme/tiny": {"config.json": b"{}", "model.safetensors": weights}}) as hub:
            env = {"HF_ENDPOINT": hub.url, "NO_PROXY": "127.0.0.1"}
            folder = self.project("hub", "schema: 1\nname: hub\nplatform: linux/amd64\nbase: scratch\nrun: [app]\n"
                                         "layers: {compression: none}\nweights: [{name: w, source: \"hf://acme/tiny@main\"}]\n")
            planned = [layer for layer in self.plan(folder, env=env)["layers"] if layer["kind"] == "weights"]
            self.assertEqual(sum(layer["files"] for layer in planned), 2)
            self.assertEqual(sum(layer["bytes"] for layer in planned), len(weights) + 2)
            self.assertFalse(os.path.exists(self.path("store")))
            offline = self.plan(folder, "--offline", env=env)
            self.assertIn("weights w", " ".join(warning["what"] for warning in offline["warnings"]))
            self.mlpack("lock", folder, env=env)
        locked = self.plan(folder, "--offline", env={**env, "MLPACK_STORE": self.path("another")})
        self.assertEqual(sum(layer["files"] or 0 for layer in locked["layers"] if layer["kind"] == "weights"), 2)

    def test_a_base_out_of_reach_is_an_error_that_names_offline(self):
        folder = self.project("far", "schema: 1\nname: far\nplatform: linux/amd64\nbase: 127.0.0.1:1/a:1\nrun: [app]\n")
        told = self.mlpack("plan", folder, code=6).err
        self.assertIn("hint: `mlpack plan --offline` plans without it", told)
