"""Models that other people's libraries write (safetensors, gguf, onnx, torch's zip layout) are read as they meant them."""

import json
import os
import shutil
import unittest

from harness import Case, run
from python_tools import python_with

PACKAGES = ["numpy", "safetensors", "gguf", "onnx"]
SPEC = """schema: 1
name: model
base: scratch
platform: linux/amd64
weights: [{source: m, target: /models/m}]
"""


def python():
    """A Python with the packages; skips the test where the index cannot be reached."""
    return python_with("model-tools", PACKAGES)


class Models(Case):
    def setUp(self):
        super().setUp()
        self.python = python()

    def write(self, script):
        self.project("project", SPEC)
        os.makedirs(self.path("project", "m"), exist_ok=True)
        result = run([self.python, "-c", script], cwd=self.path("project", "m"))
        self.assertEqual(result.code, 0, str(result))

    def report(self):
        """What the image says of its model: the same whether its files are here or it is read from a layout."""
        layout = "oci:%s:1" % self.path("layout")
        self.build(self.path("project"), "-t", "model:1", "-o", layout)
        here, there = (self.mlpack("inspect", image, "--model", "--json").json() for image in ("model:1", layout))
        elsewhere = self.mlpack("inspect", layout, "--model", "--json", env={"MLPACK_STORE": self.path("nothing")}).json()
        self.assertEqual({**here, "name": ""}, {**there, "name": ""})
        self.assertEqual(elsewhere, there)
        return here

    def refused(self, *words):
        said = self.mlpack("build", self.path("project"), "-t", "model:1", code=3).err
        self.assertIn("mlpack.yaml:5:11: error: `%s` %s: " % words, said)

    def cut(self, name, count=1):
        path = self.path("project", "m", name)
        os.truncate(path, os.path.getsize(path) - count)

    def test_files_of_safetensors_are_whole_until_they_are_cut(self):
        self.write("""
import numpy, safetensors.numpy
safetensors.numpy.save_file({"a": numpy.zeros((3, 5), "float32"), "b": numpy.ones(7, "int8"),
                             "scalar": numpy.array(1.0, "float16"), "empty": numpy.zeros((0, 4), "float64")},
                            "model.safetensors", {"format": "np"})
""")
        report = self.report()
        self.assertEqual(report["problems"], [])
        self.assertEqual(report["summary"]["parameters"], 23)
        self.assertEqual(report["summary"]["dtypes"], {"F16": 2, "F32": 60, "F64": 0, "I8": 7})
        self.cut("model.safetensors")
        self.refused("model.safetensors", "is cut")

    def test_files_of_gguf_are_whole_until_they_are_cut(self):
        self.write("""
import gguf, numpy
writer = gguf.GGUFWriter("model.gguf", "llama")
writer.add_context_length(4096)
writer.add_block_count(2)
writer.add_head_count(8)
writer.add_head_count_kv([2, 4])
writer.add_file_type(7)
writer.add_token_list(["<s>", "hello", "é"])
writer.add_tensor("norm.weight", numpy.ones(8, "float32"))
weights = gguf.quants.quantize(numpy.ones((4, 64), "float32"), gguf.GGMLQuantizationType.Q8_0)
writer.add_tensor("token_embd.weight", weights, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
""")
        report = self.report()
        self.assertEqual(report["problems"], [])
        summary = report["summary"]
        self.assertEqual((summary["architecture"], summary["contextLength"], summary["layers"]), ("llama", 4096, 2))
        self.assertEqual((summary["heads"], summary["kvHeads"]), (8, 4))
        self.assertEqual(summary["parameters"], 264)
        self.assertEqual(summary["quantisation"], {"method": "Q8_0", "bits": 8})
        self.assertEqual(summary["dtypes"], {"F32": 32, "Q8_0": 272})
        self.cut("model.gguf", 32)
        self.refused("model.gguf", "is cut")

    def test_block_sizes_are_those_of_gguf(self):
        self.write("""
import gguf, numpy
for kind in gguf.GGMLQuantizationType:
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    if kind.name == "Q8_1":
        continue
    writer = gguf.GGUFWriter(kind.name + ".gguf", "llama")
    data = numpy.zeros((2, 2 * size), "uint8")
    writer.add_tensor("w", data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
""")
        report = self.report()
        self.assertEqual(report["problems"], [])
        sizes = json.loads(self.run_tool(self.python, "-c", "import gguf, json; print(json.dumps({k.name: v for k, v in "
                                         "gguf.GGML_QUANT_SIZES.items()}))").out)
        for file in report["files"]:
            name = file["path"][:-len(".gguf")]
            elements, size = sizes[name]
            dtype = list(file["dtypes"])[0]
            if dtype.startswith("type "):
                continue  # newer than our table
            self.assertEqual((dtype, file["dtypes"][dtype], file["parameters"]), (name, 4 * size, 4 * elements))

    def test_models_of_onnx_name_the_data_they_keep_outside(self):
        self.write("""
import numpy, onnx
from onnx import helper, numpy_helper, TensorProto
weights = numpy_helper.from_array(numpy.ones((64, 32), "float32"), "w")
bias = numpy_helper.from_array(numpy.ones(4, "float16"), "b")
graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 32])], [weights, bias])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
onnx.save_model(model, "model.onnx", save_as_external_data=True, location="model.onnx_data", size_threshold=1024)
""")
        report = self.report()
        self.assertEqual(report["problems"], [])
        self.assertEqual(report["summary"]["parameters"], 64 * 32 + 4)
        self.assertEqual(report["summary"]["dtypes"], {"F16": 8, "F32": 8192})
        self.assertEqual([f["detail"] for f in report["files"] if f["path"] == "model.onnx"], ["opset 17"])
        self.cut("model.onnx_data")
        self.refused("model.onnx_data", "is cut")
        os.remove(self.path("project", "m", "model.onnx_data"))
        self.refused("model.onnx", "keeps tensors in a file that is missing")

    def printed(self):
        """What `inspect --model` prints of the image: {line: value}."""
        self.build(self.path("project"), "-t", "model:1")
        lines = self.mlpack("inspect", "model:1", "--model").out.splitlines()
        return dict(line.split(None, 1) for line in lines)

    def test_a_person_reads_what_model_it_is(self):
        self.write("""
import json, numpy, safetensors.numpy
safetensors.numpy.save_file({"a": numpy.zeros((30, 50), "float16"), "b": numpy.zeros(100, "float16")}, "model.safetensors")
json.dump({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "max_position_embeddings": 8192,
           "quantization_config": {"quant_method": "fp8"}}, open("config.json", "w"))
""")
        printed = self.printed()
        self.assertEqual({key: printed[key] for key in ("format", "architecture", "parameters", "context", "dtypes")},
                         {"format": "safetensors", "architecture": "LlamaForCausalLM (llama)", "parameters": "1600",
                          "context": "8192 tokens", "dtypes": "F16 3.12 KiB"})
        self.assertIn("fp8", printed["quantised"])
        self.assertRegex(printed["weights"], r"^3\.\d+ KiB in 1 file, 2 tensors$")

        self.clear("""
import gguf, numpy
writer = gguf.GGUFWriter("model.gguf", "llama")
writer.add_context_length(4096)
writer.add_file_type(7)
weights = gguf.quants.quantize(numpy.ones((4, 64), "float32"), gguf.GGMLQuantizationType.Q8_0)
writer.add_tensor("token_embd.weight", weights, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
""")
        printed = self.printed()
        self.assertEqual({key: printed[key] for key in ("format", "architecture", "parameters", "context", "dtypes")},
                         {"format": "GGUF", "architecture": "llama", "parameters": "256", "context": "4096 tokens",
                          "dtypes": "Q8_0 272 B"})
        self.assertIn("Q8_0", printed["quantised"])

        self.clear("""
import numpy, onnx
from onnx import helper, numpy_helper, TensorProto
graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 32])],
                          [numpy_helper.from_array(numpy.ones((64, 32), "float32"), "w")])
onnx.save_model(helper.make_model(graph), "model.onnx")
""")
        printed = self.printed()
        self.assertEqual({key: printed[key] for key in ("format", "parameters", "dtypes")},
                         {"format": "ONNX", "parameters": "2048", "dtypes": "F32 8.00 KiB"})
        self.assertRegex(printed["weights"], r"^8\.\d+ KiB in 1 file, 1 tensor$")

    def clear(self, script):
        """Writes another model in place of the last one."""
        shutil.rmtree(self.path("project", "m"))
        self.write(script)

    def test_of_weights_that_are_there_twice_one_set_is_packaged(self):
        self.write("""
import json, numpy, os, safetensors.numpy
names = ["model-0000%d-of-00002.safetensors" % n for n in (1, 2)]
for name, tensor in zip(names, "ab"):
    safetensors.numpy.save_file({tensor: numpy.zeros(9, "float16")}, name)
json.dump({"weight_map": dict(zip("ab", names))}, open("model.safetensors.index.json", "w"))
json.dump({"model_type": "llama"}, open("config.json", "w"))
os.mkdir("original")
safetensors.numpy.save_file({"a": numpy.zeros(9, "float16"), "b": numpy.zeros(9, "float16")}, "consolidated.safetensors")
for name in ("consolidated.00.pth", "params.json"):
    open("original/" + name, "w").write("{}")
""")
        told = self.mlpack("build", self.path("project"), "-t", "model:1").err
        kept = "the weights are there more than once: those of `model.safetensors.index.json` are kept, "
        self.assertIn(kept + "`consolidated.safetensors` is left out\n", told)
        self.assertIn(kept + "`original/consolidated.00.pth` and 1 more are left out\n", told)
        listed = self.mlpack("inspect", "model:1", "--files").out
        self.assertIn("models/m/model-00002-of-00002.safetensors", listed)
        self.assertNotIn("consolidated", listed)
        self.assertNotIn("original", listed)

    def test_a_token_in_the_folder_stops_at_the_gate(self):
        self.write("""
import numpy, safetensors.numpy
safetensors.numpy.save_file({"a": numpy.zeros(9, "float16")}, "model.safetensors")
open("token", "w").write("hf_" + "abcdefghij" * 3)
""")
        told = self.mlpack("build", self.path("project"), "-t", "model:1", code=11).err
        self.assertIn("`token` holds a token", told)
        self.assertNotIn("abcdefghij", told)
        self.assertEqual(self.mlpack("store", "ls", "--json").json()["images"], [])

    def test_archives_of_python_are_told_apart_by_what_they_hold(self):
        self.write("""
import zipfile
for name, inside in {"a.pt": ["a/data.pkl", "a/data/0"], "b.pt": ["b/data.pkl", "b/constants.pkl", "b/code/m.py"]}.items():
    with zipfile.ZipFile(name, "w", allowZip64=True) as archive:
        for entry in inside:
            with archive.open(entry, "w", force_zip64=True) as file:
                file.write(b"wwww")
""")
        report = self.report()
        self.assertEqual(report["problems"], [])
        self.assertEqual([f["format"] for f in report["files"]], ["PyTorch", "TorchScript"])


if __name__ == "__main__":
    unittest.main()
