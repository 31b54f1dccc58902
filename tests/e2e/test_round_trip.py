"""What goes into an image comes out of it, byte for byte and mode for mode, through each way out of mlpack."""

import hashlib
import json
import os
import stat

from harness import Case, MLPACK, is_root, make_base, random_bytes, start

SPEC = """\
schema: 1
name: whole
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files:
  - {source: app/, target: /app}
  - {source: key.txt, target: /etc/key.txt, mode: "0640", owner: "12:34"}
writable: [/data]
run: [/app/run, "two words"]
env: {GREETING: "hello world", COUNT: 3}
labels: {team: search}
port: {http: 8000, grpc: 8001}
workdir: /app
user: "1234:1234"
layers: {compression: %s}
"""
FILES = {"app/run": "#!/bin/sh\n", "app/empty": "", "app/ünï/ćode.txt": "x\n", "app/" + "long" * 30 + "/" + "name" * 40: "y\n",
         "app/big.bin": random_bytes(300_000), "weights/model.bin": random_bytes(200_000, seed=5), "key.txt": "secret\n"}


class RoundTrip(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.write("gzip")

    def write(self, compression):
        folder = self.project("project", SPEC % compression, FILES)
        os.chmod(os.path.join(folder, "app", "run"), 0o755)
        os.makedirs(os.path.join(folder, "app", "hollow"), exist_ok=True)
        if not os.path.lexists(os.path.join(folder, "app", "link")):
            os.symlink("big.bin", os.path.join(folder, "app", "link"))
        return folder

    def unpack(self, layout):
        rootless = [] if is_root() else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", layout + ":1", self.path("bundle"))
        return self.path("bundle", "rootfs")

    def same_tree(self, root):
        for name, content in FILES.items():
            target = {"key.txt": "etc/key.txt"}.get(name, name.replace("weights/", "models/base/"))
            with open(os.path.join(root, target), "rb") as file:
                self.assertEqual(file.read(), content.encode() if isinstance(content, str) else content, name)
        self.assertEqual(os.readlink(os.path.join(root, "app", "link")), "big.bin")
        self.assertEqual(os.listdir(os.path.join(root, "app", "hollow")), [])
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(root, "app", "run")).st_mode), 0o755)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(root, "app", "empty")).st_mode), 0o644)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(root, "data")).st_mode), 0o2775)
        if is_root():
            key = os.stat(os.path.join(root, "etc", "key.txt"))
            self.assertEqual((key.st_uid, key.st_gid, stat.S_IMODE(key.st_mode)), (12, 34, 0o640))
            self.assertEqual(os.stat(os.path.join(root, "app", "run")).st_uid, 0)

    def test_through_a_layout(self):
        self.mlpack("build", self.folder, "-o", "oci:%s:1" % self.path("layout"))
        self.same_tree(self.unpack(self.path("layout")))

    def test_through_an_archive(self):
        self.mlpack("build", self.folder, "-o", "oci-archive:" + self.path("image.tar"))
        self.skopeo("copy", "--quiet", "oci-archive:" + self.path("image.tar"), "oci:%s:1" % self.path("layout"))
        self.same_tree(self.unpack(self.path("layout")))

    def test_through_a_docker_archive_on_standard_output(self):
        with open(self.path("image.tar"), "wb") as out, open(self.path("err"), "w") as err:
            build = start([MLPACK, "build", self.folder, "-t", "whole:1", "-o", "docker-archive:-"], out, err, env=self.env)
            self.assertEqual(build.wait(60), 0)
        self.skopeo("copy", "--quiet", "docker-archive:" + self.path("image.tar"), "oci:%s:1" % self.path("layout"))
        self.same_tree(self.unpack(self.path("layout")))

    def test_through_a_registry_with_zstd_layers(self):
        host = self.registry().host
        self.build(self.write("zstd"), "-t", host + "/acme/whole:1", "--push")
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "--dest-decompress", "docker://%s/acme/whole:1" % host,
                    "dir:" + self.path("dir"))
        self.skopeo("copy", "--quiet", "dir:" + self.path("dir"), "oci:%s:1" % self.path("layout"))
        self.same_tree(self.unpack(self.path("layout")))

    def test_mlpack_pulls_what_it_pushed(self):
        host = self.registry().host
        image = host + "/acme/whole:1"
        pushed = self.build(self.folder, "-t", image, "--push")
        empty = {"MLPACK_STORE": self.path("another")}
        self.mlpack("pull", image, env=empty)
        found = self.mlpack("inspect", image, "--json", env=empty).json()
        self.assertEqual(found["digest"], pushed["digest"])
        self.mlpack("store", "verify", env=empty)

    def test_an_index_with_attestations_is_carried_whole(self):
        host = self.registry().host
        index = self.attested(host)
        self.mlpack("pull", host + "/acme/whole:attested")
        self.mlpack("store", "verify")
        layout = "oci:%s:1" % self.path("copy")
        copy = host + "/acme/copy:1"
        self.assertEqual(self.push(host + "/acme/whole:attested", copy)["digest"], index)
        self.skopeo("copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false", "docker://" + copy, layout)
        self.assertEqual(self.push(layout, host + "/acme/again:1")["digest"], index)
        raw = self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://%s/acme/again:1" % host).json()
        kinds = [entry.get("annotations", {}).get("vnd.docker.reference.type") for entry in raw["manifests"]]
        self.assertEqual(kinds, [None, "attestation-manifest"])

    def attested(self, host):
        """Puts an image into a registry with a BuildKit attestation beside it in an index; gives the index's digest."""
        layout = self.path("attested")
        self.mlpack("build", self.folder, "-o", "oci:%s:1" % layout)
        with open(os.path.join(layout, "index.json")) as file:
            image = json.load(file)["manifests"][0]

        def blob(media_type, content):
            digest = hashlib.sha256(content).hexdigest()
            with open(os.path.join(layout, "blobs", "sha256", digest), "wb") as file:
                file.write(content)
            return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}

        def document(media_type, **fields):
            return blob(media_type, json.dumps({"schemaVersion": 2, "mediaType": media_type, **fields}).encode())

        oci = "application/vnd.oci.image."
        statement = blob("application/vnd.in-toto+json", b'{"_type":"https://in-toto.io/Statement/v0.1"}')
        statement["annotations"] = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
        config = blob(oci + "config.v1+json", json.dumps(
            {"architecture": "unknown", "os": "unknown", "config": {},
             "rootfs": {"type": "layers", "diff_ids": [statement["digest"]]}}).encode())
        attestation = document(oci + "manifest.v1+json", config=config, layers=[statement])
        attestation.update(platform={"architecture": "unknown", "os": "unknown"}, annotations={
            "vnd.docker.reference.digest": image["digest"], "vnd.docker.reference.type": "attestation-manifest"})
        image = {name: image[name] for name in ("mediaType", "digest", "size")}
        image["platform"] = {"architecture": "amd64", "os": "linux"}
        index = document(oci + "index.v1+json", manifests=[image, attestation])
        with open(os.path.join(layout, "index.json"), "w") as file:
            json.dump({"schemaVersion": 2, "manifests": [
                {**index, "annotations": {"org.opencontainers.image.ref.name": "1"}}]}, file)
        self.skopeo("copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:%s:1" % layout,
                    "docker://%s/acme/whole:attested" % host)
        return index["digest"]

    def test_mlpack_pulls_what_others_pushed(self):
        image = make_base(self, self.registry(), "other/base", 1 << 20)
        self.mlpack("pull", image)
        files = self.mlpack("inspect", image, "--files").out
        self.assertIn("usr/lib/data.bin", files)
        self.mlpack("store", "verify")

    def test_folders_of_a_base_keep_their_owner_and_mode(self):
        head = "schema: 1\nname: %s\nplatform: linux/amd64\nlayers: {compression: gzip}\nuser: '65532:65532'\n"
        base = self.project("base", head % "base" + "base: scratch\n", {})
        self.mlpack("build", base, "-o", "oci:%s:1" % self.path("base-layout"))
        on = self.project("on", head % "on" + "base: oci:../base-layout:1\nwritable: [/home/nonroot/c]\n"
                          "files: [{source: app/, target: /home/nonroot}]\n", {"app/run": "x\n"})
        self.mlpack("build", on, "-o", "oci:%s:1" % self.path("layout"))
        root = self.unpack(self.path("layout"))
        self.assertTrue(os.path.isfile(os.path.join(root, "home/nonroot/run")))
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(root, "home/nonroot/c")).st_mode), 0o2775)
        if is_root():
            self.assertEqual(os.stat(os.path.join(root, "home/nonroot")).st_uid, 65532)

    def test_the_config_says_what_the_spec_says(self):
        self.mlpack("build", self.folder, "-o", "oci:%s:1" % self.path("layout"), "--label", "build=7")
        config = self.skopeo("inspect", "--config", "oci:%s:1" % self.path("layout")).json()["config"]
        self.assertEqual(config["Cmd"], ["/app/run", "two words"])
        self.assertEqual(config["User"], "1234:1234")
        self.assertEqual(config["WorkingDir"], "/app")
        self.assertEqual(config["ExposedPorts"], {"8000/tcp": {}, "8001/tcp": {}})
        self.assertEqual(config["Labels"]["team"], "search")
        self.assertEqual(config["Labels"]["build"], "7")
        for value in ("GREETING=hello world", "COUNT=3"):
            self.assertIn(value, config["Env"])

    def test_two_images_that_differ_in_a_file_are_told_apart(self):
        self.build(self.folder, "-t", "whole:1")
        self.assertEqual(self.mlpack("diff", "whole:1", "whole:1").code, 0)
        with open(os.path.join(self.folder, "app", "new.txt"), "w") as file:
            file.write("new\n")
        self.build(self.folder, "-t", "whole:2")
        self.assertIn("app/new.txt", self.mlpack("diff", "whole:1", "whole:2").out)
