"""--reshard: models whose files are too large for a layer are read back by other people's libraries bit by bit."""

import glob
import json
import os
import tarfile

from harness import Case, run
from test_model import python

SPEC = """schema: 1
name: model
base: scratch
platform: linux/amd64
weights: [{source: m, target: /models/m}]
layers: {max_size: 1MiB}
"""

# Every tensor as `name dtype shape sha256 of its bytes`, sorted: of all files of that kind in the folder.
READ_SAFETENSORS = """
import glob, hashlib, safetensors
lines = []
for path in sorted(glob.glob("*.safetensors")):
    for name, tensor in safetensors.deserialize(open(path, "rb").read()):
        lines.append("%s %s %s %s" % (name, tensor["dtype"], tensor["shape"], hashlib.sha256(tensor["data"]).hexdigest()))
print("\\n".join(sorted(lines)))
"""
READ_GGUF = """
import glob, gguf, hashlib
lines = []
for path in sorted(glob.glob("*.gguf")):
    for tensor in gguf.GGUFReader(path).tensors:
        lines.append("%s %s %s %s" % (tensor.name, tensor.tensor_type.name, tensor.shape.tolist(),
                                      hashlib.sha256(tensor.data.tobytes()).hexdigest()))
print("\\n".join(sorted(lines)))
"""
# By hand, for the dtypes that numpy lacks.
WRITE_SAFETENSORS = """
import json, random
source = random.Random(7)
sizes = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1}
def save(path, dtypes, times=1):
    header, data = {"__metadata__": {"format": "pt", "who": "ä\\"\\n"}}, bytearray()
    def add(name, dtype, *shape):
        count = sizes[dtype]
        for length in shape:
            count *= length
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + count]}
        data.extend(bytes(byte & 1 for byte in source.randbytes(count)) if dtype == "BOOL" else source.randbytes(count))
    for dtype in dtypes:
        for n in range(times):
            add("%s.%d.odd" % (dtype, n), dtype, 3, 333, 7)
            add("%s.%d.large" % (dtype, n), dtype, 100_001)
        add(dtype + ".empty", dtype, 0, 5)
        add(dtype + ".scalar", dtype)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)
    return [name for name in header if name != "__metadata__"]
"""
WRITE_GGUF = """
import gguf, numpy
source = numpy.random.default_rng(7)
writer = gguf.GGUFWriter("tiny.gguf", "llama")
writer.add_name("tiny")
writer.add_context_length(4096)
writer.add_token_list(["<s>", "a", "ü"])
for n in range(6):
    writer.add_tensor("blk.%d.f32" % n, source.standard_normal((133, 1001), dtype="float32"))
    writer.add_tensor("blk.%d.f16" % n, source.standard_normal((7, 3)).astype("float16"))
    writer.add_tensor("blk.%d.i8" % n, source.integers(-128, 127, (101, 5), dtype="int8"))
    writer.add_tensor("blk.%d.q8" % n, gguf.quants.quantize(source.standard_normal((40, 320), dtype="float32"),
                                                         gguf.GGMLQuantizationType.Q8_0),
                      raw_dtype=gguf.GGMLQuantizationType.Q8_0)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
"""


