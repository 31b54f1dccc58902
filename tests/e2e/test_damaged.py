"""Layouts and stores that are damaged are told about as what they are, and nothing of them gets a tag."""

import gzip
import hashlib
import json
import os

from harness import Case, MIB, random_bytes
from image_tree import Image, tar_of

SPEC = """\
schema: 1
name: damaged
base: scratch
platform: linux/amd64
files: [{source: app/, target: /app}]
layers: {compression: gzip}
"""


class Damaged(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.project("project", SPEC, {"app/data.bin": random_bytes(MIB)})
        self.layout = self.path("layout")
        self.build(self.folder, "-t", "damaged:1", "-o", "oci:%s:1" % self.layout)

    def blob(self, digest):
        return os.path.join(self.layout, "blobs", "sha256", digest[7:])

    def put(self, document):
        data = json.dumps(document).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with open(self.blob(digest), "wb") as file:
            file.write(data)
        return {"digest": digest, "size": len(data)}

    def load(self, path):
        with open(path) as file:
            return json.load(file)

    def claim_another_diff_id(self):
        """The config says something else of the layer than it is; all digests fit. Gives the manifest's."""
        index = self.load(os.path.join(self.layout, "index.json"))
        manifest = self.load(self.blob(index["manifests"][0]["digest"]))
        config = self.load(self.blob(manifest["config"]["digest"]))
        config["rootfs"]["diff_ids"][0] = "sha256:" + "0" * 64
        manifest["config"].update(self.put(config))
        index["manifests"][0].update(self.put(manifest))
        with open(os.path.join(self.layout, "index.json"), "w") as file:
            json.dump(index, file)
        return index["manifests"][0]["digest"]

    def test_no_tag_is_given_to_what_its_layers_do_not_fit_even_where_the_registry_has_it(self):
        self.claim_another_diff_id()
        host = self.registry().host
        image = "%s/acme/damaged" % host
        refused = self.mlpack("push", "oci:%s:1" % self.layout, image + ":1", code=None)
        self.assertIn(refused.code, (3, 7), str(refused))
        # Others do not look.
        self.skopeo("copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", "oci:%s:1" % self.layout,
                    "docker://%s:there" % image)
        again = self.mlpack("push", "oci:%s:1" % self.layout, image + ":2", code=refused.code)
        self.assertIn("sha256:" + "0" * 64, again.err)
        tags = self.skopeo("list-tags", "--tls-verify=false", "docker://" + image).json()["Tags"]
        self.assertEqual(tags, ["there"])

    def test_a_layout_is_not_called_the_store(self):
        for name in ("index.json", "oci-layout"):
            with self.subTest(name):
                path = os.path.join(self.layout, name)
                with open(path) as file:
                    was = file.read()
                with open(path, "w") as file:
                    file.write(was[:10])
                refused = self.mlpack("build", self.folder, "-t", "damaged:1", "-o", "oci:%s:1" % self.layout, code=None)
                self.assertIn(refused.code, (3, 7), str(refused))
                words = refused.err[refused.err.index("error: "):]
                self.assertIn(path, words)
                self.assertNotIn("store", words)
                with open(path, "w") as file:
                    file.write(was)

    def test_what_two_layers_lack_is_told_once(self):
        weights = "weights: [{source: w/, target: /a, name: a}, {source: w/, target: /b, name: b}]\n"
        folder = self.project("twice", SPEC.replace("files:", weights + "files:"), {
            "w/x.bin": random_bytes(MIB), "app/data.bin": "x"})
        self.build(folder, "-t", "twice:1")
        os.utime(os.path.join(folder, "w", "x.bin"), ns=(1, 1))
        told = self.mlpack("store", "verify", code=7).err
        self.assertEqual(told.count("x.bin"), 1, told)

    def test_a_layer_that_is_damaged_ends_every_command_that_reads_it_in_the_same_way(self):
        tar = tar_of({"app/data.bin": (random_bytes(MIB), 0o644, 0)})
        packed = gzip.compress(tar, 1)
        other = self.layout_of("other", "", b"\0" * 1024)
        for name, compression, layer, told in (
                ("text", "", b"no tar at all\n" * 100, "tar archive"),
                ("cut", "", tar[:len(tar) // 2], "tar archive"),
                ("cut-gzip", "+gzip", packed[:len(packed) // 2], "gzip stream ends early"),
                ("no-gzip", "+gzip", tar, "gzip stream"),
                ("text-in-gzip", "+gzip", gzip.compress(b"no tar at all\n" * 100), "tar archive"),
                ("no-zstd", "+zstd", packed, "zstd stream"),
                ("other-bytes", "+gzip", packed, "digest")):
            image = self.layout_of(name, compression, layer)
            if name == "other-bytes":
                with open(os.path.join(self.path(name), "blobs", "sha256", hashlib.sha256(layer).hexdigest()), "r+b") as file:
                    file.seek(len(layer) // 2)
                    file.write(b"damaged")
            for argv in (["inspect", "--files", image], ["inspect", "--model", image], ["diff", image, other],
                         ["diff", other, image], ["diff", "--packages", image, other], ["check", image], ["doctor", image],
                         ["copy", image, "oci-archive:" + self.path("copy.tar")]):
                if "copy" in argv and (not compression or name == "text-in-gzip"):
                    continue  # what does not look into the tar passes it on
                with self.subTest(name, argv=argv[:2]):
                    result = self.mlpack(*argv, "--store", self.path("new-store"), code=7)
                    self.assertIn(told, result.err)
                    self.assertIn("sha256", result.err)

    def test_what_no_list_of_files_shows_is_told_of_a_damaged_layer(self):
        tar = tar_of({"app/data.bin": (random_bytes(MIB), 0o644, 0)})
        packed = gzip.compress(tar, 1)
        other = self.layout_of("other", "", b"\0" * 1024)
        for name, compression, layer, told in (("flipped", "", tar, "digest"), ("diff-id", "", tar, "uncompresses to"),
                                               ("garbage", "+gzip", packed + b"garbage" * 99, "gzip stream")):
            image = self.layout_of(name, compression, layer)
            if name == "flipped":
                with open(os.path.join(self.path(name), "blobs", "sha256", hashlib.sha256(layer).hexdigest()), "r+b") as file:
                    file.seek(len(layer) // 2)
                    file.write(b"damaged")
            if name == "diff-id":
                self.claim_another_diff_id()
            for argv in (["check", image], ["doctor", image], ["inspect", "--files", image], ["diff", other, image],
                         ["copy", image, "oci-archive:" + self.path("copy.tar")]):
                if name == "diff-id" and argv[0] in ("inspect", "diff"):
                    continue  # what is listed is there
                with self.subTest(name, argv=argv[:2]):
                    result = self.mlpack(*argv, "--store", self.path("new-store"), code=7)
                    self.assertIn(told, result.err)

    def layout_of(self, name, compression, layer):
        """A layout of an image with that layer; gives its name."""
        image = Image(Cmd=["/app/x"])
        image.write(self.path(name))
        index = self.load(os.path.join(self.path(name), "index.json"))
        self.layout = self.path(name)
        manifest = self.load(self.blob(index["manifests"][0]["digest"]))
        digest = "sha256:" + hashlib.sha256(layer).hexdigest()
        with open(self.blob(digest), "wb") as file:
            file.write(layer)
        manifest["layers"] = [{"mediaType": "application/vnd.oci.image.layer.v1.tar" + compression, "digest": digest,
                               "size": len(layer)}]
        config = self.load(self.blob(manifest["config"]["digest"]))
        config["rootfs"]["diff_ids"] = [digest if not compression else "sha256:" + hashlib.sha256(name.encode()).hexdigest()]
        manifest["config"].update(self.put(config))
        index["manifests"][0].update(self.put(manifest))
        with open(os.path.join(self.path(name), "index.json"), "w") as file:
            json.dump(index, file)
        return "oci:%s:1" % self.path(name)

    def test_images_of_several_platforms_are_one_index_in_whatever_order(self):
        digests = {self.build(self.folder, "-t", "several:%d" % n, *argv)["digest"] for n, argv in enumerate((
            ["--platform", "linux/arm64", "--platform", "linux/amd64"],
            ["--platform", "linux/amd64", "--platform", "linux/arm64"]))}
        self.assertEqual(len(digests), 1)
