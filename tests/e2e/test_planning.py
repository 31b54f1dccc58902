"""What is decided before a byte of weights is read: limits of registries, and how long it takes."""

import json
import os

from harness import Case, FULL, MIB, MLPACK, peak_memory, sparse_file, start

GIB = 1 << 30
SPEC = """\
schema: 1
name: large
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
layers: {max_size: %dGiB}
"""


def sparse_model(folder, shards, size):
    """A model in safetensors whose tensors take no room on the disk."""
    weights, tensors = {}, 10
    for number in range(shards):
        name = "model-%05d-of-%05d.safetensors" % (number + 1, shards)
        bounds = [n * size // tensors // 8 * 8 for n in range(tensors + 1)]
        header = {"__metadata__": {"format": "pt"}}
        for n in range(tensors):
            tensor = "model.layers.%d.%d.weight" % (number, n)
            weights[tensor] = name
            header[tensor] = {"dtype": "BF16", "shape": [(bounds[n + 1] - bounds[n]) // 2], "data_offsets": bounds[n:n + 2]}
        text = json.dumps(header).encode()
        sparse_file(os.path.join(folder, name), 8 + len(text) + bounds[-1])
        with open(os.path.join(folder, name), "r+b") as file:
            file.write(len(text).to_bytes(8, "little") + text)
    with open(os.path.join(folder, "model.safetensors.index.json"), "w") as file:
        json.dump({"metadata": {}, "weight_map": weights}, file)


class Planning(Case):
    def model(self, shards, size, max_size=5):
        folder = self.project("project", SPEC % max_size)
        sparse_model(self.path("project", "weights"), shards, size)
        return folder

    def test_200_shards_of_5_gib_are_planned_in_a_fifth_of_a_second(self):
        """The registry's limit ends the build when everything is planned: 200 layers are more than runtimes mount, so
        two shards share one, which ghcr.io does not take."""
        folder = self.model(200, 5 * GIB, max_size=11)
        seconds = []
        for number in range(5):
            result = self.mlpack("build", folder, "-t", "ghcr.io/acme/large:1", code=2,
                                 env={"MLPACK_STORE": self.path("store-%d" % number)})
            self.assertIn("ghcr.io takes layers of 10.0 GiB at most", result.err)
            seconds.append(result.seconds)
        self.assertLess(min(seconds), 0.2, seconds)

    def test_a_file_that_a_registry_refuses_is_named_before_it_is_read(self):
        folder = self.model(1, 12 * GIB, max_size=20)
        os.rename(self.path("project", "weights", "model-00001-of-00001.safetensors"),
                  self.path("project", "weights", "model.safetensors"))
        os.remove(self.path("project", "weights", "model.safetensors.index.json"))
        path = self.path("project", "weights", "model.safetensors")
        for argv in (["-t", "ghcr.io/acme/large:1"], ["-t", "large:1", "--also", "modelpack=ghcr.io/acme/large:1"]):
            result = self.mlpack("build", folder, *argv, code=2)
            self.assertIn("the weights layer `weights` is 12.0 GiB with `%s` (12.0 GiB), and ghcr.io takes layers of 10.0 GiB "
                          "at most" % path, result.err)
            self.assertIn("`--reshard` splits the file into shards", result.err)
            self.assertLess(result.seconds, 1)

    def test_memory_does_not_grow_with_the_number_of_shards(self):
        """400 GiB in 100 shards against 4 GiB in 4: hashed for some seconds, all of them in the long form."""
        peaks = []
        for shards, size in ((4, GIB), (100, 4 * GIB)):
            folder = self.project("project-%d" % shards, SPEC % 5)
            sparse_model(self.path("project-%d" % shards, "weights"), shards, size)
            with open(self.path("out"), "w") as out:
                process = start([MLPACK, "build", folder, "-t", "large:1", "--progress", "none"], out, out, env=self.env)
                peaks.append(peak_memory(process, None if FULL or shards == 4 else 5))
            if FULL or shards == 4:
                with open(self.path("out")) as out:
                    self.assertEqual(process.returncode, 0, out.read())
        self.assertLess(peaks[1], 1.1 * peaks[0])
        self.assertLess(peaks[1], 64 * MIB)
