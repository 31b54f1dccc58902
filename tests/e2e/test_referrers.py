"""What refers to an image: pushed beside it, found again by foreign clients and by `doctor`, kept by all that changes lists."""

import hashlib
import json
import os
import re
import sys
import urllib.error
import urllib.request

from harness import ROOT, Case
from host_tree import make_host

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from fault_profiles import profiles  # noqa: E402
from fault_server import FaultServer  # noqa: E402

SPEC = """\
schema: 1
name: app
base: scratch
platform: linux/amd64
fleet: [L4]
files: [{source: app/, target: /app}]
run: [/app/serve]
user: "1000:1000"
"""
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TYPE = "application/vnd.nfd.image-compatibility.v1alpha1"
DOCUMENT = "application/vnd.nfd.image-compatibility.spec.v1alpha1+yaml"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def request(method, host, path, data=None, kind=MANIFEST):
    wish = urllib.request.Request("http://%s/v2/%s" % (host, path), data, method=method,
                                  headers={"Content-Type": kind, "Accept": "%s, %s" % (MANIFEST, INDEX)})
    with urllib.request.urlopen(wish, timeout=20) as reply:
        return reply.headers, reply.read()


def tag_of(digest):
    return digest.replace(":", "-")


class Referrers(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.project("project", SPEC, {"app/serve": "#!/bin/sh\n"})

    def built(self, *argv):
        return self.build(self.folder, "--no-check", "--attach", "image-compatibility", *argv)

    def listed(self, host, digest, repository="acme/app"):
        """The entries below the tag of referrers; None: there is no such tag."""
        try:
            return json.loads(request("GET", host, "%s/manifests/%s" % (repository, tag_of(digest)))[1])["manifests"]
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 404)
            return None

    def attach_by_hand(self, host, subject, words):
        """What another tool does: an artifact and its entry in the list."""
        for blob in (b"{}", words):
            where = request("POST", host, "acme/app/blobs/uploads/")[0]["Location"]
            path = where.split("/v2/", 1)[1] + ("&" if "?" in where else "?") + "digest=" + digest_of(blob)
            request("PUT", host, path, blob, "application/octet-stream")
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x",
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2},
            "layers": [{"mediaType": "text/plain", "digest": digest_of(words), "size": len(words)}],
            "subject": {"mediaType": MANIFEST, "digest": subject, "size": 1}}).encode()
        request("PUT", host, "acme/app/manifests/" + digest_of(manifest), manifest)
        return {"mediaType": MANIFEST, "digest": digest_of(manifest), "size": len(manifest), "artifactType": "application/x",
                "urls": ["https://example.com/kept"]}

    def check_artifact(self, host, entry, subject):
        """As node-feature-discovery reads it."""
        self.assertEqual((entry["artifactType"], entry["mediaType"]), (TYPE, MANIFEST))
        self.assertEqual(entry["annotations"], {"org.opencontainers.image.created": "1970-01-01T00:00:00Z"})
        data = request("GET", host, "acme/app/manifests/" + entry["digest"])[1]
        self.assertEqual((digest_of(data), len(data)), (entry["digest"], entry["size"]))
        manifest = json.loads(data)
        self.assertEqual(manifest["artifactType"], TYPE)
        self.assertEqual(manifest["subject"]["digest"], subject)
        self.assertEqual(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json")
        self.assertEqual([layer["mediaType"] for layer in manifest["layers"]], [DOCUMENT])
        document = request("GET", host, "acme/app/blobs/" + manifest["layers"][0]["digest"])[1].decode()
        self.assertTrue(document.startswith("version: v1alpha1\ncompatibilities:\n"), document)
        self.assertIn('"vendor": {op: In, value: ["10de"]}', document)
        self.assertIn("feature: kernel.loadedmodule", document)

    def test_a_registry_without_lists_gets_the_tag(self):
        registry = self.registry()
        name = registry.host + "/acme/app:1"
        built = self.built("-t", name, "--push")
        self.assertEqual(built["attached"][0]["subject"], built["digest"])
        entries = self.listed(registry.host, built["digest"])
        self.assertEqual(len(entries), 1)
        self.check_artifact(registry.host, entries[0], built["digest"])
        raw = self.skopeo("inspect", "--raw", "--tls-verify=false",
                          "docker://%s/acme/app:%s" % (registry.host, tag_of(built["digest"]))).out
        self.assertEqual(json.loads(raw)["manifests"], entries)
        # Once more changes nothing, and what another tool adds stays.
        self.mlpack("push", name)
        self.assertEqual(self.listed(registry.host, built["digest"]), entries)
        theirs = self.attach_by_hand(registry.host, built["digest"], b"words")
        list_path = "acme/app/manifests/" + tag_of(built["digest"])
        request("PUT", registry.host, list_path,
                json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [theirs]}).encode(), INDEX)
        self.mlpack("push", name)
        self.assertEqual(self.listed(registry.host, built["digest"]), [theirs] + entries)

    def test_a_registry_with_lists_is_asked_for_them(self):
        for name in ("zot", "Harbor", "distribution 3", "Google Artifact Registry"):
            with self.subTest(name):
                server = FaultServer(profiles()[name])
                self.addCleanup(server.stop)
                built = self.built("-t", server.host + "/acme/app:1", "--push")
                if server.profile.referrers != "api":
                    self.assertEqual(len(self.listed(server.host, built["digest"])), 1)
                    continue
                self.assertIsNone(self.listed(server.host, built["digest"]))
                headers, data = request("GET", server.host, "acme/app/referrers/%s?artifactType=%s" % (
                    built["digest"], TYPE.replace("/", "%2F").replace("+", "%2B")))
                self.assertEqual(headers["OCI-Filters-Applied"], "artifactType")
                entries = json.loads(data)["manifests"]
                self.assertEqual(len(entries), 1)
                self.check_artifact(server.host, entries[0], built["digest"])

    def test_a_dry_run_names_it(self):
        zot = FaultServer(profiles()["zot"])
        self.addCleanup(zot.stop)
        for host in (self.registry().host, zot.host):
            with self.subTest(host):
                name = host + "/acme/app:1"
                digest = self.built("-t", name)["digest"]
                planned = self.push("--dry-run", "--explain", name)
                self.assertEqual(len(planned["attached"]), 1)
                artifact = planned["attached"][0]
                self.assertEqual((artifact["artifactType"], artifact["subject"], artifact["listed"]), (TYPE, digest, False))
                self.assertEqual(artifact["ref"], "%s/acme/app@%s" % (host, artifact["digest"]))
                self.assertEqual(artifact["blobs"], {"uploaded": 2, "mounted": 0, "present": 0})
                self.assertIn(DOCUMENT, [blob["mediaType"] for blob in artifact["plan"]])
                self.assertEqual(artifact["bytesToSend"], sum(blob["size"] for blob in artifact["plan"]))
                shown = self.mlpack("push", "--dry-run", "--explain", name).out
                self.assertIn("%s (%s), which refers to %s\n  upload" % (artifact["ref"], TYPE, digest), shown)
                self.assertRegex(shown, r"(?m)^  upload +\S+ \S+ +%s +\w+ +the repository lacks it.* read from the store$"
                                 % re.escape(DOCUMENT))
                self.assertTrue(shown.endswith("; it is not listed there so far\n"), shown)
                told = self.mlpack("push", "--explain", name).err
                self.assertIn("%s (%s), which refers to %s\n  upload" % (artifact["ref"], TYPE, digest), told)
                artifact = self.push("--dry-run", name)["attached"][0]
                self.assertEqual((artifact["listed"], artifact["bytesToSend"]), (True, 0))
                self.assertEqual(artifact["blobs"], {"uploaded": 0, "mounted": 0, "present": 2})
        other = self.registry().host + "/acme/app:1"
        both = self.push("--dry-run", name, name, other)["pushes"]
        self.assertEqual([one["attached"][0]["listed"] for one in both], [True, False])
        plain = self.project("plain", SPEC.replace("fleet: [L4]\n", ""), {"app/serve": "#!/bin/sh\n"})
        self.build(plain, "-t", other)
        self.assertEqual(self.push("--dry-run", other)["attached"], [])

    def test_each_platform_has_its_own(self):
        registry = self.registry()
        built = self.built("-t", registry.host + "/acme/app:1", "--push", "--platform", "linux/amd64", "--platform",
                           "linux/arm64")
        self.assertEqual(len(built["attached"]), 2)
        for image in built["images"]:
            self.check_artifact(registry.host, self.listed(registry.host, image["digest"])[0], image["digest"])
        self.assertIsNone(self.listed(registry.host, built["digest"]))

    def test_a_layout_holds_it_and_gives_it_on(self):
        layout = self.path("layout")
        built = self.built("-t", "app:1", "-o", "oci:" + layout)
        names = [entry["annotations"]["org.opencontainers.image.ref.name"]
                 for entry in json.load(open(os.path.join(layout, "index.json")))["manifests"]]
        self.assertEqual(names, ["1", tag_of(built["digest"])])
        self.skopeo("inspect", "oci:%s:1" % layout)
        self.assertEqual(self.mlpack("inspect", "oci:" + layout, "--json").json()["digest"], built["digest"])
        registry = self.registry()
        self.env["MLPACK_STORE"] = self.path("other-store")
        self.mlpack("push", "oci:" + layout, registry.host + "/acme/app:1")
        self.check_artifact(registry.host, self.listed(registry.host, built["digest"])[0], built["digest"])

    def test_copy_takes_it_along_when_it_is_asked_to(self):
        first, second = self.registry(), FaultServer(profiles()["zot"])
        self.addCleanup(second.stop)
        name = first.host + "/acme/app:1"
        digest = self.built("-t", name, "--push")["digest"]
        theirs = self.attach_by_hand(first.host, digest, b"words")
        ours = self.listed(first.host, digest)[0]
        about_ours = self.attach_by_hand(first.host, ours["digest"], b"more words")
        for subject, entries in ((digest, [ours, theirs]), (ours["digest"], [about_ours])):
            request("PUT", first.host, "acme/app/manifests/" + tag_of(subject),
                    json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode(), INDEX)
        self.mlpack("copy", name, second.host + "/acme/app:1")
        there = second.repositories["acme/app"].manifests
        self.assertNotIn(ours["digest"], there)
        self.mlpack("copy", "--referrers", name, second.host + "/acme/app:1")
        for entry in (ours, theirs, about_ours):
            self.assertIn(entry["digest"], there)
        layout = self.path("layout")
        self.mlpack("copy", "--referrers", second.host + "/acme/app:1", "oci:" + layout)
        third = self.registry()
        self.mlpack("copy", "--referrers", "oci:" + layout, third.host + "/acme/app:1")
        self.assertEqual({entry["digest"] for entry in self.listed(third.host, digest)}, {ours["digest"], theirs["digest"]})
        self.assertEqual([entry["digest"] for entry in self.listed(third.host, ours["digest"])], [about_ours["digest"]])
        refused = self.mlpack("copy", "--referrers", name, "oci-archive:" + self.path("file"), code=2)
        self.assertIn("an archive holds one image", refused.err)

    def test_a_pull_takes_it_along_when_it_is_asked_to(self):
        zot = FaultServer(profiles()["zot"])
        self.addCleanup(zot.stop)
        first, last = self.registry(), self.registry()
        name = first.host + "/acme/app:1"
        digest = self.built("-t", name, "--push")["digest"]
        ours = self.listed(first.host, digest)[0]
        about_ours = self.attach_by_hand(first.host, ours["digest"], b"more words")
        request("PUT", first.host, "acme/app/manifests/" + tag_of(ours["digest"]),
                json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [about_ours]}).encode(), INDEX)
        wanted = [(ours["digest"], digest), (about_ours["digest"], ours["digest"])]
        self.mlpack("copy", "--referrers", name, zot.host + "/acme/app:1")
        for source in (name, zot.host + "/acme/app:1"):
            with self.subTest(source):
                self.env["MLPACK_STORE"] = self.path("store-" + os.urandom(4).hex())
                self.assertNotIn("referrers", self.mlpack("pull", "--json", source).json())
                self.assertEqual(self.push("--dry-run", source)["attached"], [])
                pulled = self.mlpack("pull", "--json", "--referrers", source).json()
                self.assertEqual([(one["digest"], one["subject"]) for one in pulled["referrers"]], wanted)
                self.assertEqual(pulled["referrers"][0]["artifactType"], TYPE)
                self.assertEqual(self.mlpack("pull", "--json", "--referrers", source).json()["referrers"], pulled["referrers"])
                self.verify_store()
                self.mlpack("store", "gc")
                self.assertEqual([image["name"] for image in self.mlpack("store", "ls", "--json").json()["images"]], [source])
                target = "%s/%s/app:1" % (last.host, os.urandom(4).hex())
                self.mlpack("push", source, target)
                repository = target[len(last.host) + 1:-2]
                self.assertEqual([one["digest"] for one in self.listed(last.host, digest, repository)], [ours["digest"]])
                self.assertEqual([one["digest"] for one in self.listed(last.host, ours["digest"], repository)],
                                 [about_ours["digest"]])
                self.mlpack("store", "rm", source)
                self.mlpack("store", "gc")
                self.assertEqual(os.listdir(os.path.join(self.env["MLPACK_STORE"], "blobs/sha256")), [])

    def test_what_lies_under_the_tag_of_a_list_is_looked_at(self):
        layout, other = self.path("layout"), self.path("other")
        digest = self.build(self.folder, "--no-check", "-t", "app:1", "-o", "oci:" + layout)["digest"]
        self.skopeo("copy", "oci:%s:1" % layout, "oci:%s:%s" % (layout, tag_of(digest)))
        copied = self.mlpack("copy", "--referrers", "oci:%s:1" % layout, "oci:%s:1" % other)
        self.assertIn("is listed as referring to `%s`, but does not; it is left out" % digest, copied.err)
        with open(os.path.join(other, "index.json")) as file:
            names = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in json.load(file)["manifests"]]
        self.assertEqual(names, ["1"])
        refused = self.mlpack("build", self.folder, "-t", "app:" + tag_of(digest), code=2)
        self.assertIn("cannot be the name of an image", refused.err)

    def test_a_push_is_told_though_what_refers_to_it_was_refused(self):
        proxy = self.proxy(self.registry())
        name = proxy.host + "/acme/app:1"
        digest = self.built("-t", name)["digest"]
        proxy.faults = {"PUT manifests/sha256-": [403] * 20}
        pushed = self.mlpack("push", name, code=4)
        self.assertIn(digest, pushed.out)
        self.assertIn("`%s` is pushed, but what refers to it is not: " % name, pushed.err)

    def test_doctor_reads_it_wherever_the_image_is(self):
        registry = self.registry()
        name = registry.host + "/acme/app:1"
        self.built("-t", name, "--push", "-o", "oci:" + self.path("layout"))
        nodes = {"kind": "List", "items": [{"metadata": {"name": "a", "labels": {"kubernetes.io/arch": "amd64"}}, "status": {
            "conditions": [{"type": "Ready", "status": "True"}]}}]}
        with open(self.path("nodes.json"), "w") as file:
            json.dump(nodes, file)
        for image in (name, "oci:" + self.path("layout"), None):
            with self.subTest(image):
                if image is None:
                    image, self.env["MLPACK_STORE"] = name, self.path("empty")
                for host, wanted in (("l4", set()), ("no-gpu", {"image-rule-unmet"})):
                    result = self.mlpack("doctor", "--json", "--root", make_host(host, self.path(os.urandom(4).hex())), image,
                                         code=None).json()
                    found = {finding["id"] for finding in result["findings"] if finding["id"].startswith("image-rule")}
                    self.assertEqual(found, wanted, result["findings"])
                result = self.mlpack("doctor", "--json", "--nodes", self.path("nodes.json"), image, code=None).json()
                self.assertIn("image-rule-unknown", {finding["id"] for finding in result["findings"]})

    def test_the_newest_counts_and_what_cannot_be_read_is_told(self):
        registry = self.registry()
        name = registry.host + "/acme/app:1"
        digest = self.built("-t", name, "--push")["digest"]
        self.env["MLPACK_STORE"] = self.path("empty")
        ours = self.listed(registry.host, digest)[0]
        bad = self.attach_by_hand(registry.host, digest, b"version: v9\n")
        manifest = json.loads(request("GET", registry.host, "acme/app/manifests/" + bad["digest"])[1])
        manifest.update(artifactType=TYPE, annotations={"org.opencontainers.image.created": "2020-01-01T00:00:00Z"})
        data = json.dumps(manifest).encode()
        request("PUT", registry.host, "acme/app/manifests/" + digest_of(data), data)
        newer = {"mediaType": MANIFEST, "digest": digest_of(data), "size": len(data), "artifactType": TYPE,
                 "annotations": manifest["annotations"]}
        request("PUT", registry.host, "acme/app/manifests/" + tag_of(digest),
                json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [newer, ours]}).encode(), INDEX)
        result = self.mlpack("doctor", "--root", make_host("no-gpu", self.path("host")), name, code=None)
        self.assertIn("is of version `v9`, not `v1alpha1`", result.err)
        self.assertNotIn("image-rule", result.out)

    def test_the_store_shows_images_alone_and_forgets_what_is_about_none(self):
        first = self.built("-t", "app:1")
        self.assertEqual([image["name"] for image in self.mlpack("store", "ls", "--json").json()["images"]], ["app:1"])
        with open(os.path.join(self.folder, "app/serve"), "a") as file:
            file.write("exit 1\n")
        second = self.built("-t", "app:1")
        self.mlpack("store", "gc")
        self.verify_store()
        with open(self.path("store", "index.json")) as file:
            names = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in json.load(file)["manifests"]]
        self.assertEqual(sorted(names), ["app:1", "app:" + tag_of(second["digest"])])
        self.assertFalse(os.path.exists(self.path("store/blobs/sha256", first["attached"][0]["digest"][7:])))

    def test_what_is_not_known_to_be_needed_is_not_attached(self):
        folder = self.project("plain", SPEC.replace("fleet: [L4]\n", ""), {"app/serve": "#!/bin/sh\n"})
        result = self.mlpack("build", folder, "--attach", "image-compatibility")
        self.assertIn("nothing is known that a node must have", result.err)
        self.assertIn("knows no `sbom`", self.mlpack("build", folder, "--attach", "sbom", code=2).err)
