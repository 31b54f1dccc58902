"""`copy` moves images between registries, layouts and archives: the same digests everywhere, and nothing on the disk."""

import hashlib
import json
import os
import re
import tarfile

from harness import Case, MIB, random_bytes, write_files

SPEC = """\
schema: 1
name: app
base: scratch
platform: [linux/amd64, linux/arm64]
weights: [{source: weights/, target: /models/base}]
files: [{source: app/, target: /app}]
layers: {compression: gzip}
"""
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Copy(Case):
    def setUp(self):
        super().setUp()
        self.first, self.second = self.proxy(self.registry()), self.proxy(self.registry())
        self.image = self.first.host + "/acme/app:1"
        self.elsewhere = self.second.host + "/other/app:2"
        folder = self.project("project", SPEC, {"weights/model.bin": random_bytes(6 * MIB), "app/app.py": "hello\n"})
        self.digest = self.build(folder, "-t", self.image)["digest"]
        self.mlpack("push", self.image)
        self.env["MLPACK_STORE"] = self.path("no-store")

    def copy(self, *argv, **how):
        return self.mlpack("copy", *argv, **how)

    def blobs_of(self, reference):
        """Every digest below a reference, as skopeo fetches them, with the bytes' own digests."""
        folder = self.path("layout-" + os.urandom(4).hex())
        self.skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", reference, "oci:%s:1" % folder)
        names = {}
        for name in os.listdir(os.path.join(folder, "blobs/sha256")):
            with open(os.path.join(folder, "blobs/sha256", name), "rb") as file:
                names[name] = hashlib.sha256(file.read()).hexdigest()
        for name, found in names.items():
            self.assertEqual(name, found)
        return set(names)

    def test_an_index_is_copied_whole_between_registries(self):
        copied = self.copy(self.image, self.elsewhere)
        self.assertEqual(copied.out, "%s@%s\n" % (self.elsewhere, self.digest))
        self.assertEqual(self.blobs_of("docker://" + self.elsewhere), self.blobs_of("docker://" + self.image))
        again = self.copy("--json", self.image, self.elsewhere).json()
        self.assertEqual((again["source"], again["ref"], again["digest"]), (self.image, self.elsewhere, self.digest))
        self.assertEqual(again["bytesSent"], 0)
        self.assertFalse(os.path.exists(self.path("no-store")))

    def test_nothing_is_written_to_the_disk(self):
        log = self.path("trace")
        self.run_tool("strace", "-f", "-o", log, "-e", "trace=openat,open,creat,mkdir,rename,memfd_create",
                      self.binary_for(None), "copy", self.image, self.elsewhere)
        with open(log) as file:
            written = [line for line in file if re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|mkdir\(|rename\(", line)
                       and "= -1" not in line and '"/dev/' not in line]
        self.assertEqual(written, [])

    def test_one_platform_is_copied_alone(self):
        self.copy("--platform", "linux/arm64", self.image, self.elsewhere)
        raw = json.loads(self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + self.elsewhere).out)
        self.assertEqual(raw["mediaType"], MANIFEST)
        config = json.loads(self.skopeo("inspect", "--config", "--tls-verify=false", "docker://" + self.elsewhere).out)
        self.assertEqual(config["architecture"], "arm64")
        self.copy("--platform", "linux/s390x", self.image, self.elsewhere, code=9)
        self.copy("--platform", "linux/amd64", self.elsewhere, self.second.host + "/other/app:3", code=9)

    def test_through_layouts_and_archives_and_back_the_digest_stays(self):
        layout, archive = "oci:" + self.path("layout") + ":x", "oci-archive:" + self.path("image.tar")
        self.assertEqual(self.copy(self.image, layout).out, self.digest + "\n")
        self.copy(layout, archive)
        self.copy(archive, self.elsewhere)
        self.assertEqual(self.blobs_of("docker://" + self.elsewhere), self.blobs_of("docker://" + self.image))
        self.skopeo("inspect", "--raw", archive)
        docker = self.path("docker.tar")
        self.copy("--platform", "linux/amd64", self.image, "docker-archive:" + docker)
        self.skopeo("copy", "--quiet", "docker-archive:" + docker, "oci:%s:1" % self.path("from-docker"))
        self.copy(self.image, "docker-archive:" + docker, code=2)
        self.copy(layout, "docker-archive:" + docker, code=2)

    def test_without_a_name_an_archive_gets_that_of_the_source(self):
        one, two = "docker-archive:" + self.path("one.tar"), "docker-archive:" + self.path("two.tar")
        self.copy("--platform", "linux/amd64", self.image, one + ":acme/named:7")
        self.copy(one, two)
        with tarfile.open(self.path("two.tar")) as file:
            self.assertEqual(json.load(file.extractfile("manifest.json"))[0]["RepoTags"], ["acme/named:7"])
        for kind, folder in (("oci-archive:", "seven.tar"), ("oci:", "seven")):
            self.copy(two, kind + self.path(folder))
            self.skopeo("inspect", "--raw", kind + self.path(folder) + ":7")
            told = self.copy(kind + self.path(folder), "docker-archive:" + self.path("none.tar"), code=2).err
            self.assertIn("add a name: `docker-archive:FILE:NAME:7`", told)
        self.copy("--platform", "linux/amd64", self.image, "oci-archive:%s:acme/full:8" % self.path("full.tar"))
        self.copy("oci-archive:" + self.path("full.tar"), "docker-archive:" + self.path("three.tar"))
        with tarfile.open(self.path("three.tar")) as file:
            self.assertEqual(json.load(file.extractfile("manifest.json"))[0]["RepoTags"], ["acme/full:8"])

    def test_an_archive_on_stdout_is_alone_there(self):
        piped = self.run_tool("sh", "-c", '"$0" copy "$1" oci-archive:- > "$2"', self.binary_for(None), self.image,
                              self.path("piped.tar"))
        self.assertEqual(piped.out, "")
        self.skopeo("inspect", "--raw", "oci-archive:" + self.path("piped.tar"))

    def test_within_a_registry_layers_are_mounted(self):
        self.first.take()
        copied = self.copy("--json", self.image, self.first.host + "/acme/twin:1").json()
        self.assertEqual(copied["blobs"]["uploaded"], 0)
        self.assertEqual([r for r in self.first.take() if r.method == "GET" and "/blobs/" in r.path and r.received > MIB], [])
        self.assertLess(copied["bytesSent"], MIB)

    def test_attestations_come_along(self):
        layout = self.path("attested")
        self.skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", "docker://" + self.image, "oci:%s:1" % layout)
        index = self.attest(layout)
        self.copy("oci:%s:attested" % layout, self.image)
        self.copy(self.image, self.elsewhere)
        self.assertEqual(self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + self.elsewhere).out, index)
        self.assertEqual(self.blobs_of("docker://" + self.elsewhere), self.blobs_of("docker://" + self.image))

    def attest(self, layout):
        """Adds an attestation as BuildKit does to the layout's index, under the tag `attested`."""
        def put(data, media_type):
            write_files(layout, {"blobs/sha256/" + hashlib.sha256(data).hexdigest(): data})
            return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
        with open(os.path.join(layout, "index.json")) as file:
            top = json.load(file)
        with open(os.path.join(layout, "blobs/sha256", top["manifests"][0]["digest"][7:])) as file:
            index = json.load(file)
        statement = put(b'{"_type": "https://in-toto.io/Statement/v0.1"}', "application/vnd.in-toto+json")
        config = put(json.dumps({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": {
            "type": "layers", "diff_ids": [statement["digest"]]}}).encode(), "application/vnd.oci.image.config.v1+json")
        manifest = put(json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config,
                                   "layers": [statement]}).encode(), MANIFEST)
        index["manifests"].append({**manifest, "platform": {"architecture": "unknown", "os": "unknown"}, "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": index["manifests"][0]["digest"]}})
        text = json.dumps(index)
        top["manifests"].append({**put(text.encode(), INDEX),
                                 "annotations": {"org.opencontainers.image.ref.name": "attested"}})
        write_files(layout, {"index.json": json.dumps(top)})
        return text

    def test_bytes_that_are_not_their_digest_end_the_copy_and_no_tag_is_left(self):
        layout = self.path("bad")
        self.skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", "docker://" + self.image, "oci:%s:1" % layout)
        largest = max((os.path.join(layout, "blobs/sha256", n) for n in os.listdir(layout + "/blobs/sha256")),
                      key=os.path.getsize)
        with open(largest, "r+b") as file:
            file.seek(-600, os.SEEK_END)
            file.write(b"damaged")
        self.copy("oci:%s:1" % layout, self.elsewhere, code=7)
        self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + self.elsewhere, code=1)

    def test_nothing_is_copied_into_the_store(self):
        store = os.path.join(self.dir, "store")
        with open(store + "/index.json", "rb") as file:
            before = file.read()
        for target in ("oci-archive:%s/index.json", "oci:%s:x", "docker-archive:%s/new.tar:app:1"):
            told = self.mlpack("copy", self.image, target % store, "--store", store, code=2).err
            self.assertIn("is in the store `%s`" % store, told)
        with open(store + "/index.json", "rb") as file:
            self.assertEqual(file.read(), before)

    def test_what_cannot_be_is_told(self):
        self.copy(self.first.host + "/acme/none:1", self.elsewhere, code=5)
        self.copy(self.image, "app:1", code=2)
        self.copy(self.image, code=2)
