"""Work that was done is not done again: not by a second build, not by a second push, not for a base."""

import os
import re

from harness import Case, FULL, MIB, make_base, random_bytes, run, write_files, MLPACK

SPEC = """\
schema: 1
name: twice
base: %s
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: lib/, target: /opt/lib}, {source: app/, target: /app}]
run: [/app/main]
"""


def safetensors():
    header = b'{"a":{"dtype":"U8","shape":[4096],"data_offsets":[0,4096]}}'
    return len(header).to_bytes(8, "little") + header + bytes(4096)


def files():
    return {"weights/model.safetensors": safetensors(), "weights/model.bin": random_bytes(8 * MIB), "weights/config.json": "{}\n",
            "lib/library.so": random_bytes(2 * MIB, seed=3), "app/main": "#!/bin/sh\n", "app/main.py": "print(1)\n"}


class Incremental(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.project("project", SPEC % "scratch", files())

    def test_a_second_build_reads_no_file_content(self):
        first = self.build(self.folder, "-t", "twice:1")
        second = self.build(self.folder, "-t", "twice:1")
        self.assertEqual(second["digest"], first["digest"])
        self.assertGreater(first["bytesRead"], 10 * MIB)
        self.assertEqual(second["bytesRead"], 0)
        self.assertEqual([layer["reused"] for layer in second["layers"]], [True] * len(second["layers"]))

    def test_a_second_build_opens_none_of_the_files(self):
        self.build(self.folder, "-t", "twice:1")
        trace = self.path("trace")
        traced = run(["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", trace, MLPACK, "build", self.folder,
                      "-t", "twice:1"], env=self.env)
        if traced.code != 0:
            self.skipTest("strace does not work here")
        with open(trace, errors="replace") as file:
            opened = re.findall(r'"([^"]*(?:\.bin|\.safetensors|\.so|/main\.py|app/main))", [^)]*O_RDONLY', file.read())
        mine = [path for path in opened if "/usr/" not in path and "/lib/x86" not in path and self.folder in path]
        self.assertEqual(mine, [])

    def test_a_second_push_sends_only_the_manifest_check(self):
        proxy = self.proxy(self.registry())
        image = proxy.host + "/acme/twice:1"
        self.build(self.folder, "-t", image)
        first = self.push(image)
        self.assertGreater(first["bytesSent"], 10 * MIB)
        proxy.take()
        second = self.push(image)
        requests = proxy.take()
        self.assertEqual(second["digest"], first["digest"])
        self.assertEqual(second["blobs"]["uploaded"], 0)
        self.assertEqual(second["bytesSent"], 0)
        self.assertEqual({r.method for r in requests} - {"GET", "HEAD"}, set(), requests)
        asked = [r.path for r in requests if r.path != "/v2/"]
        self.assertEqual(asked, ["/v2/acme/twice/manifests/1"], requests)

    def test_touching_one_app_file_rebuilds_and_sends_one_layer(self):
        proxy = self.proxy(self.registry())
        image = proxy.host + "/acme/twice:1"
        first = self.build(self.folder, "-t", image, "--push")
        write_files(self.folder, {"app/main.py": "print(2)\n"})
        proxy.take()
        second = self.build(self.folder, "-t", image)
        self.assertEqual([layer["reused"] for layer in second["layers"]].count(False), 1)
        self.assertLess(second["bytesRead"], 4096)
        same = {layer["digest"] for layer in first["layers"]} & {layer["digest"] for layer in second["layers"]}
        self.assertEqual(len(same), len(first["layers"]) - 1)
        pushed = self.push(image)
        self.assertEqual(pushed["blobs"]["uploaded"], 2, "the layer and the config")
        self.assertLess(sum(r.sent for r in proxy.take()), 20000)

    def test_an_edit_that_keeps_size_and_mtime_is_noticed(self):
        path = os.path.join(self.folder, "app", "main.py")
        first = self.build(self.folder, "-t", "twice:1")
        stat = os.stat(path)
        write_files(self.folder, {"app/main.py": "print(7)\n"})
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.assertNotEqual(self.build(self.folder, "-t", "twice:1")["digest"], first["digest"])

    def test_equal_weights_are_one_layer_in_two_images(self):
        other = self.project("other", SPEC % "scratch", {**files(), "app/main.py": "print(3)\n"})
        layers = [[layer for layer in self.build(folder)["layers"] if layer["kind"] == "weights"]
                  for folder in (self.folder, other)]
        self.assertEqual([l["digest"] for l in layers[0]], [l["digest"] for l in layers[1]])


class Base(Case):
    """A base that is named by reference is looked at, not fetched."""

    SIZE = (170 if FULL else 12) * MIB

    def setUp(self):
        super().setUp()
        self.home = self.registry()
        self.front = self.proxy(self.home)
        make_base(self, self.home, "library/base", self.SIZE)
        self.folder = self.project("project", SPEC % (self.front.host + "/library/base:1"), files())

    def test_building_on_a_base_fetches_no_layer_of_it(self):
        built = self.build(self.folder, "-t", self.front.host + "/acme/app:1")
        requests = self.front.take()
        self.assertLess(sum(r.received for r in requests), 100_000)
        self.assertEqual({r.method for r in requests} - {"GET", "HEAD"}, set())
        self.assertEqual(built["layers"][0]["kind"], "base")
        self.assertGreater(built["layers"][0]["size"], self.SIZE * 0.9)

    def test_a_push_to_the_same_registry_mounts_the_base(self):
        image = self.front.host + "/acme/app:1"
        self.build(self.folder, "-t", image)
        self.front.take()
        pushed = self.push(image)
        requests = self.front.take()
        self.assertEqual(pushed["blobs"]["mounted"], 1)
        self.assertTrue(any(r.method == "POST" and "mount=" in r.path and r.status == 201 for r in requests))
        self.assertLess(sum(r.sent for r in requests), 11.5 * MIB)
        self.accepted(self.front.host)

    def test_a_push_to_another_registry_streams_the_base_through_memory(self):
        other = self.registry()
        image = other.host + "/acme/app:1"
        self.build(self.folder, "-t", image)
        self.front.take()
        pushed = self.push(image)
        self.assertEqual(pushed["blobs"]["mounted"], 0)
        self.assertGreater(sum(r.received for r in self.front.take()), self.SIZE * 0.9)
        self.assertLess(self.size_of(self.path("store")), 6 * MIB, "the base is not kept in the store")
        self.accepted(other.host)

    def test_the_base_keeps_its_variables_and_its_user(self):
        self.build(self.folder, "-t", self.front.host + "/acme/app:1", "--push")
        config = self.skopeo("inspect", "--config", "--tls-verify=false",
                             "docker://%s/acme/app:1" % self.front.host).json()["config"]
        self.assertIn("PATH=/usr/bin", config["Env"])
        self.assertEqual(config["User"], "1000")
        self.assertEqual(config["Cmd"], ["/app/main"])

    def test_an_archive_holds_the_base_too(self):
        self.mlpack("build", self.folder, "-o", "oci-archive:" + self.path("image.tar"))
        self.skopeo("copy", "--quiet", "oci-archive:" + self.path("image.tar"), "dir:" + self.path("copied"))
        self.assertGreater(os.path.getsize(self.path("image.tar")), self.SIZE * 0.9)

    def accepted(self, host):
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://%s/acme/app:1" % host,
                    "oci:%s:1" % self.path("copy"))

    def size_of(self, folder):
        return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names
                   if not os.path.islink(os.path.join(at, name)))
