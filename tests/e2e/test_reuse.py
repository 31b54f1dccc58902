"""Weights of an image or a ModelPack become layers of another image (`oci://`): mounted, streamed, never stored."""

import os
import re
import unittest

from harness import Case, MIB
from test_remote import safetensors

WEIGHTS = """\
schema: 1
name: weights
base: scratch
platform: linux/amd64
weights: [{source: weights/, name: base}]
"""
SERVED = """\
schema: 1
name: served
base: scratch
platform: linux/amd64
run: [/app/main]
layers: {compression: gzip}
files: [{source: app/, target: /app}]
weights: [{source: "oci://%s", name: base}]
"""


class Reuse(Case):
    def setUp(self):
        super().setUp()
        self.behind = self.registry()
        self.proxied = self.proxy(self.behind)
        self.weights = "%s/acme/weights:1" % self.proxied.host
        self.pack = "%s/acme/weights:pack" % self.proxied.host
        folder = self.project("weights", WEIGHTS, {"weights/model.safetensors": safetensors(70 * MIB, 5),
                                                   "weights/config.json": "{}"})
        self.mlpack("build", folder, "-t", self.weights, "--also", "modelpack=" + self.pack, "--push")
        self.proxied.take()
        self.env["MLPACK_STORE"] = self.path("fresh")

    def served(self, source, name, *argv):
        folder = self.project("served", SERVED % source, {"app/main": "#!/bin/true\n"})
        return self.build(folder, "-t", name, *argv)

    def unpacked(self, name):
        layout = self.path("layout")
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://" + name, "oci:%s:1" % layout)
        rootless = [] if os.geteuid() == 0 else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", layout + ":1", self.path("bundle"))
        with open(self.path("bundle", "rootfs", "models", "base", "model.safetensors"), "rb") as file:
            self.assertEqual(file.read(), safetensors(70 * MIB, 5))

    def test_the_layers_are_mounted_where_the_registry_is_the_same(self):
        for source in (self.weights, self.pack):
            with self.subTest(source=source):
                name = "%s/acme/served%d:1" % (self.proxied.host, source == self.pack)
                built = self.served(source, name, "--push")
                requests = self.proxied.take()
                mounted = {re.search("mount=sha256%3A([0-9a-f]*)", r.path).group(1) for r in requests
                           if r.method == "POST" and "mount=" in r.path and r.status == 201}
                weights = {layer["digest"][7:] for layer in built["layers"] if layer["kind"] == "weights"}
                self.assertEqual(len(weights), 2)
                self.assertLessEqual(weights, mounted)
                self.assertLess(sum(r.sent for r in requests), 10_000)
        self.assertEqual([], [n for _, _, names in os.walk(self.path("fresh", "blobs")) for n in names
                              if os.path.getsize(self.path("fresh", "blobs", "sha256", n)) > 100_000])
        self.unpacked(name)

    def test_another_registry_gets_them_from_the_first(self):
        other = self.registry()
        name = "%s/acme/served:1" % other.host
        self.served(self.weights, name, "--push")
        self.unpacked(name)
        self.mlpack("store", "verify")

    def test_files_that_would_lie_over_them_are_refused_after_a_look_at_headers(self):
        spec = SERVED % self.weights + 'workdir: /\n'
        folder = self.project("over", spec.replace("target: /app", "target: /models/base"), {"app/config.json": "{}"})
        self.proxied.take()
        said = self.mlpack("build", folder, code=2).err
        self.assertIn("both write `/models/base/config.json`", said)
        self.mlpack("build", self.project("beside", spec.replace("target: /app", "target: /models/base"),
                                          {"app/other.json": "{}"}))

    def test_an_export_fetches_them(self):
        self.served(self.weights, "served:1", "-o", "oci:%s:1" % self.path("exported"))
        sizes = [os.path.getsize(os.path.join(self.path("exported", "blobs", "sha256"), n))
                 for n in os.listdir(self.path("exported", "blobs", "sha256"))]
        self.assertGreater(max(sizes), 70 * MIB)


if __name__ == "__main__":
    unittest.main()