class Reshard(Case):
    def setUp(self):
        super().setUp()
        self.python = python()
        self.project("project", SPEC)
        os.makedirs(self.path("project", "m"))

    def script(self, text, folder):
        result = run([self.python, "-c", text], cwd=folder)
        self.assertEqual(result.code, 0, str(result))
        return result.out

    def write(self, text):
        self.script(text, self.path("project", "m"))

    def reshard(self, *argv):
        return self.build(self.path("project"), "-t", "model:1", "--reshard", *argv)

    def unpack(self, layout):
        """The model of an image, by Python's tarfile."""
        with open(os.path.join(layout, "index.json")) as file:
            digest = json.load(file)["manifests"][0]["digest"]
        blob = lambda name: os.path.join(layout, "blobs", *name.split(":"))
        with open(blob(digest)) as file:
            layers = [layer["digest"] for layer in json.load(file)["layers"] if not layer["mediaType"].endswith("zstd")]
        for layer in layers:
            with tarfile.open(blob(layer)) as tar:
                tar.extractall(self.path("root"))
        return self.path("root", "models", "m")

    def assert_same(self, reader, built, suffix):
        wanted = self.script(reader, self.path("project", "m"))
        self.assertTrue(wanted.strip())
        folder = self.unpack(self.path("layout"))
        self.assertEqual(self.script(reader, folder), wanted)
        files = sorted(os.path.basename(path) for path in glob.glob(os.path.join(folder, "*" + suffix)))
        self.assertGreater(len(files), 2)
        self.assertEqual([layer["kind"] for layer in built["layers"] if layer["size"] > 1 << 20], [])
        return folder, files

    def test_tensors_of_safetensors_are_the_same_bits(self):
        self.write(WRITE_SAFETENSORS + 'save("model.safetensors", sizes)')
        built = self.reshard("-o", "oci:%s:1" % self.path("layout"))
        folder, files = self.assert_same(READ_SAFETENSORS, built, ".safetensors")
        count = len(files)
        self.assertEqual(files, ["model-%05d-of-%05d.safetensors" % (n + 1, count) for n in range(count)])
        self.assert_index(folder, files)
        report = self.mlpack("inspect", "model:1", "--model", "--json").json()
        self.assertEqual((report["problems"], report["summary"]["tensors"]), ([], 44))

    def assert_index(self, folder, files):
        with open(os.path.join(folder, "model.safetensors.index.json")) as file:
            index = json.load(file)
        held, total = {}, 0
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            self.assertEqual(header.pop("__metadata__"), {"format": "pt", "who": "ä\"\n"})
            total += max([entry["data_offsets"][1] for entry in header.values()])
            held.update({tensor: name for tensor in header})
        self.assertEqual(index, {"metadata": {"total_size": total}, "weight_map": held})

    def test_numpy_and_safe_open_read_the_shards(self):
        self.write("""
import numpy, safetensors.numpy
source = numpy.random.default_rng(7)
safetensors.numpy.save_file({"w%d" % n: source.standard_normal((n, 1009), dtype="float32") for n in range(1, 40)} |
                            {"i": source.integers(0, 9, 7, dtype="int8")}, "model.safetensors")
""")
        self.reshard("-o", "oci:%s:1" % self.path("layout"))
        folder = self.unpack(self.path("layout"))
        self.script("""
import glob, json, sys, numpy, safetensors.numpy
from safetensors import safe_open
whole = safetensors.numpy.load_file(%r)
index = json.load(open("model.safetensors.index.json"))["weight_map"]
assert set(index) == set(whole)
for name, shard in index.items():
    with safe_open(shard, "numpy") as file:
        assert numpy.array_equal(file.get_tensor(name), whole[name]), name
""" % self.path("project", "m", "model.safetensors"), folder)

    def test_a_set_with_one_large_shard_is_split_anew(self):
        self.write(WRITE_SAFETENSORS + """
import json
map = {}
for number, dtypes in enumerate((["F32", "U8"], ["I8"], ["BF16", "F64"]), 1):
    name = "model-%05d-of-00003.safetensors" % number
    map.update(dict.fromkeys(save(name, dtypes, 3), name))
json.dump({"metadata": {}, "weight_map": map}, open("model.safetensors.index.json", "w"))
""")
        built = self.reshard("-o", "oci:%s:1" % self.path("layout"))
        folder, files = self.assert_same(READ_SAFETENSORS, built, ".safetensors")
        self.assert_index(folder, files)
        self.assertFalse([name for name in files if "of-00003" in name])

    def test_tensors_of_gguf_are_the_same_bits(self):
        self.write(WRITE_GGUF)
        built = self.reshard("-o", "oci:%s:1" % self.path("layout"))
        folder, files = self.assert_same(READ_GGUF, built, ".gguf")
        self.script("""
import gguf, sys
files = %r
for number, name in enumerate(files):
    fields = gguf.GGUFReader(name).fields
    value = lambda key: fields[key].contents()
    assert (value("split.no"), value("split.count"), value("split.tensors.count")) == (number, len(files), 24), name
    assert [fields[key].types[0].name for key in ("split.no", "split.count", "split.tensors.count")] == [
        "UINT16", "UINT16", "INT32"]
    assert ("general.name" in fields) == (number == 0)
first = gguf.GGUFReader(files[0]).fields
assert first["tokenizer.ggml.tokens"].contents() == ["<s>", "a", "ü"]
assert first["llama.context_length"].contents() == 4096
""" % files, folder)
        self.assertEqual(files, ["tiny-%05d-of-%05d.gguf" % (n + 1, len(files)) for n in range(len(files))])

    def test_shards_of_gguf_are_split_anew_when_one_is_too_large(self):
        self.project("project", SPEC.replace("1MiB", "2MiB"))
        self.write(WRITE_GGUF)
        self.reshard("-o", "oci:%s:1" % self.path("first"))
        first = self.unpack(self.path("first"))
        wanted = self.script(READ_GGUF, first)
        names = sorted(os.listdir(first))
        self.project("again", SPEC.replace("source: m", "source: %s" % first))
        built = self.build(self.path("again"), "-t", "again:1", "--reshard", "-o", "oci:%s:1" % self.path("layout"))
        for name in names:
            os.rename(os.path.join(first, name), self.path(name))
        folder = self.unpack(self.path("layout"))
        self.assertEqual(self.script(READ_GGUF, folder), wanted)
        self.assertGreater(len(os.listdir(folder)), len(names))
        self.assertLess(max(layer["size"] for layer in built["layers"]), 1 << 20)

    def test_shards_are_pushed_verified_and_remembered(self):
        registry = self.registry()
        image = registry.host + "/acme/model:1"
        self.write(WRITE_SAFETENSORS + 'save("model.safetensors", ["F64", "I8"], 3)')
        first = self.build(self.path("project"), "-t", image, "--reshard", "--push")
        self.assertGreater(first["bytesRead"], 2 << 20)
        self.assertLess(first["bytesWritten"], 1 << 16)
        self.skopeo("copy", "--src-tls-verify=false", "docker://" + image, "oci:%s:1" % self.path("layout"))
        wanted = self.script(READ_SAFETENSORS, self.path("project", "m"))
        self.assertEqual(self.script(READ_SAFETENSORS, self.unpack(self.path("layout"))), wanted)
        again = self.build(self.path("project"), "-t", image, "--reshard")
        self.assertEqual((again["digest"], again["bytesRead"]), (first["digest"], 0))
        verified = self.build(self.path("project"), "-t", image, "--reshard", "--verify-cache")
        self.assertEqual((verified["digest"], verified["bytesRead"]), (first["digest"], first["bytesRead"]))
        self.verify_store()

    def test_a_file_that_changed_since_it_was_hashed_is_not_sent(self):
        registry = self.registry()
        image = registry.host + "/acme/model:1"
        self.write(WRITE_SAFETENSORS + 'save("model.safetensors", ["F32"], 3)')
        self.build(self.path("project"), "-t", image, "--reshard")
        path = self.path("project", "m", "model.safetensors")
        stat = os.stat(path)
        with open(path, "r+b") as file:
            file.seek(-5, os.SEEK_END)
            file.write(b"other")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        said = self.mlpack("push", image, code=3).err
        self.assertIn(path, said)

    def test_without_it_the_user_is_told_what_splits_the_file(self):
        self.write(WRITE_SAFETENSORS + 'save("model.safetensors", ["F32"], 3)')
        said = self.mlpack("build", self.path("project"), "-t", "model:1").err
        self.assertIn("`/models/m/model.safetensors` is 1.23 MiB, larger than `layers.max_size` (1.00 MiB): its layer is too; "
                      "`--reshard` splits the file into shards", said)
