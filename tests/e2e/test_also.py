"""What is made of the weights beside the image: other tools take it, and nothing that is large is sent again."""

import json
import os
import unittest

from harness import Case, MIB, ROOT, is_root, random_bytes

SPEC = """\
schema: 1
name: tiny
base: scratch
platform: [linux/amd64, linux/arm64]
weights: [{source: weights/, target: /models/tiny, license: MIT}]
files: [{source: app/, target: /app}]
run: [/app/serve]
"""
SHARD = random_bytes(65 * MIB, seed=7)
FILES = {"weights/model.bin": SHARD, "weights/config.json": '{"model_type": "llama"}', "app/serve": "#!/bin/sh\n"}
SCHEMAS = os.path.join(os.path.dirname(ROOT), "shared", "data", "schemas", "modelpack")
WEIGHT = "application/vnd.cncf.model.weight"


class Also(Case):
    def setUp(self):
        super().setUp()
        self.server = self.registry()
        self.proxy_host = self.proxy(self.server)
        self.repository = self.proxy_host.host + "/acme/tiny"
        self.folder = self.project("tiny", SPEC, FILES)

    def build_all(self, *argv, weights="", pack=""):
        return self.build(self.folder, "-t", self.repository + ":1", "--also", "weights-image=" + (weights or self.repository) + ":w",
                          "--also", "modelpack=" + (pack or self.repository) + ":m", *argv)

    def raw(self, reference, *argv):
        return self.skopeo("inspect", "--raw", "--tls-verify=false", *argv, "docker://" + reference).json()

    def weights_of(self, reference, platform="amd64"):
        """The digests of the layers of an index's image."""
        entry = next(m for m in self.raw(reference)["manifests"] if m["platform"]["architecture"] == platform)
        return [layer["digest"] for layer in self.raw(reference.rsplit(":", 1)[0] + "@" + entry["digest"])["layers"]]

    def sent(self):
        """Bytes of all requests since the last call."""
        return sum(request.sent for request in self.proxy_host.take())

    def test_each_has_the_blobs_of_the_image_and_costs_no_more_than_its_documents(self):
        self.build_all()
        self.push(self.repository + ":1")
        self.assertGreater(self.sent(), len(SHARD))
        for tag in ("w", "m"):
            self.push(self.repository + ":" + tag)
            self.assertLess(self.sent(), 20_000, tag)
        image = self.weights_of(self.repository + ":1")
        self.assertEqual(self.weights_of(self.repository + ":w"), image[:2])
        self.assertEqual(self.weights_of(self.repository + ":w", "arm64"), image[:2])
        self.assertEqual([layer["digest"] for layer in self.raw(self.repository + ":m")["layers"]], image[:2])

    def test_one_command_pushes_all_and_mounts_the_weights_into_other_repositories(self):
        other = self.proxy_host.host + "/models/"
        built = self.build_all("--push", weights=other + "tiny", pack=other + "pack")
        self.assertEqual([also["kind"] for also in built["also"]], ["weights-image", "modelpack"])
        self.assertLess(self.sent(), len(SHARD) + MIB)
        self.assertEqual(self.raw(other + "pack:m")["artifactType"], "application/vnd.cncf.model.manifest.v1+json")
        self.verify_store()

    def test_the_weights_image_is_unpacked_by_others(self):
        self.build_all("--push")
        layout = self.path("layout")
        self.skopeo("copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", "--override-arch", "amd64",
                    "docker://" + self.repository + ":w", "oci:%s:1" % layout)
        rootless = [] if is_root() else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", layout + ":1", self.path("bundle"))
        models = self.path("bundle", "rootfs", "models", "tiny")
        with open(os.path.join(models, "model.bin"), "rb") as file:
            self.assertEqual(file.read(), SHARD)
        self.assertEqual(os.stat(os.path.join(models, "model.bin")).st_mode & 0o777, 0o644)
        self.assertEqual(os.listdir(self.path("bundle", "rootfs")), ["models"])
        config = self.skopeo("inspect", "--config", "oci:%s:1" % layout).json()
        self.assertNotIn("Entrypoint", config["config"])
        self.assertNotIn("Cmd", config["config"])

    def test_a_modelpack_is_copied_by_others_and_by_mlpack(self):
        digest = self.build_all("--push")["also"][1]["digest"]
        copy = self.server.host + "/copy/"
        self.skopeo("copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false",
                    "docker://" + self.repository + ":m", "docker://" + copy + "skopeo:m")
        another = {"MLPACK_STORE": self.path("another")}
        self.assertEqual(self.mlpack("pull", "--json", copy + "skopeo:m", env=another).json()["digest"], digest)
        self.assertEqual(self.push(copy + "skopeo:m", copy + "mlpack:m", env=another)["digest"], digest)
        self.mlpack("store", "verify", env=another)
        self.mlpack("store", "gc", env=another)
        found = self.mlpack("inspect", "--json", copy + "mlpack:m", env=another).json()
        self.assertEqual((found["kind"], found["digest"]), ("modelpack", digest))
        self.assertEqual([layer["mediaType"] for layer in found["layers"]],
                         [WEIGHT + ".v1.tar", WEIGHT + ".config.v1.tar"])

    def test_a_modelpack_is_what_the_published_schema_says(self):
        try:
            import jsonschema
        except ImportError:
            raise unittest.SkipTest("no python3-jsonschema")
        if not os.path.isdir(SCHEMAS):
            raise unittest.SkipTest("no schemas of ModelPack beside the checkout")
        self.build_all("--push")
        manifest = self.raw(self.repository + ":m")
        blob = os.path.join(self.path("store"), "blobs", "sha256", manifest["config"]["digest"][7:])
        with open(blob) as file:
            config = json.load(file)
        with open(os.path.join(SCHEMAS, "config-schema.json")) as file:
            jsonschema.validate(config, json.load(file))
