"""What is made of the weights beside the image: other tools take it, and nothing that is large is sent again."""

import grp
import json
import os
import re
import signal
import time

from harness import Case, MIB, MLPACK, ROOT, is_root, needs_root, random_bytes, run, start

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
WEIGHT = "application/vnd.cncf.model.weight"
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "amd64")

# What KServe 0.20 runs in a modelcar: as a first container, and beside the one that serves (pkg/utils/storage.go).
KSERVE_LOOKS = ("echo 'Pre-fetching modelcar REF: ' && [ -d /models ] && [ \"$(ls -A /models)\" ] && "
                "echo 'OK ... Prefetched and valid (/models exists)' || "
                "(echo 'NOK ... Prefetched but modelcar is invalid (/models does not exist or is empty)' && exit 1)")
KSERVE_LINKS = "ln -sf /proc/$$/root/models /mnt/models && sleep infinity"


class Also(Case):
    def setUp(self):
        super().setUp()
        self.server = self.registry()
        self.proxy_host = self.proxy(self.server)
        self.repository = self.proxy_host.host + "/acme/tiny"
        self.folder = self.project("tiny", SPEC, FILES)

    def build_all(self, *argv, weights="", pack=""):
        """Builds all three; skips the test where Debian's mirror cannot be reached."""
        result = run([MLPACK, "build", self.folder, "--json", "-t", self.repository + ":1",
                      "--also", "weights-image=" + (weights or self.repository) + ":w",
                      "--also", "modelpack=" + (pack or self.repository) + ":m", *argv], env=self.env)
        if result.code == 6:
            self.skipTest("no Debian mirror in reach")
        self.assertEqual(result.code, 0, str(result))
        return result.json()

    def raw(self, reference, *argv):
        return self.skopeo("inspect", "--raw", "--tls-verify=false", *argv, "docker://" + reference).json()

    def layers_of(self, reference, platform="amd64"):
        """The layers of an index's image, those of weights as their digests: {role or name: …}."""
        entry = next(m for m in self.raw(reference)["manifests"] if m["platform"]["architecture"] == platform)
        found = {"weights": []}
        for layer in self.raw(reference.rsplit(":", 1)[0] + "@" + entry["digest"])["layers"]:
            role, name = (layer["annotations"]["dev.mlpack.layer." + key] for key in ("role", "name"))
            if role == "weights":
                found["weights"].append(layer["digest"])
            else:
                found[name] = layer
        return found

    def sent(self):
        """Bytes of all requests since the last call."""
        return sum(request.sent for request in self.proxy_host.take())

    def test_each_has_the_blobs_of_the_image_and_costs_no_more_than_its_documents_and_a_shell(self):
        self.build_all()
        self.push(self.repository + ":1")
        self.assertGreater(self.sent(), len(SHARD))
        self.push(self.repository + ":w")
        image, shells = self.layers_of(self.repository + ":1"), 0
        for platform in ("amd64", "arm64"):
            layers = self.layers_of(self.repository + ":w", platform)
            self.assertEqual(layers["weights"], image["weights"])
            self.assertEqual(set(layers), {"weights", "shell", "links"})
            self.assertLess(layers["shell"]["size"], 3 * MIB // 2)
            shells += layers["shell"]["size"]
        self.assertLess(self.sent(), 20_000 + shells)
        self.push(self.repository + ":m")
        self.assertLess(self.sent(), 20_000)
        self.assertEqual([layer["digest"] for layer in self.raw(self.repository + ":m")["layers"]], image["weights"])

    def test_a_volume_of_weights_costs_its_documents_alone(self):
        self.build(self.folder, "-t", self.repository + ":1", "--push")
        self.sent()
        self.build(self.folder, "-t", self.repository + ":1", "--also", "weights-volume=" + self.repository + ":v", "--push")
        self.assertLess(self.sent(), 20_000)
        image, volume = self.layers_of(self.repository + ":1"), self.layers_of(self.repository + ":v")
        self.assertEqual((set(volume), volume["weights"]), ({"weights", "links"}, image["weights"]))
        root = self.unpacked(self.copied_to_layout("v"))
        self.assertEqual(sorted(os.listdir(root)), ["config.json", "model.bin", "models"])
        # KubeAI mounts the root, KServe's oci+native /models.
        for place in (root, os.path.join(root, "models"), os.path.join(root, "models", "tiny")):
            with open(os.path.join(place, "model.bin"), "rb") as file:
                self.assertEqual(file.read(), SHARD)

    def test_one_command_pushes_all_and_mounts_the_weights_into_other_repositories(self):
        other = self.proxy_host.host + "/models/"
        built = self.build_all("--push", weights=other + "tiny", pack=other + "pack")
        self.assertEqual([also["kind"] for also in built["also"]], ["weights-image", "modelpack"])
        self.assertLess(self.sent(), len(SHARD) + 4 * MIB)
        self.assertEqual(self.raw(other + "pack:m")["artifactType"], "application/vnd.cncf.model.manifest.v1+json")
        self.verify_store()

    def test_once_fetched_a_shell_needs_no_network(self):
        self.build_all()
        first = self.layers_digests()
        self.env["MLPACK_STORE"] = self.path("another")
        wish = "weights-image=" + self.repository + ":w"
        self.mlpack("build", self.folder, "--offline", "--also", wish, code=3)
        self.mlpack("fetch", self.folder, "--also", wish)
        self.mlpack("build", self.folder, "--offline", "--also", wish)
        self.assertEqual(self.layers_digests(), first)

    def layers_digests(self):
        found = self.mlpack("inspect", self.repository + ":w", "--json").json()
        return [layer["digest"] for image in found["images"] for layer in image["layers"]]

    def copied_to_layout(self, tag, architecture=MACHINE):
        layout = self.path("layout-" + tag)
        self.skopeo("copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", "--override-arch", architecture,
                    "docker://%s:%s" % (self.repository, tag), "oci:%s:1" % layout)
        return layout + ":1"

    def unpacked(self, image):
        """The root of the image, as umoci makes it."""
        rootless = [] if is_root() else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", image, self.path("bundle"))
        return self.path("bundle", "rootfs")

    def test_the_weights_image_is_unpacked_by_others(self):
        self.build_all("--push")
        layout = self.copied_to_layout("w")
        root = self.unpacked(layout)
        models = os.path.join(root, "models", "tiny")
        with open(os.path.join(models, "model.bin"), "rb") as file:
            self.assertEqual(file.read(), SHARD)
        self.assertEqual(os.stat(os.path.join(models, "model.bin")).st_mode & 0o777, 0o644)
        self.assertEqual(sorted(os.listdir(root)), ["bin", "config.json", "model.bin", "models", "usr", "var"])
        with open(os.path.join(root, "usr/share/doc/busybox-static/copyright")) as file:
            self.assertIn("GPL", file.read())
        config = self.skopeo("inspect", "--config", "oci:" + layout).json()
        self.assertNotIn("Entrypoint", config["config"])
        self.assertEqual(config["config"]["User"], "65532:65532")

    @needs_root
    def test_podman_takes_the_weights_image_from_wherever_it_lies(self):
        self.build_all("--push")
        remote = "docker://%s:w" % self.repository
        copy = ["copy", "--quiet", "--src-tls-verify=false", "--override-arch", MACHINE, remote]
        places = [remote] + [kind + self.path(name) for kind, name in
                             (("oci:", "layout"), ("oci-archive:", "o.tar"), ("docker-archive:", "d.tar"))]
        for place in places[1:]:
            self.skopeo(*copy, place)
        podman = ["podman", "--storage-driver", "vfs", "--root", self.path("vfs"), "--runroot", self.path("vfs-run"),
                  "--cgroup-manager", "cgroupfs", "--events-backend", "none"]
        for place in places:
            with self.subTest(place=place.split(":")[0]):
                tls = ["--tls-verify=false"] if place == remote else []
                image = self.run_tool(*podman, "pull", "--quiet", *tls, place).out.split()[-1]
                container = self.run_tool(*podman, "create", image).out.strip()
                self.run_tool(*podman, "export", "-o", self.path("export.tar"), container)
                listed = self.run_tool("tar", "tf", self.path("export.tar")).out.split()
                self.assertLessEqual({"models/tiny/model.bin", "models/config.json", "config.json", "bin/sh"}, set(listed))
                self.run_tool(*podman, "rm", container)
                self.run_tool(*podman, "rmi", "--all", "--force")

    def container(self, script=None, user=None):
        """Makes the bundle run `script` in place of the image's command, in the host's process namespace (which a pod's
        containers share for KServe), with a folder on /mnt that all may write."""
        path = self.path("bundle", "config.json")
        with open(path) as file:
            config = json.load(file)
        if script:
            config["process"]["args"] = ["sh", "-c", script]
            config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "pid"]
        if user:
            # As in a pod both containers have one user and group, and a user that is not root keeps no capabilities.
            config["process"]["user"] = {"uid": user, "gid": grp.getgrnam("nogroup").gr_gid}
            config["process"]["capabilities"] = {}
        shared = self.path("shared")
        os.makedirs(shared, exist_ok=True)
        os.chmod(shared, 0o777)
        config["mounts"].append({"destination": "/mnt", "type": "bind", "source": shared, "options": ["rbind", "rw"]})
        with open(path, "w") as file:
            json.dump(config, file)
        return [ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid")]

    def running(self, argv, ready):
        process = start(argv, None, None, env=self.env)
        self.addCleanup(self.end, process)
        deadline = time.monotonic() + 60
        while not ready() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIsNone(process.poll(), "the container ended")
        return process

    def end(self, process, number=signal.SIGKILL):
        if process.poll() is None:
            with open(self.path("pid")) as file:
                os.kill(int(file.read()), number)
        return process.wait(20)

    @needs_root
    def test_kserve_reaches_the_model_through_the_container(self):
        self.build_all("--push")
        self.unpacked(self.copied_to_layout("w"))
        looked = self.run_tool(*self.container(KSERVE_LOOKS, user=1010)).out
        self.assertIn("OK ... Prefetched and valid", looked)
        link = self.path("shared", "models")
        process = self.running(self.container(KSERVE_LINKS, user=1010), lambda: os.path.islink(link))
        self.assertRegex(os.readlink(link), r"^/proc/\d+/root/models$")
        for name in ("config.json", "tiny/config.json"):
            read = self.run_tool("cat", os.path.join(link, name), user=1010, cwd="/")
            self.assertEqual(read.out, FILES["weights/config.json"])
        self.end(process)

    @needs_root
    def test_the_weights_image_by_itself_waits_and_ends_when_it_is_told_to(self):
        self.build_all("--push")
        self.unpacked(self.copied_to_layout("w"))
        process = self.running(self.container(), self.sleeps)
        self.assertEqual(self.end(process, signal.SIGTERM), 0)

    def sleeps(self):
        """Whether the first process of the container has started another one."""
        try:
            with open(self.path("pid")) as file:
                number = file.read()
            with open("/proc/%s/task/%s/children" % (number, number)) as file:
                return bool(file.read())
        except OSError:
            return False

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


# The rules of github.com/modelpack/model-spec (docs/spec.md, docs/config.md, docs/annotations.md, its JSON Schema).
TEXTS, DATE = "list of texts", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
DESCRIPTOR = {"createdAt": DATE, "authors": TEXTS, "family": ".*", "name": ".+", "docURL": ".*", "sourceURL": ".*",
              "datasetsURL": TEXTS, "version": ".*", "revision": ".*", "vendor": ".*", "licenses": TEXTS, "title": ".*",
              "description": ".*"}
PRECISION = "(float(16|32|64)|bfloat16|float8_e4m3|float8_e5m2|complex(32|64|128)|u?int(8|16|32|64)|bool)"
CONFIG = {"architecture": ".*", "format": ".*", "paramSize": r"\d+(\.\d)?[QqTtBbMmKk]",
          "precision": "%s(,%s)*" % (PRECISION, PRECISION), "quantization": ".*"}
LAYER = r"application/vnd\.cncf\.model\.(weight|weight\.config|doc|code|dataset)\.v1\.(raw|tar|tar\+gzip|tar\+zstd)"
METADATA = {"name": str, "mode": int, "uid": int, "gid": int, "size": int, "mtime": str, "typeflag": int}
DIGEST = "sha256:[0-9a-f]{64}"


class ModelPack(Case):
    """A ModelPack keeps every rule of the published model-spec."""

    def pack(self, spec, files):
        self.registry_host = self.registry().host
        reference = self.registry_host + "/pack:m"
        self.build(self.project("project", spec, files), "-t", self.registry_host + "/pack:1", "--also", "modelpack=" + reference, "--push")
        self.manifest = self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + reference).json()
        config = self.manifest["config"]["digest"][len("sha256:"):]
        with open(os.path.join(self.path("store"), "blobs", "sha256", config)) as file:
            self.config = json.load(file)

    def check_texts(self, found, rules):
        """`found` has fields of `rules` alone, each as its rule wants it."""
        self.assertLessEqual(set(found), set(rules))
        for key, value in found.items():
            for text in value if rules[key] is TEXTS else [value]:
                self.assertIsInstance(text, str)
                if rules[key] is not TEXTS:
                    self.assertTrue(re.fullmatch(rules[key], text), "%s: %s" % (key, text))

    def check_all(self):
        manifest, config = self.manifest, self.config
        self.assertEqual(manifest["schemaVersion"], 2)
        self.assertEqual(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json")
        self.assertEqual(manifest["artifactType"], "application/vnd.cncf.model.manifest.v1+json")
        self.assertEqual(manifest["config"]["mediaType"], "application/vnd.cncf.model.config.v1+json")
        self.assertEqual(set(config), {"descriptor", "config", "modelfs"})
        self.check_texts(config["descriptor"], DESCRIPTOR)
        self.check_texts(config["config"], CONFIG)
        self.assertEqual(set(config["modelfs"]), {"type", "diffIds"})
        self.assertEqual(config["modelfs"]["type"], "layers")
        self.assertEqual(len(config["modelfs"]["diffIds"]), len(manifest["layers"]))
        for diff_id in config["modelfs"]["diffIds"]:
            self.assertRegex(diff_id, "^%s$" % DIGEST)
        self.assertGreaterEqual(len(manifest["layers"]), 1)
        for layer in manifest["layers"]:
            self.check_layer(layer)

    def check_layer(self, layer):
        self.assertTrue(re.fullmatch(LAYER, layer["mediaType"]), layer["mediaType"])
        self.assertRegex(layer["digest"], "^%s$" % DIGEST)
        self.assertNotIn("platform", layer)
        annotations = layer["annotations"]
        self.assertTrue(all(isinstance(value, str) for value in annotations.values()))
        self.assertTrue(annotations["org.cncf.model.filepath"])
        if "org.cncf.model.file.metadata+json" in annotations:
            metadata = json.loads(annotations["org.cncf.model.file.metadata+json"])
            self.assertEqual({key: type(value) for key, value in metadata.items()}, METADATA)
            self.assertTrue(re.fullmatch(DATE, metadata["mtime"]))

    def test_with_everything_that_is_known_of_a_model(self):
        header = json.dumps({"w": {"dtype": "BF16", "shape": [700], "data_offsets": [0, 1400]}}).encode()
        files = {"w/model.safetensors": len(header).to_bytes(8, "little") + header + bytes(1400),
                 "w/config.json": '{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}'}
        self.pack("schema: 1\nname: tiny\nbase: scratch\nplatform: linux/amd64\n"
                  "weights: [{source: w/, target: /models/tiny, license: Apache-2.0}]\n", files)
        self.check_all()
        self.assertEqual(self.config["config"], {"format": "safetensors", "paramSize": "0.7k", "precision": "bfloat16"})
        self.assertEqual(self.config["descriptor"], {"createdAt": "1970-01-01T00:00:00Z", "family": "llama", "name": "tiny",
                                                     "licenses": ["Apache-2.0"]})

    def test_with_large_shards_compressed(self):
        for compression in ("gzip", "zstd"):
            with self.subTest(compression=compression):
                self.pack("schema: 1\nname: tiny\nbase: scratch\nplatform: linux/amd64\n"
                          "weights: [{source: w/, compression: %s}]\n" % compression,
                          {"w/a.bin": bytes(65 * MIB), "w/b.bin": bytes(66 * MIB), "w/tokenizer.json": "{}"})
                self.check_all()
                self.assertEqual([layer["mediaType"] for layer in self.manifest["layers"]],
                                 [WEIGHT + kind + ".v1.tar+" + compression for kind in ("", "", ".config")])

    def test_of_several_entries(self):
        self.pack("schema: 1\nname: tiny\nbase: scratch\nplatform: linux/amd64\n"
                  "weights: [{name: a, source: a/}, {name: b, source: b/, license: MIT}]\n",
                  {"a/a.bin": "a" * 100, "b/b.bin": "b" * 100, "b/c.bin": "c" * 100})
        self.check_all()

